"""I2, I7, I8, I9, I11, I13 of orders, and that stock and payments agree with them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any

from rialto.inventory.api import Allocation, Inventory, OfOrder
from rialto.kernel.audit import Audit, Finding, findings
from rialto.kernel.db import ReadSession
from rialto.kernel.ids import CART, ORDER, to_uuid
from rialto.kernel.service import Env
from rialto.orders.answers import Answered
from rialto.orders.model import OrderState, fold
from rialto.orders.store import TYPES
from rialto.payments.api import OfPaidOrder, Payments

PAGE = 200
STABLE_WITHIN = timedelta(minutes=15)
# A checkout may wait for its customer this long before anything is late.
CHECKOUT_TIME = timedelta(minutes=15)
LISTED_WITHIN = timedelta(minutes=1)

_STUCK = """
SELECT o.id AS subject, o.status, o.started_at FROM orders AS o JOIN saga AS s ON s.bucket = o.bucket AND s.order_id = o.id
WHERE s.due_at < $1 OR (o.status = 'pending' AND o.started_at < $2)
"""
_FORGOTTEN = """
SELECT o.id AS subject, o.status FROM orders AS o LEFT JOIN saga AS s ON s.bucket = o.bucket AND s.order_id = o.id
WHERE o.status = 'pending' AND s.order_id IS NULL
"""
_ORPHANED_KEYS = """
SELECT i.key AS subject, i.order_id FROM idempotency AS i LEFT JOIN orders AS o ON o.bucket = i.bucket AND o.id = i.order_id
WHERE o.id IS NULL
"""
_TWO_ORDERS_OF_A_CART = """
SELECT cart_id AS subject, count(*) AS orders FROM orders WHERE status IN ('placed', 'completed')
GROUP BY bucket, cart_id HAVING count(*) > 1
"""
# A row of a list in another bucket is written by a reaction: what has just happened may still be on its way.
_UNLISTED = """
SELECT o.id AS subject, o.version, x.version AS listed FROM orders AS o
LEFT JOIN order_index AS x ON x.account_id = o.account_id AND x.order_id = o.id
    AND x.bucket = (get_byte(uuid_send(o.account_id), 6) & 15) * 256 + get_byte(uuid_send(o.account_id), 7)
WHERE o.account_id IS NOT NULL AND o.placed_at IS NOT NULL
  AND (x.version, x.status, x.payment_status, x.fulfilment_status, x.placed_at, x.number, x.total, x.currency)
      IS DISTINCT FROM (o.version, o.status, o.payment_status, o.fulfilment_status, o.placed_at, o.number, o.total, o.currency)
  AND NOT EXISTS (SELECT 1 FROM events AS e WHERE e.bucket = o.bucket AND e.stream = o.id AND e.at > $1)
"""
_LISTED_WRONGLY = """
SELECT x.order_id AS subject, x.account_id, o.account_id AS owner FROM order_index AS x
LEFT JOIN orders AS o ON o.id = x.order_id
    AND o.bucket = (get_byte(uuid_send(x.order_id), 6) & 15) * 256 + get_byte(uuid_send(x.order_id), 7)
WHERE o.account_id IS DISTINCT FROM x.account_id
"""
_ORDERS = """
SELECT o.bucket, o.id, o.account_id, o.version, o.status, o.payment_status, o.fulfilment_status, o.total, o.currency, o.placed_at,
       i.answer::text AS answer
