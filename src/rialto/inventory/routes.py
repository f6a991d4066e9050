"""Stock on the web: staff only."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import get, put
from litestar.params import FromPath, JSONBody, QueryParameter

from rialto.inventory.api import Inventory, LevelsOf, PutStock, PutStockMany, StockLevels, UnknownWarehouse
from rialto.kernel.errors import Conflict
from rialto.kernel.http import Injected, about, requires
from rialto.kernel.service import Frozen

Sku = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
BELOW_RESERVED = Conflict("Less than what is reserved for orders.", code="stock_below_reserved")


class StockCount(Frozen):
    """`on_hand` is what was counted in the warehouse.

    `low_at`: with this many left over all warehouses, or fewer, staff are told that the SKU is low. Without it that stays
    as it is; at first it is 3.
    """

    warehouse: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    on_hand: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
    low_at: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] | None = None


@get(
    "/v1/admin/stock",
    guards=[requires("inventory.read")],
    **about("read_stock", "See what is on hand", tag="staff: stock"),
)
async def read_stock(
    inventory: Injected[Inventory],
    sku: Annotated[list[Sku], QueryParameter(description="One or several SKUs.", max_items=100)],
) -> StockLevels:
    """Per warehouse what is on hand and how much of it is reserved. Unknown SKUs are left out."""
    return await inventory.stock(LevelsOf(skus=sku))


@put(
    "/v1/admin/stock/{sku:str}",
    guards=[requires("inventory.write")],
    **about(
        "put_stock", "Set what is on hand", tag="staff: stock", refuses=[UnknownWarehouse, BELOW_RESERVED]
    ),
)
async def put_stock(
    sku: FromPath[str], data: JSONBody[StockCount], inventory: Injected[Inventory]
) -> StockLevels:
    """As counted in one warehouse. Less than what is reserved for orders is refused."""
    return await inventory.put_stock(
        PutStockMany(
            items=[PutStock(sku=sku, warehouse=data.warehouse, on_hand=data.on_hand)],
            low_at={} if data.low_at is None else {sku: data.low_at},
        )
    )


ROUTES = [read_stock, put_stock]
