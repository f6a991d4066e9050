"""What goes to the warehouse on paper: what to take from which shelf, and what lies in the parcel."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import get
from litestar.params import FromPath

from rialto.admin.desk import Desk
from rialto.admin.pages.order import ONE
from rialto.admin.pages.orders import ORDERS
from rialto.admin.rendering import PAGE, page
from rialto.admin.texts import texts_of
from rialto.inventory.api import Inventory, OfOrder
from rialto.kernel.errors import NotFound
from rialto.kernel.http import Injected, requires
from rialto.kernel.ids import ORDER, OrderId
from rialto.kernel.service import Frozen
from rialto.orders.api import Order, OrderRef, Orders, OrdersNamed
from rialto.reporting.api import OrdersQuery, Reporting

# What one round through the warehouse takes in.
ORDERS_MAX = 40


class Pick(Frozen):
    """`quantity` pieces of a SKU from one place, for these orders."""

    warehouse: str
    sku: str
    title: str
    quantity: int
    numbers: list[str]


@get(f"{ORDERS}/pick-list", guards=[requires("orders.read")])
async def pick_list(
    desk: Injected[Desk],
    reporting: Injected[Reporting],
    orders: Injected[Orders],
    *,
    inventory: Injected[Inventory],
) -> PAGE:
    """For the orders that have waited longest."""
    waiting = []
    for stage in ("partly_shipped", "to_ship"):
        query = OrdersQuery(stage=stage, sort="at", limit=ORDERS_MAX)
        waiting += (await reporting.orders(query)).items
    waiting.sort(key=lambda row: row.at)
    named = OrdersNamed(order_ids=[row.id for row in waiting[:ORDERS_MAX]])
    found = (await orders.several(named)).items
    # The list may be a second behind; what was shipped or cancelled since has nothing left here.
    picked = [order for order in found if order.status == "placed"]
    places = {order.id: await _places(order, inventory) for order in picked}
    picks = _picks(picked, places)
    return page(desk, "pages/pick_list.html", section="orders", picks=picks, orders=picked)


@get(f"{ONE}/packing-slip", guards=[requires("orders.read")])
async def packing_slip(order_id: FromPath[str], desk: Injected[Desk], orders: Injected[Orders]) -> PAGE:
    """In the customer's language. With `?shipment=` what went with it, else what is still to go. Raises NotFound."""
    order = await orders.get(OrderRef(order_id=ORDER.parse(order_id), staff=True))
    wanted = desk.asked("shipment")
    units = {line.id: line.quantity - line.shipped for line in order.lines}
    if wanted:
        shipment = next((one for one in order.shipments if one.id == wanted), None)
        if shipment is None:
            raise NotFound
        units = shipment.lines
    return page(
        desk,
        "pages/packing_slip.html",
        section="orders",
        order=order,
        lines=[(line, units[line.id]) for line in order.lines if units.get(line.id)],
        theirs=texts_of(order.language),
    )


async def _places(order: Order, inventory: Inventory) -> dict[str, list[str]]:
    """By SKU the warehouses its pieces were taken from, one entry per piece still in the house."""
    reservation = await inventory.reservation(OfOrder(order_id=order.id))
    found: dict[str, list[str]] = {}
    for allocation in reservation.allocations if reservation else []:
        found.setdefault(allocation.sku, []).extend([allocation.warehouse] * allocation.quantity)
    return found


def _picks(orders: Sequence[Order], places: dict[OrderId, dict[str, list[str]]]) -> list[Pick]:
    """By warehouse and SKU. What was shipped before was taken from the first places."""
    sums: dict[tuple[str, str], tuple[str, list[str]]] = {}
    for order in orders:
        for line in order.lines:
            # Two lines of one SKU share its places.
            shelf = places[order.id].get(line.sku, [])
            ready, shelf[: line.quantity] = shelf[line.shipped : line.quantity], []
            for number in range(line.quantity - line.shipped):
                warehouse = ready[number] if number < len(ready) else ""
                _, numbers = sums.setdefault((warehouse, line.sku), (line.title, []))
                numbers.append(order.number)
    return [
        Pick(
            warehouse=warehouse,
            sku=sku,
            title=title,
            quantity=len(numbers),
            numbers=list(dict.fromkeys(numbers)),
        )
        for (warehouse, sku), (title, numbers) in sorted(sums.items())
    ]