FROM orders AS o LEFT JOIN idempotency AS i ON i.bucket = o.bucket AND i.order_id = o.id
WHERE (o.bucket, o.id) > ($1, $2) ORDER BY o.bucket, o.id LIMIT $3
"""
_EVENTS = """
SELECT stream, version, type, schema_version, body::text AS body FROM events
WHERE bucket = ANY ($1::smallint[]) AND stream = ANY ($2::uuid[]) ORDER BY stream, version
"""


async def orders_come_to_rest(e: Env) -> list[Finding]:
    """I8: nothing is still on its way long after its time; nothing on its way was forgotten by the worker."""
    now = e.clock.now()
    late, old = now - STABLE_WITHIN, now - STABLE_WITHIN - CHECKOUT_TIME
    async with e.db.read() as session:
        return [
            *await findings(
                session, "I8", _STUCK, late, old, text="is {status} since {started_at}", kind=ORDER
            ),
            *await findings(
                session, "I8", _FORGOTTEN, text="is {status}, but nobody works on it", kind=ORDER
            ),
        ]


async def keys_have_one_order(e: Env) -> list[Finding]:
    """I9: each stored key leads to an order, and no cart became two orders."""
    async with e.db.read() as session:
        return [
            *await findings(
                session, "I9", _ORPHANED_KEYS, text="names order {order_id}, which does not exist"
            ),
            *await findings(session, "I9", _TWO_ORDERS_OF_A_CART, text="became {orders} orders", kind=CART),
        ]


async def orders_are_their_events(e: Env) -> list[Finding]:
    """I2, I7, I11, I13: rows are what the events fold to, acknowledged orders are placed, steps happened once,
    totals are their parts.
    """
    found: list[Finding] = []
    async with e.db.read() as session:
        async for page in _pages(session):
            for row, state in await _with_states(session, page, found):
                found += [*_compare(row, state), *_repeated(state)]
    return found


async def lists_are_their_orders(e: Env) -> list[Finding]:
    """I13: what an account's list shows is what the orders are, and each order is in the list of whose it is."""
    settled_since = e.clock.now() - LISTED_WITHIN
    async with e.db.read() as session:
        return [
            *await findings(
                session,
                "I13",
                _UNLISTED,
                settled_since,
                text="is at version {version}, in its list at {listed}",
                kind=ORDER,
            ),
            *await findings(
                session,
                "I13",
                _LISTED_WRONGLY,
                text="is in the list of {account_id}, it belongs to {owner}",
                kind=ORDER,
            ),
        ]


async def stock_and_payments_agree(e: Env) -> list[Finding]:
    """I1, I3, I6: a placed order has its stock used up and its total authorised; a closed one holds neither; what came
    back is in stock."""
    found: list[Finding] = []
    async with e.db.read() as session:
        async for page in _pages(session):
            for _, state in await _with_states(session, page, []):
                if state.at_rest and state.status != "needs_attention":
                    found += await _check_peers(e, state)
    return found


async def _check_peers(e: Env, state: OrderState) -> list[Finding]:
    order_id = state.started.order_id
    reservation = await e[Inventory].reservation(OfOrder(order_id=order_id))
    payments = (await e[Payments].of_order(OfPaidOrder(order_id=order_id))).items
    held = "none" if reservation is None else reservation.state
    live = sum(p.amount.amount for p in payments if p.status in {"authorised", "captured", "refunded"})
    kept = sum(p.captured.amount - p.refunded.amount for p in payments)
    found = []
    if state.imported is not None:
        if held != "none" or payments:
            text = f"was taken in from elsewhere, but its stock is {held} and it has {len(payments)} payments here"
            found.append(Finding(invariant="I3", subject=order_id, text=text))
        return found
    if state.status == "cancelled":
        if held in {"held", "consumed"}:
            found.append(Finding(invariant="I6", subject=order_id, text=f"is cancelled, its stock is {held}"))
        if kept or any(p.status == "authorised" for p in payments):
            found.append(
                Finding(invariant="I3", subject=order_id, text="is cancelled, but money is held or kept")
            )
        return found
    if held != "consumed":
        found.append(
            Finding(invariant="I6", subject=order_id, text=f"is {state.status}, its stock is {held}")
        )
    if state.shipments:
        found += _compare_shelves(state, (await e[Inventory].taken_back(OfOrder(order_id=order_id))).items)
    if live != state.total.amount:
        text = f"costs {state.total.amount} {state.total.currency}, authorised is {live}"
        found.append(Finding(invariant="I3", subject=order_id, text=text))
    if kept != state.captured_amount() - state.refunded_amount():
        found.append(
            Finding(invariant="I3", subject=order_id, text=f"was told of other captures than {kept}")
        )
    return found


def _compare_shelves(state: OrderState, taken: Sequence[Allocation]) -> list[Finding]:
    """I1: what came back and can be sold again is what stock has taken back of this order."""
    skus = {line.id: line.sku for line in state.started.lines}
    told: dict[tuple[str, str], int] = {}
    for event in state.received:
        for line, units in event.fit.items():
            shelf = (skus.get(line, line), event.warehouse)
            told[shelf] = told.get(shelf, 0) + units
    kept = {(part.sku, part.warehouse): part.quantity for part in taken}
    return [
        Finding(
            invariant="I1",
            subject=state.started.order_id,
            text=f"brought back {told.get((sku, place), 0)} of {sku} to {place}, stock took {kept.get((sku, place), 0)}",
        )
        for sku, place in sorted(told.keys() | kept.keys())
        if told.get((sku, place)) != kept.get((sku, place))
    ]


