"""What staff do with orders on the web."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from rialto.inventory.api import UnknownWarehouse
from rialto.kernel.errors import TooMany
from rialto.kernel.http import Injected, about, principal_of, requires
from rialto.kernel.ids import ORDER
from rialto.kernel.service import Frozen
from rialto.orders.api import (
    AddNote,
    CancelOrder,
    KeyMissing,
    KeyReused,
    ListOrders,
    Note,
    Notes,
    Order,
    OrderList,
    OrderNotCancellable,
    OrderNotFound,
    OrderNotReceivable,
    OrderNotRefundable,
    OrderNotShippable,
    OrderRef,
    Orders,
    ReceiveGoods,
    RefundOrder,
    ShipOrder,
    Timeline,
)
from rialto.orders.routes.shared import KEY_NOT_VALID, PRIVATE, Amount, AnyRequest, Key, required_key, step_of
from rialto.payments.api import PaymentStateWrong

STAFF = "staff: orders"


class ShipBody(Frozen):
    """Without `lines` (line id → quantity) all that is left is shipped."""

    lines: dict[str, Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]] | None = None
    tracking: Annotated[str, msgspec.Meta(max_length=200)] | None = None


class RefundBody(Frozen):
    """An `amount`, or what `lines` (line id → quantity) and the `delivery` were paid with."""

    amount: Amount | None = None
    lines: dict[str, Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]] = {}
    delivery: bool = False
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class ReceiptBody(Frozen):
    """`lines` (line id → quantity) came back; those of them in `fit` can be sold again and lie in `warehouse` now."""

    lines: dict[str, Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]]
    fit: dict[str, Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]] = {}
    warehouse: Annotated[str, msgspec.Meta(max_length=64)] = ""


class NoteBody(Frozen):
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]


@get(
    "/v1/admin/orders",
    guards=[requires("orders.read")],
    cache_control=PRIVATE,
    **about("list_orders", "List orders", tag=STAFF),
)
async def list_orders(
    orders: Injected[Orders],
    status: Annotated[str | None, QueryParameter(pattern="^[a-z_]{1,40}$")] = None,
    cursor: Annotated[str | None, QueryParameter(max_length=200)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> OrderList:
    """Newest first."""
    return await orders.list(ListOrders(cursor=cursor, limit=limit, status=status))


@get(
    "/v1/admin/orders/{order_id:str}",
    guards=[requires("orders.read")],
    cache_control=PRIVATE,
    **about("read_any_order", "Look at any order", tag=STAFF, refuses=[OrderNotFound]),
)
async def read_any_order(order_id: FromPath[str], orders: Injected[Orders]) -> Order:
    """Without its key."""
    return await orders.get(OrderRef(order_id=ORDER.parse(order_id), staff=True))


@post(
    "/v1/admin/orders/{order_id:str}/ship",
    guards=[requires("orders.ship")],
    status_code=200,
    cache_control=PRIVATE,
    **about(
        "ship_order",
        "Ship and take the money",
        tag=STAFF,
        refuses=[KeyMissing, KEY_NOT_VALID, OrderNotFound, OrderNotShippable, PaymentStateWrong],
    ),
)
async def ship_order(
    order_id: FromPath[str], data: JSONBody[ShipBody], orders: Injected[Orders], idempotency_key: Key = None
) -> Order:
    """Marks lines as shipped and captures what they cost. The same key ships nothing twice."""
    step = step_of(required_key(idempotency_key))
    return await orders.ship(
        ShipOrder(
            order_id=ORDER.parse(order_id),
            lines=dict(data.lines) if data.lines is not None else None,
            tracking=data.tracking,
            step=step,
        )
    )


@post(
    "/v1/admin/orders/{order_id:str}/cancel",
    guards=[requires("orders.cancel")],
    status_code=200,
    cache_control=PRIVATE,
    **about("cancel_any_order", "Cancel any order", tag=STAFF, refuses=[OrderNotFound, OrderNotCancellable]),
)
async def cancel_any_order(order_id: FromPath[str], orders: Injected[Orders]) -> Order:
    """For the customer, before anything is shipped."""
    return await orders.cancel(CancelOrder(order_id=ORDER.parse(order_id), staff=True, reason="staff"))


@post(
    "/v1/admin/orders/{order_id:str}/refunds",
    guards=[requires("orders.refund")],
    cache_control=PRIVATE,
    **about(
        "refund_order",
        "Give money back",
        tag=STAFF,
        refuses=[KeyMissing, KEY_NOT_VALID, OrderNotFound, OrderNotRefundable, KeyReused],
    ),
)
async def refund_order(
    order_id: FromPath[str],
    data: JSONBody[RefundBody],
    orders: Injected[Orders],
    idempotency_key: Key = None,
) -> Order:
    """Gives back captured money, at most what was captured, and no unit's twice. The same key gives nothing twice.

    It is decided at once; a refund that is not `done` in the answer is asked for until the provider has it.
    """
    step = step_of(required_key(idempotency_key))
    return await orders.refund(
        RefundOrder(
            order_id=ORDER.parse(order_id),
            amount=data.amount.money("amount") if data.amount else None,
            lines=dict(data.lines),
            delivery=data.delivery,
            reason=data.reason,
            step=step,
        )
    )


@post(
    "/v1/admin/orders/{order_id:str}/receipts",
    guards=[requires("orders.ship")],
    status_code=200,
    cache_control=PRIVATE,
    **about(
        "receive_goods",
        "Take goods back",
        tag=STAFF,
        refuses=[KeyMissing, KEY_NOT_VALID, OrderNotFound, OrderNotReceivable, KeyReused, UnknownWarehouse],
    ),
)
async def receive_goods(
    order_id: FromPath[str],
    data: JSONBody[ReceiptBody],
    orders: Injected[Orders],
    idempotency_key: Key = None,
) -> Order:
    """Notes what came back, announced or not, at most what was shipped; what can be sold again goes into stock.

    The same key takes nothing back twice. Money is given back by a refund.
    """
    step = step_of(required_key(idempotency_key))
    return await orders.receive(
        ReceiveGoods(
            order_id=ORDER.parse(order_id),
            lines=dict(data.lines),
            fit=dict(data.fit),
            warehouse=data.warehouse,
            step=step,
        )
    )


@get(
    "/v1/admin/orders/{order_id:str}/timeline",
    guards=[requires("orders.read")],
    cache_control=PRIVATE,
    **about("read_timeline", "See what happened to an order", tag=STAFF, refuses=[OrderNotFound]),
)
async def read_timeline(order_id: FromPath[str], orders: Injected[Orders]) -> Timeline:
    """Each of its events, the oldest first."""
    return await orders.timeline(OrderRef(order_id=ORDER.parse(order_id), staff=True))


@get(
    "/v1/admin/orders/{order_id:str}/notes",
    guards=[requires("orders.read")],
    cache_control=PRIVATE,
    **about("list_notes", "Read notes about an order", tag=STAFF, refuses=[OrderNotFound]),
)
async def list_notes(order_id: FromPath[str], orders: Injected[Orders]) -> Notes:
    """What staff wrote down, the oldest first."""
    return await orders.notes(OrderRef(order_id=ORDER.parse(order_id), staff=True))


@post(
    "/v1/admin/orders/{order_id:str}/notes",
    guards=[requires("orders.note")],
    cache_control=PRIVATE,
    **about(
        "add_note",
        "Write a note about an order",
        tag=STAFF,
        refuses=[KeyMissing, KEY_NOT_VALID, OrderNotFound, TooMany],
    ),
)
async def add_note(
    request: AnyRequest,
    order_id: FromPath[str],
    data: JSONBody[NoteBody],
    orders: Injected[Orders],
    idempotency_key: Key = None,
) -> Note:
    """For other staff; the customer does not see it. The same key writes nothing twice."""
    step = step_of(required_key(idempotency_key))
    return await orders.add_note(
        AddNote(
            order_id=ORDER.parse(order_id),
            staff_id=principal_of(request).id or "",
            text=data.text,
            step=step,
        )
    )


ROUTES: list[Any] = [
    list_orders,
    read_any_order,
    ship_order,
    cancel_any_order,
    refund_order,
    receive_goods,
    read_timeline,
    list_notes,
    add_note,
]
