"""One order: what was bought, what happened to it, and what is done with it next.

Forms carry the version they were filled in for and a key of their own. Whoever comes second sees what happened
meanwhile and nothing is done; pressing twice does a thing once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from rialto.admin.amounts import typed_amount
from rialto.admin.desk import AnyRequest, Desk
from rialto.admin.pages.orders import ORDERS
from rialto.admin.problems import Problem, problems_of, status_of
from rialto.admin.rendering import PAGE, go, page
from rialto.identity.api import Identity
from rialto.inventory.api import Inventory
from rialto.kernel.errors import NotFound, RialtoError, VersionConflict, field_problem
from rialto.kernel.http import Injected, requires
from rialto.kernel.ids import ORDER, Ids, OrderId
from rialto.kernel.money import Money, total
from rialto.kernel.service import Nothing
from rialto.orders.api import (
    AddNote,
    CancelOrder,
    Order,
    OrderRef,
    Orders,
    ReceiveGoods,
    RefundOrder,
    ShipOrder,
    TimelineEntry,
)
from rialto.payments.api import OfPaidOrder, Payment, Payments
from rialto.storefront.forms import typed, whole_number

ONE = f"{ORDERS}/{{order_id:str}}"
QUANTITY_MAX = 1_000_000
KEY_LENGTH_MAX = 60
REASON_LENGTH_MAX = 500
NOTE_LENGTH_MAX = 2000


class Parts:
    """The services an order's page is made of, for one request."""

    def __init__(
        self,
        desk: Desk,
        orders: Orders,
        payments: Payments,
        *,
        identity: Identity,
        inventory: Inventory,
        ids: Ids,
    ) -> None:
        self.desk = desk
        self.orders = orders
        self.payments = payments
        self.identity = identity
        self.inventory = inventory
        self.ids = ids

    async def show(self, order_id: OrderId, *, status: int = 200, **more: Any) -> PAGE:
        """`more`: problems, what was typed, and from which version on something happened meanwhile."""
        reference = OrderRef(order_id=order_id, staff=True)
        order = await self.orders.get(reference)
        timeline = (await self.orders.timeline(reference)).items
        notes = (await self.orders.notes(reference)).items
        paid = await _payments_of(order_id, self.payments)
        since = more.get("since")
        outside = {line.id: line.shipped - line.received for line in order.lines}
        open_units = {line.id: line.quantity - line.shipped for line in order.lines}
        return page(
            self.desk,
            "pages/order.html",
            section="orders",
            status=status,
            order=order,
            timeline=timeline,
            news=_news(timeline, since),
            notes=notes,
            names=await self._names() if notes else {},
            payments=paid,
            left=_left(paid, order),
            returnable=[line for line in order.lines if line.shipped > line.refunded],
            delivery_left=not any(one.delivery for one in order.refunds),
            open_units=open_units,
            outside=outside,
            places=(await self.inventory.warehouses(Nothing())).items if any(outside.values()) else [],
            can_ship=order.status == "placed" and any(open_units.values()),
            can_cancel=order.status in {"pending", "placed"} and not order.shipments,
            problems=more.get("problems", []),
            typed=more.get("typed", {}),
            key=self.ids.token(),
        )

    async def refuse(self, order_id: OrderId, error: RialtoError, data: Mapping[str, object]) -> PAGE:
        """The page again with what was typed. Raises what has nothing to do with the form."""
        if isinstance(error, NotFound):
            raise error
        shown = {name: value for name, value in data.items() if isinstance(value, str)}
        if isinstance(error, VersionConflict):
            problems = [Problem(text=self.desk.texts("order.changed"))]
            return await self.show(order_id, status=409, problems=problems, typed=shown, since=_version(data))
        return await self.show(
            order_id, status=status_of(error), problems=problems_of(error, self.desk.texts), typed=shown
        )

    async def _names(self) -> dict[str, str]:
        """Of everybody who works here or did."""
        staff = await self.identity.list_staff(Nothing())
        return {one.id: one.name or one.email for one in staff.items}


async def open_parts(
    desk: Injected[Desk],
    orders: Injected[Orders],
    payments: Injected[Payments],
    *,
    identity: Injected[Identity],
    inventory: Injected[Inventory],
    ids: Injected[Ids],
) -> Parts:
    """Litestar dependency `parts`."""
    return Parts(desk, orders, payments, identity=identity, inventory=inventory, ids=ids)