async def _pages(session: ReadSession) -> AsyncIterator[Sequence[Any]]:
    last: tuple[int, Any] = (-1, "00000000-0000-0000-0000-000000000000")
    while page := await session.all(_ORDERS, last[0], last[1], PAGE):
        yield page
        last = (page[-1]["bucket"], page[-1]["id"])


async def _with_states(
    session: ReadSession, page: Sequence[Any], found: list[Finding]
) -> list[tuple[Any, OrderState]]:
    rows = await session.all(_EVENTS, list({row["bucket"] for row in page}), [row["id"] for row in page])
    streams = {stream: list(events) for stream, events in groupby(rows, key=lambda row: row["stream"])}
    states = []
    for row in page:
        events = streams.get(row["id"], [])
        if [event["version"] for event in events] != list(range(1, len(events) + 1)) or not events:
            found.append(Finding(invariant="I13", subject=ORDER.of(row["id"]), text="its events have a gap"))
            continue
        state = fold(TYPES.decode(event["type"], event["schema_version"], event["body"]) for event in events)
        states.append((row, state))
    return states


def _compare(row: Any, state: OrderState) -> list[Finding]:
    subject, start = ORDER.of(row["id"]), state.started
    found = []
    stored = (
        row["version"],
        row["status"],
        row["payment_status"],
        row["fulfilment_status"],
        row["placed_at"],
    )
    told = (state.version, state.status, state.payment_status(), state.fulfilment_status(), state.placed_at)
    if stored != told or (row["total"], row["currency"]) != (start.total.amount, start.currency):
        found.append(
            Finding(invariant="I13", subject=subject, text=f"is stored as {stored}, its events say {told}")
        )
    owner = to_uuid(state.account_id) if state.account_id else None
    if row["account_id"] != owner:
        text = f"belongs to {row['account_id']}, its events say {owner}"
        found.append(Finding(invariant="I13", subject=subject, text=text))
    if row["answer"] is not None:
        answer = Answered.read(row["answer"].encode())
        if answer.outcome == "placed" and (state.placed_at is None or answer.version > state.version):
            found.append(Finding(invariant="I2", subject=subject, text="was acknowledged, but is not placed"))
    parts = start.items.amount - start.discount.amount + start.delivery.amount
    parts += 0 if start.tax_included else start.tax.amount
    lines = sum(line.total.amount for line in start.lines)
    # Nobody was asked for money for an order from elsewhere.
    tenders = parts if state.imported is not None else sum(tender.amount.amount for tender in start.tenders)
    if not (parts == start.total.amount == tenders and lines == start.items.amount):
        text = (
            f"costs {start.total.amount} {start.currency};"
            f" its parts sum to {parts}, its lines to {lines}, its payments to {tenders}"
        )
        found.append(Finding(invariant="I11", subject=subject, text=text))
    return found


def _repeated(state: OrderState) -> list[Finding]:
    """I7: each shipment, capture and refund is of a step of its own, and nothing was shipped that was not bought."""
    steps = {
        "shipment": [event.step for event in state.shipments],
        "capture": [event.step for event in state.captured],
        "decided refund": [event.step for event in state.refunds],
        "refund": [event.step for event in state.refunded],
        "return": [event.step for event in state.returns],
        "receipt": [event.step for event in state.received],
        "restocking": [event.step for event in state.restocked],
    }
    found = [
        f"has two {what}s of the step {step}"
        for what, told in steps.items()
        for step in sorted(set(told))
        if told.count(step) > 1
    ]
    bought = {line.id: line.quantity for line in state.started.lines}
    for line, quantity in state.shipped().items():
        if quantity > bought.get(line, 0):
            found.append(f"shipped {quantity} of line {line}, sold are {bought.get(line, 0)}")
    for what, units in (
        ("paid back", state.given_back()),
        ("announced back", state.coming_back()),
        ("received back", state.came_back()),
    ):
        found += [
            f"{what} {quantity} of line {line}, shipped are {state.shipped().get(line, 0)}"
            for line, quantity in units.items()
            if quantity > state.shipped().get(line, 0)
        ]
    return [Finding(invariant="I7", subject=state.started.order_id, text=text) for text in found]


AUDITS: tuple[Audit, ...] = (
    orders_come_to_rest,
    keys_have_one_order,
    orders_are_their_events,
    lists_are_their_orders,
    stock_and_payments_agree,
)
