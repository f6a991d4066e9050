"""Following orders: one for its owner, its list for an account, all of them for staff."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta
from uuid import UUID

from rialto.kernel.errors import NotFound, field_problem
from rialto.kernel.ids import ORDER, OrderId, to_uuid
from rialto.kernel.money import Money
from rialto.orders import store
from rialto.orders.api import (
    SEVERAL_MAX,
    ListOrders,
    Order,
    OrderList,
    OrderRef,
    OrderRow,
    OrdersNamed,
    OwnOrder,
    OwnOrderList,
    OwnOrders,
    SeveralOrders,
)
from rialto.orders.handlers.shared import OrderUseCase
from rialto.orders.store import lists

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Reading(OrderUseCase):
    async def get(self, command: OrderRef) -> Order:
        details = await self.admitted(
            command.order_id, command.key, account_id=command.account_id, staff=command.staff
        )
        return self.view(await self.saga.load(command.order_id), details)

    async def several(self, command: OrdersNamed) -> SeveralOrders:
        if len(command.order_ids) > SEVERAL_MAX:
            raise field_problem("order_ids", "too_many", f"At most {SEVERAL_MAX} orders at a time.")
        async with self.env.db.recent() as session:
            details = await store.load_several_details(session, command.order_ids)
            states = await store.load_several(session, list(details))
        known = [order_id for order_id in command.order_ids if order_id in details]
        return SeveralOrders(items=[self.view(states[order_id], details[order_id]) for order_id in known])

    async def list(self, command: ListOrders) -> OrderList:
        after = read_cursor(command.cursor)
        async with self.env.db.recent() as session:
            rows = await session.all(store.LIST, command.status, after[0], after[1], command.limit + 1)
        items = [
            OrderRow(
                id=ORDER.of(row["id"]),
                number=row["number"],
                status=row["status"],
                payment_status=row["payment_status"],
                fulfilment_status=row["fulfilment_status"],
                total=Money(row["total"], row["currency"]),
                placed_at=row["placed_at"],
                started_at=row["started_at"],
                imported=row["imported"],
            )
            for row in rows[: command.limit]
        ]
        more = len(rows) > command.limit
        return OrderList(
            items=items, next_cursor=cursor_of(items[-1].started_at, items[-1].id) if more else None
        )

    async def own(self, command: OwnOrders) -> OwnOrderList:
        after = read_cursor(command.cursor)
        async with self.env.db.recent() as session:
            rows = await lists.load_page(session, command.account_id, after, command.limit + 1)
        items = [
            OwnOrder(
                id=ORDER.of(row["order_id"]),
                number=row["number"],
                status=row["status"],
                payment_status=row["payment_status"],
                fulfilment_status=row["fulfilment_status"],
                total=Money(row["total"], row["currency"]),
                placed_at=row["placed_at"],
            )
            for row in rows[: command.limit]
        ]
        more = len(rows) > command.limit
        return OwnOrderList(
            items=items, next_cursor=cursor_of(items[-1].placed_at, items[-1].id) if more else None
        )


def cursor_of(at: datetime, order_id: OrderId) -> str:
    microseconds = (at - _EPOCH) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(f"{microseconds}.{order_id}".encode()).decode().rstrip("=")


def read_cursor(cursor: str | None) -> tuple[datetime | None, UUID | None]:
    """The place after which to go on. Raises Invalid for a cursor that is none of ours."""
    if cursor is None:
        return None, None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        microseconds, _, order_id = text.partition(".")
        return _EPOCH + timedelta(microseconds=int(microseconds)), to_uuid(ORDER.parse(order_id))
    except (ValueError, binascii.Error, OverflowError, NotFound):
        raise field_problem("cursor", "not_valid", "This cursor is not one of ours.") from None
