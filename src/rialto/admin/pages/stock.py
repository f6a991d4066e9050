"""Stock: what is on hand where, counts set for many articles at once, and what moved it."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from rialto.admin.desk import HOME, AnyRequest, Desk
from rialto.admin.forms import Reading, Values, read_values
from rialto.admin.problems import Problem, problems_of, status_of
from rialto.admin.rendering import PAGE, go, page
from rialto.admin.tables import Choice, Column, Filter, read_listing
from rialto.inventory.api import (
    Inventory,
    LevelsOf,
    ListMovements,
    ListStock,
    MovementList,
    PutStock,
    PutStockMany,
    StockPage,
)
from rialto.kernel.errors import Invalid, RialtoError
from rialto.kernel.http import Injected, requires

LIST = f"{HOME}/stock"
READ = [requires("inventory.read")]
WRITE = [requires("inventory.write")]
PAGE_SIZE = 50
BOUNDS = (1, 5, 20, 100)
LOW = "low"
BELOW = frozenset({LOW, *map(str, BOUNDS)})


@get(LIST, guards=READ)
async def list_stock(desk: Injected[Desk], inventory: Injected[Inventory]) -> PAGE:
    """By SKU; narrowed to those of which few are left."""
    return await _list(desk, inventory)


@post(LIST, guards=WRITE, status_code=200)
async def count(request: AnyRequest, desk: Injected[Desk], inventory: Injected[Inventory]) -> PAGE | Redirect:
    """Of the counts on the page those that were changed, all or none, each based on what was shown."""
    values = await read_values(request)
    reading = Reading(values)
    try:
        counts, low_at = read_counts(reading), _low_at(reading)
        reading.end()
        if counts or low_at:
            await inventory.put_stock(PutStockMany(items=counts, low_at=low_at))
    except RialtoError as error:
        return await _list(desk, inventory, values=values, error=error)
    back = "&".join(f"{name}={value}" for name, value in desk.query if name == "below" and value in BELOW)
    return go(f"{LIST}?{back}{'&' if back else ''}done=stock_counted")


@get(f"{LIST}/{{sku:str}}", guards=READ)
async def show_movements(desk: Injected[Desk], inventory: Injected[Inventory], sku: FromPath[str]) -> PAGE:
    """What moved one article's stock, the newest first."""
    listing = read_listing(desk, [], sorts=["newest"])
    levels = (await inventory.stock(LevelsOf(skus=[sku]))).items
    found = await _movements(inventory, sku, listing.cursor)
    columns = [
        Column(label=desk.texts(f"stock.{name}"), numeric=name in {"on_hand", "reserved"})
        for name in ("at", "kind", "warehouse", "on_hand", "reserved", "order")
    ]
    return page(
        desk,
        "pages/stock/movements.html",
        section="stock",
        sku=sku,
        levels=levels,
        listing=listing,
        columns=columns,
        movements=found.items,
        next_cursor=found.next_cursor,
    )


def read_counts(reading: Reading) -> list[PutStock]:
    """Fields are `count-0`, with what they are about beside them; those left as shown are not counted."""
    found = []
    for row in range(PAGE_SIZE * 20):
        if f"count-{row}" not in reading.values:
            break
        typed, shown = reading.number_or_none(f"count-{row}"), reading.number_or_none(f"shown-{row}")
        if typed is None or typed == (shown or 0):
            continue
        found.append(
            PutStock(
                sku=reading.text(f"sku-{row}"),
                warehouse=reading.text(f"warehouse-{row}"),
                on_hand=typed,
                expected=shown or 0,
            )
        )
    return found


def _low_at(reading: Reading) -> dict[str, int]:
    """By SKU from how many on it is low; fields are `low-0` with what was shown beside them."""
    found = {}
    for row in range(PAGE_SIZE):
        if f"low-{row}" not in reading.values:
            break
        typed = reading.number_or_none(f"low-{row}")
        if typed is not None and typed != reading.number_or_none(f"low-shown-{row}"):
            found[reading.text(f"low-sku-{row}")] = typed
    return found


async def _list(
    desk: Desk, inventory: Inventory, *, values: Values | None = None, error: RialtoError | None = None
) -> PAGE:
    listing = read_listing(desk, ["q", "below"], sorts=["sku"])
    below = listing.value("below")
    command = ListStock(
        text=listing.value("q"),
        below=int(below) if below in BELOW - {LOW} else None,
        low=below == LOW,
        cursor=listing.cursor,
        limit=PAGE_SIZE,
    )
    found = await inventory.list_stock(command)
    texts = desk.texts
    bounds = [Choice(value=LOW, label=texts("stock.below_own"))]
    bounds += [Choice(value=str(bound), label=texts("stock.below_bound", n=bound)) for bound in BOUNDS]
    problems: list[Problem] = [] if error is None else problems_of(error, texts)
    return page(
        desk,
        "pages/stock/list.html",
        section="stock",
        status=200 if error is None else status_of(error),
        listing=listing,
        filters=[Filter(name="below", label=texts("stock.below"), choices=bounds)],
        warehouses=found.warehouses,
        rows=_rows(found),
        values=values or {},
        next_cursor=found.next_cursor,
        problems=problems,
    )


def _rows(found: StockPage) -> list[dict[str, Any]]:
    """A row for each SKU, with a shelf for each warehouse; one that is not there yet is empty."""
    levels = {(level.sku, level.warehouse): level for level in found.items}
    skus = dict.fromkeys(level.sku for level in found.items)
    return [
        {
            "sku": sku,
            "low_at": next(level.low_at for level in found.items if level.sku == sku),
            "available": sum(level.on_hand - level.reserved for level in found.items if level.sku == sku),
            "reserved": sum(level.reserved for level in found.items if level.sku == sku),
            "shelves": [
                (warehouse, levels[sku, warehouse].on_hand if (sku, warehouse) in levels else 0)
                for warehouse in found.warehouses
            ],
        }
        for sku in skus
    ]


async def _movements(inventory: Inventory, sku: str, cursor: str | None) -> MovementList:
    """A cursor that is none of ours leads to the beginning."""
    try:
        return await inventory.movements(ListMovements(sku=sku, cursor=cursor, limit=PAGE_SIZE))
    except Invalid:
        return await inventory.movements(ListMovements(sku=sku, limit=PAGE_SIZE))


ROUTES: list[Any] = [list_stock, count, show_movements]
