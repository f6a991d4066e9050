"""How orders are kept and read: the statements of the group commits, and rows to values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from rialto.kernel.address import Address
from rialto.kernel.db import ReadSession, WriteSession
from rialto.kernel.events import EventTypes, Recorded, load, load_recorded
from rialto.kernel.events import load_several as load_streams
from rialto.kernel.ids import ACCOUNT, ORDER, AccountId, OrderId, bucket_of, to_uuid
from rialto.kernel.service import Frozen
from rialto.kernel.streams import Also
from rialto.orders.answers import scope_of
from rialto.orders.events import EVENTS, OrderStarted
from rialto.orders.model import OrderState, fold
from rialto.orders.store import lists

TYPES = EventTypes(EVENTS)

# Starting: whoever's row is returned goes on; the others' statements change nothing.
CLAIM = """
WITH input AS (
    SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::timestamptz[], $7::uuid[])
        AS t(bucket, scope, key, request_hash, order_id, made_at, cart_id)
), keyed AS (
    INSERT INTO idempotency (bucket, scope, key, request_hash, order_id, state, made_at)
    SELECT bucket, scope, key, request_hash, order_id, 'running', made_at FROM input
    ON CONFLICT DO NOTHING RETURNING order_id
), carted AS (
    INSERT INTO cart_orders (bucket, cart_id, order_id)
    SELECT bucket, cart_id, order_id FROM input JOIN keyed USING (order_id) ORDER BY bucket, cart_id
    ON CONFLICT DO NOTHING RETURNING order_id
)
SELECT order_id, EXISTS (SELECT 1 FROM carted WHERE carted.order_id = keyed.order_id) AS has_cart FROM keyed
"""
FORGET_KEYS = """
DELETE FROM idempotency USING unnest($1::smallint[], $2::uuid[], $3::text[], $4::uuid[]) AS t(bucket, scope, key, order_id)
WHERE idempotency.bucket = t.bucket AND idempotency.scope = t.scope AND idempotency.key = t.key
  AND idempotency.order_id = t.order_id
"""
ADD_ORDERS = """
WITH input AS (
    SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::bigint[],
                         $8::timestamptz[], $9::text[], $10::text[], $11::text[], $12::timestamptz[], $13::uuid[],
                         $14::smallint[], $15::bytea[])
        AS t(bucket, id, number, key, cart_id, currency, total, started_at, email, shipping, billing, due_at, account_id,
             email_bucket, email_hash)
), known AS (
    INSERT INTO email_orders (bucket, email_hash, order_id, due_at)
    SELECT email_bucket, input.email_hash, id, CASE WHEN proven.account_id IS NOT NULL THEN started_at + interval '2 seconds' END
    FROM input LEFT JOIN email_accounts AS proven ON proven.bucket = email_bucket AND proven.email_hash = input.email_hash
    WHERE input.account_id IS NULL
), contact AS (
    INSERT INTO contacts (bucket, order_id, email, shipping, billing)
    SELECT bucket, id, email, shipping::jsonb, billing::jsonb FROM input
), work AS (
    INSERT INTO saga (bucket, order_id, due_at) SELECT bucket, id, due_at FROM input
)
INSERT INTO orders (bucket, id, version, number, key, cart_id, status, payment_status, fulfilment_status, currency,
                    total, started_at, account_id)
SELECT bucket, id, 1, number, key, cart_id, 'pending', 'pending', 'unfulfilled', currency, total, started_at, account_id
FROM input
"""
ADD_SAGAS = """
INSERT INTO saga (bucket, order_id, due_at, attempts)
SELECT t.bucket, t.order_id, t.due_at, 0
FROM unnest($1::smallint[], $2::uuid[], $3::timestamptz[]) AS t(bucket, order_id, due_at)
JOIN won ON won.bucket = t.bucket AND won.stream = t.order_id
ON CONFLICT (bucket, order_id) DO UPDATE SET due_at = excluded.due_at, attempts = 0
"""
# Changing: parts of the statement that appends the events, for the orders that `won`.
PROJECT = """
UPDATE orders SET version = t.version, status = t.status, payment_status = t.payment_status,
                  fulfilment_status = t.fulfilment_status, placed_at = t.placed_at, account_id = t.account_id
FROM unnest($1::smallint[], $2::uuid[], $3::int[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::uuid[])
    AS t(bucket, id, version, status, payment_status, fulfilment_status, placed_at, account_id)
JOIN won ON won.bucket = t.bucket AND won.stream = t.id
WHERE orders.bucket = t.bucket AND orders.id = t.id AND orders.version < t.version
"""
END_SAGAS = """
DELETE FROM saga USING unnest($1::smallint[], $2::uuid[]) AS t(bucket, order_id)
JOIN won ON won.bucket = t.bucket AND won.stream = t.order_id
WHERE saga.bucket = t.bucket AND saga.order_id = t.order_id
"""
FREE_CARTS = """
DELETE FROM cart_orders USING unnest($1::smallint[], $2::uuid[], $3::uuid[]) AS t(bucket, cart_id, order_id)
JOIN won ON won.bucket = t.bucket AND won.stream = t.order_id
WHERE cart_orders.bucket = t.bucket AND cart_orders.cart_id = t.cart_id AND cart_orders.order_id = t.order_id
"""
ANSWER = """
UPDATE idempotency SET state = 'done', answer = t.answer::jsonb
FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::text[], $5::uuid[]) AS t(bucket, scope, key, answer, order_id)
JOIN won ON won.bucket = t.bucket AND won.stream = t.order_id
WHERE idempotency.bucket = t.bucket AND idempotency.scope = t.scope AND idempotency.key = t.key
  AND idempotency.state = 'running'
