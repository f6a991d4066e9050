"""Stock at the desk: found, counted by two, and what moved it."""

from __future__ import annotations

import pytest

from rialto.inventory.api import ListMovements, ListStock
from rialto.kernel.errors import Invalid
from tests.admin.merchants_desk import Browser, Form

pytestmark = pytest.mark.anyio


def field(form: Form, sku: str, warehouse: str) -> str:
    """The number of the row of one shelf."""
    rows = [name.removeprefix("sku-") for name in form if name.startswith("sku-")]
    return next(row for row in rows if (form[f"sku-{row}"], form[f"warehouse-{row}"]) == (sku, warehouse))


async def test_stock_is_counted_by_two_and_its_movements_are_told(desk: Browser) -> None:
    shop = desk.shop
    await shop.put_stock("LAMP", 0, "rotterdam")
    await shop.put_stock("LAMP", 9)
    form = await desk.form("/stock", "/admin/stock")
    row = field(form, "LAMP", "berlin")
    assert form[f"count-{row}"] == "9"
    await desk.post("/stock", form | {f"count-{row}": "12"})
    assert await shop.available("LAMP") == 12
    late = await desk.post("/stock", form | {f"count-{row}": "20", "count-0": "77"}, 409)
    assert 'value="20"' in late, "what was typed is still there"
    assert await shop.available("LAMP") == 12, "all or none"
    await desk.post("/stock", form | {f"count-{row}": "many"}, 422)

    await shop.buy("LAMP", 2)
    told = await desk.get("/stock/LAMP")
    for word in ("Counted", "Held", "Sold", "+3", "-2", "/admin/orders/ord_"):
        assert word in told, word
    await desk.get("/stock/UNKNOWN")
    await desk.get("/stock/LAMP?cursor=nonsense")

    await shop.put_stock("LAMP", 2)
    assert "LAMP" in await desk.get("/stock?below=5")
    assert "LAMP" not in await desk.get("/stock?below=1")
    assert "LAMP" in await desk.get("/stock?q=la")
    assert "LAMP" not in await desk.get("/stock?q=l_")


async def test_lists_of_stock_are_read_in_pages(desk: Browser) -> None:
    inventory = desk.shop.inventory
    found, cursor = [], None
    while True:
        page = await inventory.list_stock(ListStock(limit=2, cursor=cursor))
        found += list(dict.fromkeys(level.sku for level in page.items))
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == sorted(set(found))
    assert {"LAMP", "PENCIL"} <= set(found)
    for count in range(1, 6):
        await desk.shop.put_stock("LAMP", count)
    seen, cursor = [], None
    while True:
        moves = await inventory.movements(ListMovements(sku="LAMP", limit=2, cursor=cursor))
        seen += moves.items
        cursor = moves.next_cursor
        if cursor is None:
            break
    shelves = (await inventory.list_stock(ListStock(text="LAMP"))).items
    assert sum(move.on_hand for move in seen) == sum(shelf.on_hand for shelf in shelves)
    assert [move.at for move in seen] == sorted((move.at for move in seen), reverse=True)
    for odd in ("x", "!!!", "e30"):
        with pytest.raises(Invalid):
            await inventory.movements(ListMovements(sku="LAMP", cursor=odd))
    for bad in (ListStock(limit=0), ListStock(below=-1)):
        with pytest.raises(Invalid):
            await inventory.list_stock(bad)
    assert (await inventory.list_stock(ListStock(text="\x00"))).items == []
