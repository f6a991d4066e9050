"""What must hold at the end of every history, from three sides: the shop's own audit, its tables, the provider's books."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from rialto.app import App
from rialto.kernel.ids import ORDER, PAYMENT
from tests.simulation.world import World
from tests.support.goods import GOODS
from tests.support.provider import Held, provider_books

FINAL = frozenset({"placed", "completed", "cancelled"})

_ORDERS = "SELECT id, status, payment_status, total, placed_at FROM orders.orders ORDER BY started_at, id"
_PAYMENTS = "SELECT id, order_id, status, amount, captured, refunded FROM payments.payments"
_MAILS = "SELECT cause, template, state FROM notifications.mails"
_STOCK = "SELECT sku, sum(on_hand)::int AS on_hand, sum(reserved)::int AS reserved FROM inventory.stock GROUP BY sku"
_SOLD = """
SELECT a.sku, sum(a.quantity)::int AS sold FROM inventory.allocations AS a JOIN inventory.reservations AS r USING (order_id)
WHERE r.state = 'consumed' GROUP BY a.sku
"""
_BACK = "SELECT sku, sum(on_hand)::int AS back FROM inventory.movements WHERE kind = 'return' GROUP BY sku"
_ORDERED = """
SELECT line ->> 'sku' AS sku, sum((line ->> 'quantity')::int)::int AS ordered
FROM orders.orders AS o JOIN orders.events AS e ON e.bucket = o.bucket AND e.stream = o.id AND e.type = 'orders.started',
    jsonb_array_elements(e.body -> 'lines') AS line
WHERE o.status IN ('placed', 'completed') GROUP BY line ->> 'sku'
"""
_LEFT_OVER = """
SELECT 'outbox of orders' AS what, count(*) AS count FROM orders.outbox
UNION ALL SELECT 'outbox of payments', count(*) FROM payments.outbox
UNION ALL SELECT 'outbox of inventory', count(*) FROM inventory.outbox
UNION ALL SELECT 'saga', count(*) FROM orders.saga
UNION ALL SELECT 'dead letters of notifications', count(*) FROM notifications.dead_letters
UNION ALL SELECT 'dead letters of orders', count(*) FROM orders.dead_letters
UNION ALL SELECT 'dead letters of payments', count(*) FROM payments.dead_letters
UNION ALL SELECT 'dead letters of cart', count(*) FROM cart.dead_letters
UNION ALL SELECT 'running keys', count(*) FROM orders.idempotency WHERE state = 'running'
UNION ALL SELECT 'open provider intents known as unsettled', count(*) FROM payments.payments
    WHERE status IN ('started', 'action_required', 'voiding')
"""


async def is_quiet(world: World) -> bool:
    rows = await world.sql(_LEFT_OVER)
    return not any(row["count"] for row in rows) and not world.sandbox.outbox.waiting()


async def check_everything(world: World) -> None:
    async def audit(app: App) -> Any:
        return await app.audit()

    for finding in await world.insist(audit):
        world.find(finding.invariant, f"{finding.subject} {finding.text}")
    for row in await world.sql(_LEFT_OVER):
        if row["count"]:
            world.find("I8", f"{row['count']} left in {row['what']}")
    orders = await world.sql(_ORDERS)
    _check_acknowledged(world, orders)
    await _check_money(world, orders)
    await _check_mails(world, orders)
    await _check_stock(world)


def _check_acknowledged(world: World, orders: Sequence[Any]) -> None:
    known = {ORDER.of(row["id"]): row for row in orders}
    for row in orders:
        if row["status"] not in FINAL:
            world.find("I8", f"{ORDER.of(row['id'])} rests as {row['status']}")
    for order_id, key in world.placed.items():
        if order_id not in known or known[order_id]["placed_at"] is None:
            world.find("I2", f"{order_id} was acknowledged under {key} and is not placed")


async def _check_money(world: World, orders: Sequence[Any]) -> None:
    """I4: what the provider holds, took and gave back is what orders and payments say, payment by payment."""
    books = _books(world)
    by_order: dict[Any, int] = defaultdict(int)  # what the provider holds or took, refunds not counted
    kept: dict[Any, int] = defaultdict(int)
    unknown = set(books)
    for row in await world.sql(_PAYMENTS):
        reference: str = PAYMENT.of(row["id"])
        unknown.discard(reference)
        live = [held for held in books.get(reference, []) if held.open or held.captured]
        if len(live) > 1:
            world.find("I3", f"{reference} was authorised {len(live)} times")
        theirs = (sum(held.captured for held in live), sum(held.refunded for held in live))
        if theirs != (row["captured"], row["refunded"]):
            world.find("I4", f"{reference} is {dict(row)} here and {live} at the provider")
        is_open = any(held.open for held in live)
        if is_open and row["status"] not in {"authorised", "captured", "refunded"}:
            world.find("I3", f"money is still held for {reference}, {row['status']}")
        if reference not in books and row["status"] in {"authorised", "captured", "refunded"}:
            world.find("I4", f"{reference} is {row['status']}, unknown to the provider")
        by_order[row["order_id"]] += sum(held.open + held.captured for held in live)
        kept[row["order_id"]] += theirs[0] - theirs[1] + sum(held.open for held in live)
    for reference in sorted(unknown):
        world.find("I4", f"the provider knows {reference}, payments does not")
    for row in orders:
        if row["status"] == "cancelled" and kept[row["id"]]:
            world.find("I3", f"{ORDER.of(row['id'])} is cancelled, the provider has {kept[row['id']]}")
        if row["status"] in {"placed", "completed"} and by_order[row["id"]] != row["total"]:
            world.find(
                "I3", f"{ORDER.of(row['id'])} costs {row['total']}, the provider has {by_order[row['id']]}"
            )


def _books(world: World) -> dict[str, list[Held]]:
    found: dict[str, list[Held]] = defaultdict(list)
    for held in provider_books(world.sandbox):
        found[held.reference].append(held)
    return found


async def _check_mails(world: World, orders: Sequence[Any]) -> None:
    mails = await world.sql(_MAILS)
    confirmations = [row for row in mails if row["template"] == "order_placed"]
    placed = [row for row in orders if row["placed_at"] is not None]
    if len(confirmations) != len(placed):
        world.find("I7", f"{len(placed)} orders were placed, {len(confirmations)} confirmed")
    for row in mails:
        if row["state"] != "sent":
            world.find("I7", f"the mail {row['cause']} is {row['state']}")
    sent = {mail.message_id for mail in world.mail.sent}
    if len(sent) != len(mails):
        world.find("I7", f"{len(mails)} mails were kept, {len(sent)} sent")


async def _check_stock(world: World) -> None:
    """I1: what is gone from the shelves is what was sold and did not come back, by the books of inventory and of orders."""
    sold = {row["sku"]: row["sold"] for row in await world.sql(_SOLD)}
    ordered = {row["sku"]: row["ordered"] for row in await world.sql(_ORDERED)}
    if sold != ordered:
        world.find("I1", f"{ordered} were ordered, {sold} taken from stock")
    back = {row["sku"]: row["back"] for row in await world.sql(_BACK)}
    for row in await world.sql(_STOCK):
        had = sum(GOODS[row["sku"]][1].values())
        gone = sold.get(row["sku"], 0) - back.get(row["sku"], 0)
        if row["on_hand"] + gone != had or row["reserved"]:
            world.find("I1", f"{row['sku']}: {dict(row)}, {gone} of {had} are gone")
