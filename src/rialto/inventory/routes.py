"""Stock on the web: staff only."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import get, put
from litestar.params import Parameter

from rialto.inventory.api import Inventory, LevelsOf, PutStock, PutStockMany, StockLevels
from rialto.kernel.http import Injected, requires
from rialto.kernel.service import Frozen


class StockCount(Frozen):
    """`on_hand` is what was counted in the warehouse."""

    warehouse: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    on_hand: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


@get("/v1/admin/stock", guards=[requires("inventory.read")], summary="Stock per warehouse")
async def read_stock(
    inventory: Injected[Inventory],
    sku: Annotated[list[str], Parameter(description="One or several SKUs.", max_items=100)],
) -> StockLevels:
    return await inventory.stock(LevelsOf(skus=sku))


@put("/v1/admin/stock/{sku:str}", guards=[requires("inventory.write")], summary="Set what is on hand")
async def put_stock(sku: str, data: StockCount, inventory: Injected[Inventory]) -> StockLevels:
    return await inventory.put_stock(
        PutStockMany(items=[PutStock(sku=sku, warehouse=data.warehouse, on_hand=data.on_hand)])
    )


ROUTES = [read_stock, put_stock]
