"""An account's list of orders. Each row stands in the account's bucket and says by itself what a list shows.

For an order in the same bucket the row is written with the order's events; for any other by a reaction to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from rialto.kernel.db import AloneSession, ReadSession, Row, WriteSession
from rialto.kernel.ids import AccountId, OrderId, bucket_of, to_uuid
from rialto.orders.model import OrderState

_UP_TO_DATE = """
ON CONFLICT (bucket, account_id, order_id) DO UPDATE
SET version = excluded.version, status = excluded.status, payment_status = excluded.payment_status,
    fulfilment_status = excluded.fulfilment_status, placed_at = excluded.placed_at, currency = excluded.currency,
    total = excluded.total
WHERE order_index.version < excluded.version
"""
# A part of the statement that appends the events, for orders in their account's bucket.
KEEP = f"""
INSERT INTO order_index (bucket, account_id, order_id, placed_at, version, number, status, payment_status,
                         fulfilment_status, currency, total)
SELECT t.* FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::int[], $6::text[], $7::text[],
                       $8::text[], $9::text[], $10::text[], $11::bigint[])
    AS t(bucket, account_id, order_id, placed_at, version, number, status, payment_status, fulfilment_status, currency,
         total)
JOIN won ON won.bucket = t.bucket AND won.stream = t.order_id
{_UP_TO_DATE}
"""
FOLLOW = f"""
INSERT INTO order_index (bucket, account_id, order_id, placed_at, version, number, status, payment_status,
                         fulfilment_status, currency, total)
SELECT (get_byte(uuid_send(o.account_id), 6) & 15) * 256 + get_byte(uuid_send(o.account_id), 7), o.account_id, o.id,
       o.placed_at, o.version, o.number, o.status, o.payment_status, o.fulfilment_status, o.currency, o.total
FROM unnest($1::smallint[], $2::uuid[]) AS t(bucket, id) JOIN orders AS o USING (bucket, id)
WHERE o.account_id IS NOT NULL AND o.placed_at IS NOT NULL ORDER BY 1, 2, 3
{_UP_TO_DATE}
RETURNING true
"""
OF_ACCOUNT = """
SELECT order_id, placed_at, number, status, payment_status, fulfilment_status, currency, total FROM order_index
WHERE bucket = $1 AND account_id = $2 AND ($3::timestamptz IS NULL OR (placed_at, order_id) < ($3, $4))
ORDER BY placed_at DESC, order_id DESC LIMIT $5
"""


def is_near(state: OrderState) -> bool:
    """Whether an account's order stands in the account's bucket."""
    assert state.account_id is not None
    return bucket_of(state.account_id) == bucket_of(state.started.order_id)


def rows_of(states: Iterable[OrderState]) -> list[list[Any]]:
    """The columns of KEEP, for orders of accounts."""
    columns: list[list[Any]] = [[] for _ in range(11)]
    for state in states:
        assert state.account_id is not None
        values = (
            bucket_of(state.account_id),
            to_uuid(state.account_id),
            to_uuid(state.started.order_id),
            state.placed_at,
            state.version,
            state.started.number,
            state.status,
            state.payment_status(),
            state.fulfilment_status(),
            state.total.currency,
            state.total.amount,
        )
        for column, value in zip(columns, values, strict=True):
            column.append(value)
    return columns


async def follow(session: WriteSession | AloneSession, order_ids: Sequence[OrderId]) -> None:
    """Bring the lists' rows of these orders up to date. Guests' orders and those not placed are in none."""
    await session.all(
        FOLLOW, [bucket_of(order_id) for order_id in order_ids], [to_uuid(order_id) for order_id in order_ids]
    )


async def load_page(
    session: ReadSession, account_id: AccountId, after: tuple[datetime | None, UUID | None], limit: int
) -> Sequence[Row]:
    """The newest first, from after that place on."""
    return await session.all(OF_ACCOUNT, bucket_of(account_id), to_uuid(account_id), *after, limit)