"""
# An answer without events: the order waits for the customer or the provider.
ANSWER_ONLY = f"""
WITH won AS (SELECT bucket, stream FROM unnest($1::smallint[], $5::uuid[]) AS t(bucket, stream))
{ANSWER}
"""
# Reading.
KNOWN_KEY = """
SELECT request_hash, order_id, state, answer::text AS answer FROM idempotency
WHERE bucket = $1 AND scope = $2 AND key = $3
"""
KEYS_OF = """
SELECT order_id FROM idempotency
JOIN unnest($1::smallint[], $2::uuid[], $3::text[]) AS t(bucket, scope, key) USING (bucket, scope, key)
"""
ORDER_OF_CART = "SELECT order_id FROM cart_orders WHERE bucket = $1 AND cart_id = $2"
DETAILS = """
SELECT o.key, o.account_id, c.email, c.shipping::text AS shipping, c.billing::text AS billing
FROM orders AS o LEFT JOIN contacts AS c ON c.bucket = o.bucket AND c.order_id = o.id WHERE o.bucket = $1 AND o.id = $2
"""
SEVERAL_DETAILS = """
SELECT o.id, o.key, o.account_id, c.email, c.shipping::text AS shipping, c.billing::text AS billing
FROM unnest($1::smallint[], $2::uuid[]) AS t(bucket, id) JOIN orders AS o USING (bucket, id)
LEFT JOIN contacts AS c ON c.bucket = o.bucket AND c.order_id = o.id
"""
# The worker's list crosses buckets; it is background work, bounded, and no request waits for it.
DUE = "SELECT bucket, order_id, due_at, attempts FROM saga WHERE due_at <= $1 ORDER BY due_at LIMIT $2"
CLAIM_DUE = """
UPDATE saga SET due_at = $4, attempts = attempts + 1
WHERE bucket = $1 AND order_id = $2 AND due_at = $3 RETURNING attempts
"""
POSTPONE = "UPDATE saga SET due_at = $3, attempts = greatest(attempts, 1) WHERE bucket = $1 AND order_id = $2"
# Only where nobody is at work: an attempt of the request that started the order counts as zero.
# Rows are locked in the order in which every batch locks them.
HURRY = """
WITH waiting AS (
    SELECT bucket, order_id FROM saga JOIN unnest($1::smallint[], $2::uuid[]) AS t(bucket, order_id) USING (bucket, order_id)
    WHERE attempts > 0 AND due_at > $3 ORDER BY bucket, order_id FOR UPDATE OF saga
)
UPDATE saga SET due_at = $3 FROM waiting
WHERE saga.bucket = waiting.bucket AND saga.order_id = waiting.order_id AND attempts > 0 AND due_at > $3
"""
PURGE_KEYS = "DELETE FROM idempotency WHERE (bucket, scope, key) IN (SELECT bucket, scope, key FROM idempotency WHERE made_at < $1 LIMIT $2)"
LIST = """
SELECT bucket, id, number, status, payment_status, fulfilment_status, currency, total, placed_at, started_at, imported FROM orders
WHERE ($1::text IS NULL OR status = $1) AND ($2::timestamptz IS NULL OR (started_at, id) < ($2, $3))
ORDER BY started_at DESC, id DESC LIMIT $4
"""


class Contact(Frozen):
    """Who an order is for. After erasure only the account is left, if there was one."""

    email: str | None
    shipping: Address | None
    billing: Address | None
    account_id: AccountId | None = None


class Saga(Frozen):
    """What the projection does with the saga's row: keep it until `due_at`, or (None) end it."""

    due_at: datetime | None


class Projection(Frozen):
    """What stands beside an order's events: the row, the saga's row, the client's answer, the cart's claim."""

    state: OrderState
    saga: Saga | None = None
    answer: bytes | None = None
    free_cart: bool = False


class KnownKey(Frozen):
    request_hash: str
    order_id: UUID
    done: bool
    answer: bytes | None


def _rows(projections: Sequence[Projection]) -> list[list[Any]]:
    states = [row.state for row in projections]
    return [
        *_keys(state.started.order_id for state in states),
        [state.version for state in states],
        [state.status for state in states],
        [state.payment_status() for state in states],
        [state.fulfilment_status() for state in states],
        [state.placed_at for state in states],
        [to_uuid(state.account_id) if state.account_id else None for state in states],
    ]


