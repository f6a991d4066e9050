"""What can be asked of stock: how much there is, and to hold, use up, give back.

A reservation belongs to an order and holds until `expires_at`; it ends exactly once, consumed or released.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from rialto.inventory.events import FEW_LEFT_MAX
from rialto.kernel.errors import Conflict, Invalid, NotFound, VersionConflict
from rialto.kernel.ids import OrderId
from rialto.kernel.service import Frozen, Nothing, operation

# Where staff set no number for a SKU.
LOW_AT = FEW_LEFT_MAX


class OutOfStock(Conflict):
    """`extra["items"]` names each short SKU with what was asked and what is available."""

    code = "out_of_stock"
    message = "Some of this is not in stock any more."


class ReservationGone(Conflict):
    """It was released (or never made): whatever relied on it must be undone."""

    code = "reservation_gone"
    message = "The stock held for this order was given back."


class UnknownSku(NotFound):
    message = "There is no stock record of this SKU."


class UnknownWarehouse(Invalid):
    code = "warehouse_unknown"
    message = "There is no such warehouse."


class ReturnRefused(Conflict):
    """More came back than the order has taken, or the same step brought something else before."""

    code = "return_refused"
    message = "This cannot have come back from the order."


class StockLine(Frozen):
    sku: str
    quantity: int


class Reserve(Frozen):
    """All or nothing. `country` lets nearer warehouses come first. Idempotent by order id."""

    order_id: OrderId
    lines: list[StockLine]
    expires_at: datetime
    country: str | None = None


class Allocation(Frozen):
    sku: str
    warehouse: str
    quantity: int


class Reservation(Frozen):
    """`state` is held, consumed, released (before consumption) or restocked (after it)."""

    order_id: OrderId
    state: str
    expires_at: datetime
    allocations: list[Allocation]


class OfOrder(Frozen):
    order_id: OrderId


class Levels(Frozen):
    """Availability by SKU over all warehouses: on hand − reserved. Unknown SKUs are absent."""

    available: dict[str, int]


class LevelsOf(Frozen):
    skus: list[str]


class StockLevel(Frozen):
    """One shelf. `low_at` is the SKU's: with this many left over all warehouses, or fewer, staff are told of it."""

    sku: str
    warehouse: str
    on_hand: int
    reserved: int
    low_at: int = LOW_AT


class StockLevels(Frozen):
    """`set_at` is when counts were set, where they were."""

    items: list[StockLevel]
    set_at: datetime | None = None


class Warehouse(Frozen):
    """Where stock lies. `code` is its name in every count."""

    code: str
    country: str


class Warehouses(Frozen):
    items: list[Warehouse]


class PutStock(Frozen):
    """Set what is on hand, as counted. The same count again moves nothing.

    `expected` is what was on hand when it was looked at; None: whatever is there. `unmoved_since`: only if nothing came or
    went on the shelf after this instant, also if as much is there again.
    """

    sku: str
    warehouse: str
    on_hand: int
    reason: str = "counted"
    expected: int | None = None
    unmoved_since: datetime | None = None


class PutStockMany(Frozen):
    """`low_at` sets by SKU from how many on it is low; what is not named stays as it is."""

    items: list[PutStock]
    low_at: dict[str, int] = {}


class StockChanged(VersionConflict):
    message = "What is on hand changed in the meantime; count again."


class ListStock(Frozen):
    """SKUs in their order, those that begin with `text` in any case. `below`: of which less can be sold, all together.

    `low`: those of which no more is left than their own number.
    """

    text: str = ""
    low: bool = False
    below: int | None = None
    cursor: str | None = None
    limit: int = 50


class StockPage(Frozen):
    """All shelves of each SKU of the page. `warehouses` are all there are, in their order."""

    items: list[StockLevel]
    warehouses: list[str]
    next_cursor: str | None = None


class ListMovements(Frozen):
    sku: str
    cursor: str | None = None
    limit: int = 50


class ReturnedLine(Frozen):
    """`line_id` is the order's: a SKU may stand in several."""

    line_id: str
    sku: str
    quantity: int


class TakeBack(Frozen):
    """Units of an order that came back and can be sold again, onto the shelves of one warehouse."""

    order_id: OrderId
    step: str
    warehouse: str
    lines: list[ReturnedLine]


class TakenBack(Frozen):
    """All that an order brought back into stock, over all steps."""

    items: list[Allocation]


class StockMovement(Frozen):
    """`kind` is correction, reserve, consume, release, restock or return; `on_hand` and `reserved` are differences."""

    warehouse: str
    kind: str
    on_hand: int
    reserved: int
    at: datetime
    order_id: OrderId | None = None
    reason: str = ""


class MovementList(Frozen):
    items: list[StockMovement]
    next_cursor: str | None = None


class Inventory(Protocol):
    """Stock. Its last fence is in the database: available never falls below zero."""

    @operation(idempotent=True)
    async def reserve(self, command: Reserve) -> Reservation:
        """Hold stock for an order. The same order again: the reservation as it stands now.

        Raises OutOfStock (nothing held), ReservationGone when it was made and has been released since.
        """
        ...

    @operation(idempotent=True)
    async def consume(self, command: OfOrder) -> Reservation:
        """Use up what is held: on hand falls. Again: unchanged. Raises ReservationGone."""
        ...

    @operation(idempotent=True)
    async def release(self, command: OfOrder) -> Reservation | None:
        """Give back what is held, or put back what was consumed. Again, or never reserved: unchanged.

        After this a late `reserve` or `consume` for the order raises ReservationGone: a tombstone is kept.
        """
        ...

    @operation(idempotent=True)
    async def take_back(self, command: TakeBack) -> TakenBack:
        """Put what came back on the shelves: on hand rises. Once per (order, line, step); again: unchanged.

        Raises UnknownWarehouse, Invalid, and ReturnRefused for more than the order has used up, or for a step that
        brought something else before; then nothing moves.
        """
        ...

    @operation(idempotent=True)
    async def taken_back(self, command: OfOrder) -> TakenBack: ...

    @operation(idempotent=True)
    async def reservation(self, command: OfOrder) -> Reservation | None:
        """As it stands; None when there never was one."""
        ...

    @operation(idempotent=True)
    async def levels(self, command: LevelsOf) -> Levels: ...

    @operation(idempotent=True)
    async def stock(self, command: LevelsOf) -> StockLevels:
        """Per warehouse, for staff. At most 200 SKUs."""
        ...

    @operation(idempotent=True)
    async def warehouses(self, command: Nothing) -> Warehouses:
        """All of them, in the merchant's order."""
        ...

    @operation(idempotent=True, timeout_s=30)
    async def put_stock(self, command: PutStockMany) -> StockLevels:
        """Set counts, all or none. Raises UnknownWarehouse, UnknownSku, StockChanged; Conflict for less than is reserved."""
        ...

    @operation(idempotent=True)
    async def list_stock(self, command: ListStock) -> StockPage:
        """For staff, in pages. Raises Invalid for a limit or bound out of range."""
        ...

    @operation(idempotent=True)
    async def movements(self, command: ListMovements) -> MovementList:
        """What moved a SKU's stock, the newest first. Raises Invalid for a cursor that is none of ours."""
        ...