@get(ONE, guards=[requires("orders.read")])
async def order_page(
    order_id: FromPath[str],
    parts: Injected[Parts],
) -> PAGE:
    """Raises NotFound."""
    return await parts.show(ORDER.parse(order_id))


@post(f"{ONE}/ship", guards=[requires("orders.ship")], status_code=200)
async def ship(
    request: AnyRequest,
    order_id: FromPath[str],
    parts: Injected[Parts],
) -> PAGE | Redirect:
    """The quantities typed, and take the money for them."""
    return await _carry_out(request, order_id, parts, act=_ship, done="shipped")


@post(f"{ONE}/cancel", guards=[requires("orders.cancel")], status_code=200)
async def cancel(
    request: AnyRequest,
    order_id: FromPath[str],
    parts: Injected[Parts],
) -> PAGE | Redirect:
    """Before anything is shipped. Why is kept as a note, for those who work here."""
    return await _carry_out(request, order_id, parts, act=_cancel, done="cancelled")


@post(f"{ONE}/refund", guards=[requires("orders.refund")], status_code=200)
async def refund(
    request: AnyRequest,
    order_id: FromPath[str],
    parts: Injected[Parts],
) -> PAGE | Redirect:
    """All that is left, some units of lines, or an amount; never more than was captured."""
    return await _carry_out(request, order_id, parts, act=_refund, done="refunded")


@post(f"{ONE}/receive", guards=[requires("orders.ship")], status_code=200)
async def receive(
    request: AnyRequest,
    order_id: FromPath[str],
    parts: Injected[Parts],
) -> PAGE | Redirect:
    """What came back, by line; what of it can be sold again goes into stock."""
    return await _carry_out(request, order_id, parts, act=_receive, done="received")


@post(f"{ONE}/notes", guards=[requires("orders.note")], status_code=200)
async def add_note(
    request: AnyRequest,
    order_id: FromPath[str],
    parts: Injected[Parts],
) -> PAGE | Redirect:
    """For those who work here; customers never see it."""
    return await _carry_out(request, order_id, parts, act=_add_note, done="noted#notes")


class Sent:
    """A form of an order's page as it was sent."""

    def __init__(self, order_id: OrderId, data: Mapping[str, object]) -> None:
        self.order_id = order_id
        self.data = data

    @property
    def version(self) -> int | None:
        return _version(self.data)

    def key(self, verb: str) -> str:
        """What makes a repeat harmless: one key per form that was shown."""
        key = typed(self.data, "key")[:KEY_LENGTH_MAX]
        if not key.isascii() or not key.isalnum():
            raise field_problem("", "form_too_old", "Please load the page again.")
        return f"{verb}-{key}"

    def words(self, field: str, *, length_max: int) -> str:
        """A text that has to be there. What is too long is refused and never cut: its end may say what matters."""
        value = self.data.get(field)
        text = value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""
        if not text:
            raise field_problem(field, "required", "Please fill this in.")
        if len(text) > length_max:
            raise field_problem(field, f"longer_than_{length_max}", f"At most {length_max:,} letters.")
        return text


Act = Callable[[Parts, Sent], Awaitable[None]]


async def _carry_out(
    request: AnyRequest, order_id: str, parts: Parts, *, act: Act, done: str
) -> PAGE | Redirect:
    """What every form here comes to: it is done and told once, or the page again with what was typed."""
    data = dict(await request.form())
    named = ORDER.parse(order_id)
    try:
        await act(parts, Sent(named, data))
    except RialtoError as error:
        return await parts.refuse(named, error, data)
    return go(f"{ORDERS}/{named}?done={done}")


async def _ship(parts: Parts, sent: Sent) -> None:
    order = await parts.orders.get(OrderRef(order_id=sent.order_id, staff=True))
    await parts.orders.ship(
        ShipOrder(
            order_id=sent.order_id,
            lines=_shipped(order, sent.data),
            tracking=typed(sent.data, "tracking").strip() or None,
            step=sent.key("ship"),
            expected=sent.version,
        )
    )


async def _cancel(parts: Parts, sent: Sent) -> None:
    reason, step = sent.words("cancel_reason", length_max=REASON_LENGTH_MAX), sent.key("cancel")
    await parts.orders.cancel(
        CancelOrder(order_id=sent.order_id, staff=True, reason="staff", expected=sent.version)
    )
    text = parts.desk.texts("order.cancel.note", reason=reason)
    await _note(parts, sent, text=text, step=step)


