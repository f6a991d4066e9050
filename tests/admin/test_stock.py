"""Stock at the desk: found, counted by two, and what moved it."""

from __future__ import annotations

import re
from html import unescape

import pytest

from rialto.inventory.api import LevelsOf, ListMovements, ListStock
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


async def test_from_how_many_on_an_article_is_low_is_set_beside_its_counts(desk: Browser) -> None:
    shop = desk.shop
    await shop.put_stock("LAMP", 0, "rotterdam")
    await shop.put_stock("LAMP", 40)
    form = await desk.form("/stock", "/admin/stock")
    row = next(name.removeprefix("low-sku-") for name in form if form[name] == "LAMP" and "low-sku" in name)
    assert form[f"low-{row}"] == "3"
    assert "LAMP" not in await desk.get("/stock?below=low")
    await desk.post("/stock", form | {f"low-{row}": "many"}, 422)
    await desk.post("/stock", form | {f"low-{row}": "60"})
    assert await shop.available("LAMP") == 40
    assert "LAMP" in await desk.get("/stock?below=low")
    await shop.settle()
    assert "LAMP" in await desk.get("")
    await desk.post("/stock", form | {f"low-{row}": "10", f"low-shown-{row}": "60"})
    await shop.settle()
    assert "LAMP" not in await desk.get("/stock?below=low")


def hidden_changes(page: str) -> str:
    found = re.search(r'name="changes" value="([^"]*)"', page)
    assert found is not None
    return unescape(found[1])


async def on_hand(desk: Browser, sku: str) -> dict[str, int]:
    levels = (await desk.shop.inventory.stock(LevelsOf(skus=[sku]))).items
    return {level.warehouse: level.on_hand for level in levels}


async def test_many_counts_are_pasted_shown_set_and_taken_back(desk: Browser) -> None:
    shop = desk.shop
    await shop.put_stock("LAMP", 40)
    await shop.put_stock("PENCIL", 900)
    await desk.get("/counts")
    pasted = "SKU;warehouse;on hand\nLAMP;berlin;7\n\nPENCIL\tberlin\t900\nLAMP, rotterdam, 5\nNEW-1,berlin,2"
    page = await desk.post("/counts/preview", {"counts": pasted}, 200)
    assert "3 counts would change" in page
    assert "never counted before" in page
    assert (await on_hand(desk, "LAMP"))["berlin"] == 40, "looking changes nothing"
    await shop.put_stock("LAMP", 6, "rotterdam")
    done = await desk.post("/counts", {"changes": hidden_changes(page)}, 200)
    assert "2 counts are set." in done
    assert "LAMP, rotterdam: " in done
    assert (await on_hand(desk, "LAMP"), await on_hand(desk, "NEW-1")) == (
        {"berlin": 7, "rotterdam": 6},
        {"berlin": 2},
    )
    again = await desk.post("/counts", {"changes": hidden_changes(page)}, 200)
    assert "set." not in again
    undone = await desk.post("/counts", {"changes": hidden_changes(done)}, 200)
    assert "2 counts are set." in undone
    assert (await on_hand(desk, "LAMP"))["berlin"] == 40


async def test_taking_back_leaves_alone_what_moved_meanwhile_even_if_as_much_is_there(desk: Browser) -> None:
    shop = desk.shop
    await shop.put_stock("LAMP", 0, "rotterdam")
    await shop.put_stock("LAMP", 40)
    await shop.put_stock("PENCIL", 900)
    page = await desk.post("/counts/preview", {"counts": "LAMP,berlin,30\nPENCIL,berlin,800"}, 200)
    done = await desk.post("/counts", {"changes": hidden_changes(page)}, 200)
    await shop.put_stock("LAMP", 31)
    await shop.put_stock("LAMP", 30)
    undone = await desk.post("/counts", {"changes": hidden_changes(done)}, 200)
    assert "These were left alone" in undone
    assert (await on_hand(desk, "LAMP"))["berlin"] == 30
    assert (await on_hand(desk, "PENCIL"))["berlin"] == 900


async def test_the_stock_pages_form_is_looked_at_first_by_its_other_button(desk: Browser) -> None:
    await desk.shop.put_stock("LAMP", 40)
    form = await desk.form("/stock", "/admin/stock")
    row = field(form, "LAMP", "berlin")
    page = await desk.post("/counts/preview", form | {f"count-{row}": "41"}, 200)
    assert "1 count would change" in page
    await desk.post("/counts/preview", form | {f"count-{row}": "many"}, 422)
    assert "Nothing would change" in await desk.post("/counts/preview", form, 200)
    assert (await on_hand(desk, "LAMP"))["berlin"] == 40


async def test_pasted_lines_that_are_no_counts_are_told_with_their_numbers(desk: Browser) -> None:
    pasted = "LAMP,berlin,5\nLAMP,berlin\nLAMP,moon,5\nLAMP,berlin,6\nLAMP,berlin,-1\nLAMP;;7"
    page = await desk.post("/counts/preview", {"counts": pasted}, 422)
    for told in ("Line 2 is no count", "Line 3 names", "Line 4 counts", "Line 5 is no", "Line 6 names"):
        assert told in page, told
    assert 'name="changes"' not in page
    many = "\n".join(f"SKU-{number},berlin,1" for number in range(201))
    assert "at most 200" in await desk.post("/counts/preview", {"counts": many}, 422)
    for odd in ("", "nonsense", "[{}]", "[]"):
        await desk.post("/counts", {"changes": odd}, 200)
    await desk.post("/counts/preview", {}, 200)


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
