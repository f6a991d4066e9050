"""What can be asked of stock: how much there is, and to hold, use up, give back.

A reservation belongs to an order and holds until `expires_at`; it ends exactly once, consumed or released.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from rialto.kernel.errors import Conflict, Invalid, NotFound
from rialto.kernel.ids import OrderId
from rialto.kernel.service import Frozen, Nothing, operation


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
    sku: str
    warehouse: str
    on_hand: int
    reserved: int


class StockLevels(Frozen):
    items: list[StockLevel]


class Warehouse(Frozen):
    """Where stock lies. `code` is its name in every count."""

    code: str
    country: str


class Warehouses(Frozen):
    items: list[Warehouse]


class PutStock(Frozen):
    """Set what is on hand, as counted. The same count again moves nothing."""

    sku: str
    warehouse: str
    on_hand: int
    reason: str = "counted"


class PutStockMany(Frozen):
    items: list[PutStock]


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

    @operation(idempotent=True)
    async def put_stock(self, command: PutStockMany) -> StockLevels:
        """Set counts. Raises UnknownWarehouse; Conflict when a count is below what is reserved."""
        ...