async def _refund(parts: Parts, sent: Sent) -> None:
    order = await parts.orders.get(OrderRef(order_id=sent.order_id, staff=True))
    left = _left(await _payments_of(sent.order_id, parts.payments), order)
    await parts.orders.refund(
        RefundOrder(
            order_id=sent.order_id,
            reason=sent.words("refund_reason", length_max=REASON_LENGTH_MAX),
            step=sent.key("refund"),
            expected=sent.version,
            **_asked_back(order, sent.data, left),
        )
    )


async def _receive(parts: Parts, sent: Sent) -> None:
    order = await parts.orders.get(OrderRef(order_id=sent.order_id, staff=True))
    lines, fit = _units(order, sent.data, "back"), _units(order, sent.data, "fit")
    for line, units in fit.items():
        if units > lines.get(line, 0):
            raise field_problem(f"fit-{line}", "more_fit_than_back", "No more than came back.")
    if not lines:
        raise field_problem(f"back-{order.lines[0].id}", "nothing_chosen", "Nothing was chosen.")
    await parts.orders.receive(
        ReceiveGoods(
            order_id=sent.order_id,
            lines=lines,
            fit=fit,
            warehouse=typed(sent.data, "warehouse"),
            step=sent.key("receive"),
            expected=sent.version,
        )
    )


async def _add_note(parts: Parts, sent: Sent) -> None:
    await _note(parts, sent, text=sent.words("note", length_max=NOTE_LENGTH_MAX), step=sent.key("note"))


async def _note(parts: Parts, sent: Sent, *, text: str, step: str) -> None:
    staff_id = parts.desk.staff.id
    await parts.orders.add_note(AddNote(order_id=sent.order_id, staff_id=staff_id, text=text, step=step))


async def _payments_of(order_id: OrderId, payments: Payments) -> list[Payment]:
    return (await payments.of_order(OfPaidOrder(order_id=order_id))).items


def _left(payments: list[Payment], order: Order) -> Money:
    """What was captured and is not given back yet, nor to be. Of an order from elsewhere nothing was captured here."""
    if order.imported_at is not None:
        return Money.zero(order.currency)
    captured = total((payment.captured for payment in payments), order.currency)
    promised = total((one.amount for one in order.refunds if not one.done), order.currency)
    return captured - order.refunded - promised


def _news(timeline: list[TimelineEntry], since: int | None) -> list[TimelineEntry]:
    return [entry for entry in timeline if since is not None and entry.version > since]


def _version(data: Mapping[str, object]) -> int | None:
    text = typed(data, "version")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def _units(order: Order, data: Mapping[str, object], prefix: str) -> dict[str, int]:
    """Quantities by line as typed; lines left empty or at zero are left out. Raises Invalid naming the field."""
    found: dict[str, int] = {}
    for line in order.lines:
        field = f"{prefix}-{line.id}"
        text = typed(data, field).strip() or "0"
        quantity = whole_number(text, lowest=0, highest=QUANTITY_MAX)
        if quantity is None:
            raise field_problem(field, "quantity_not_valid", "This is not a number of pieces.")
        if quantity:
            found[line.id] = quantity
    return found


def _shipped(order: Order, data: Mapping[str, object]) -> dict[str, int]:
    units = _units(order, data, "ship")
    if not units:
        raise field_problem(f"ship-{order.lines[0].id}", "nothing_chosen", "Nothing was chosen.")
    return units


def _asked_back(order: Order, data: Mapping[str, object], left: Money) -> dict[str, Any]:
    """What the command is to say: an amount, or units and the delivery, whose worth orders knows.

    Raises Invalid naming the field, also for an amount of more than is left.
    """
    kind = typed(data, "kind")
    if kind == "lines":
        units, delivery = _units(order, data, "refund"), bool(typed(data, "delivery"))
        if not units and not delivery:
            raise field_problem("kind-lines", "nothing_chosen", "Nothing was chosen.")
        return {"lines": units, "delivery": delivery}
    if kind not in {"whole", "amount"}:
        raise field_problem("kind-whole", "required", "Please choose.")
    amount = left
    if kind == "amount":
        amount = typed_amount(typed(data, "amount"), order.currency, field="amount")
    if not amount:
        raise field_problem("amount", "nothing_chosen", "Nothing was chosen.")
    if amount > left:
        raise field_problem("amount", "more_than_captured", "This is more than was captured.")
    return {"amount": amount}