def _ended_sagas(projections: Sequence[Projection]) -> list[list[Any]]:
    return _keys(row.state.started.order_id for row in projections if row.saga and row.saga.due_at is None)


def _kept_sagas(projections: Sequence[Projection]) -> list[list[Any]]:
    kept = [
        (row.state.started.order_id, row.saga.due_at) for row in projections if row.saga and row.saga.due_at
    ]
    return [*_keys(order_id for order_id, _ in kept), [due_at for _, due_at in kept]]


def _answers(projections: Sequence[Projection]) -> list[list[Any]]:
    answered = [(row.state.started, row.answer) for row in projections if row.answer is not None]
    return [
        *_keys(_scope(start) for start, _ in answered),
        [start.idempotency_key for start, _ in answered],
        [answer.decode() for _, answer in answered],
        [to_uuid(start.order_id) for start, _ in answered],
    ]


def _freed_carts(projections: Sequence[Projection]) -> list[list[Any]]:
    freed = [row.state.started for row in projections if row.free_cart]
    return [*_keys(start.cart_id for start in freed), [to_uuid(start.order_id) for start in freed]]


def _listed(projections: Sequence[Projection]) -> list[list[Any]]:
    return lists.rows_of(
        row.state
        for row in projections
        if row.state.placed_at and row.state.account_id and lists.is_near(row.state)
    )


def _scope(start: OrderStarted) -> str:
    return scope_of(start.account_id, start.cart_id)


def _keys(ids: Iterable[str]) -> list[list[Any]]:
    """Buckets and UUIDs."""
    known = list(ids)
    return [[bucket_of(one) for one in known], [to_uuid(one) for one in known]]


ALSO: Sequence[Also[Projection]] = (
    Also(sql=PROJECT, columns=_rows),
    Also(sql=END_SAGAS, columns=_ended_sagas),
    Also(sql=ADD_SAGAS, columns=_kept_sagas),
    Also(sql=ANSWER, columns=_answers),
    Also(sql=FREE_CARTS, columns=_freed_carts),
    Also(sql=lists.KEEP, columns=_listed),
)


async def write_answer(session: WriteSession, start: OrderStarted, answer: bytes) -> None:
    """Set the answer of an order's key, where none is set yet: the first one stands."""
    await session.run(
        ANSWER_ONLY,
        [bucket_of(start.cart_id)],
        [to_uuid(_scope(start))],
        [start.idempotency_key],
        [answer.decode()],
        [to_uuid(start.order_id)],
    )


async def load_order(session: ReadSession, order_id: OrderId) -> OrderState:
    return fold(await load(session, TYPES, bucket_of(order_id), to_uuid(order_id)))


async def load_order_at(session: ReadSession, order_id: OrderId, version: int) -> OrderState:
    """The order as it was after `version` events."""
    return fold((await load(session, TYPES, bucket_of(order_id), to_uuid(order_id)))[:version])


async def load_events(session: ReadSession, order_id: OrderId) -> list[Recorded]:
    """What happened to the order, the oldest first."""
    return await load_recorded(session, TYPES, bucket_of(order_id), to_uuid(order_id))


async def load_several(session: ReadSession, order_ids: Sequence[OrderId]) -> dict[OrderId, OrderState]:
    """Those that exist."""
    streams = [(bucket_of(order_id), to_uuid(order_id)) for order_id in order_ids]
    found = await load_streams(session, TYPES, streams)
    return {ORDER.of(stream): fold(events) for stream, events in found.items()}


async def load_several_details(
    session: ReadSession, order_ids: Sequence[OrderId]
) -> dict[OrderId, tuple[str, Contact]]:
    """As `load_details`, of those that exist."""
    columns = ([bucket_of(order_id) for order_id in order_ids], [to_uuid(order_id) for order_id in order_ids])
    return {ORDER.of(row["id"]): _details(row) for row in await session.all(SEVERAL_DETAILS, *columns)}


async def load_details(session: ReadSession, order_id: OrderId) -> tuple[str, Contact] | None:
    """The order's key and contact; None when there is no such order."""
    row = await session.one(DETAILS, bucket_of(order_id), to_uuid(order_id))
    return None if row is None else _details(row)


async def load_key(session: ReadSession, scope: str, key: str) -> KnownKey | None:
    row: Any = await session.one(KNOWN_KEY, bucket_of(scope), to_uuid(scope), key)
    if row is None:
        return None
    return KnownKey(
        request_hash=row["request_hash"],
        order_id=row["order_id"],
        done=row["state"] == "done",
        answer=row["answer"].encode() if row["answer"] is not None else None,
    )


def _details(row: Any) -> tuple[str, Contact]:
    return row["key"], Contact(
        email=row["email"],
        shipping=_address(row["shipping"]),
        billing=_address(row["billing"]),
        account_id=None if row["account_id"] is None else ACCOUNT.of(row["account_id"]),
    )


def _address(text: str | None) -> Address | None:
    return None if text is None else msgspec.json.decode(text, type=Address)
