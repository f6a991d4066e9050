"""Which accounts have ordered, so that what is given with the first order is given once.

Orders are told of by events and may be placed before this service hears of it; what two orders at once could both
take is decided by the unique index below, when the second one holds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from rialto.kernel.db import ReadSession, WriteSession

HAS_ORDERED = "SELECT EXISTS (SELECT FROM customer_orders WHERE customer = $1)"
HAS_OTHERS = "SELECT EXISTS (SELECT FROM customer_orders WHERE customer = $1 AND order_id <> $2)"
HOLD = """
INSERT INTO customer_orders (customer, order_id, given) VALUES ($1, $2, true) ON CONFLICT DO NOTHING
"""
NOTE = """
INSERT INTO customer_orders (customer, order_id, given)
SELECT customer, order_id, false FROM unnest($1::bytea[], $2::uuid[]) AS t(customer, order_id) ORDER BY customer, order_id
ON CONFLICT DO NOTHING
"""
FORGET = "DELETE FROM customer_orders WHERE order_id = ANY ($1::uuid[])"


async def has_ordered(session: ReadSession, customer: bytes) -> bool:
    found: bool = await session.value(HAS_ORDERED, customer)
    return found


async def hold(session: WriteSession, customer: bytes, order_id: UUID) -> bool:
    """Whether this is the customer's first order, as which it counts from now on."""
    if not await session.run(HOLD, customer, order_id):
        return False
    return not await session.value(HAS_OTHERS, customer, order_id)


async def note(session: WriteSession, orders: Sequence[tuple[bytes, UUID]]) -> None:
    """These orders of customers were placed. Again: nothing."""
    await session.run(NOTE, [customer for customer, _ in orders], [order_id for _, order_id in orders])


async def forget(session: WriteSession, order_ids: Sequence[UUID]) -> None:
    """These orders were cancelled: they are no first ones."""
    await session.run(FORGET, list(order_ids))
