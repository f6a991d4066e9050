"""Carts and their lines: what is made, added, changed, and what is shown of it."""

from __future__ import annotations

import asyncio

import pytest

from rialto.cart.api import (
    LINES_MAX,
    QUANTITY_MAX,
    AddLine,
    CartLimit,
    CartNotFound,
    CartOrdered,
    CartRef,
    ChangeCode,
    ChangeLine,
    CloseCart,
    CodeNotValid,
    LineNotFound,
    NewCart,
    SkuNotSold,
)
from rialto.kernel.errors import Invalid, TooMany, Unavailable
from rialto.kernel.ids import CART, ORDER, CartId, LineId, bucket_of, to_uuid
from rialto.kernel.money import EUR, USD, Money
from tests.cart.shop import Shop

pytestmark = pytest.mark.anyio


async def test_a_new_cart_speaks_the_channels_defaults(shop: Shop) -> None:
    cart = await shop.carts.create(NewCart(currency="XXX", country="Atlantis", language="tlh"))
    assert (cart.currency, cart.country, cart.language, cart.channel) == (EUR, "DE", "en", "default")
    assert (cart.version, cart.status, cart.lines, cart.totals.total) == (1, "open", [], Money(0, EUR))
    assert await shop.get(cart.id) == cart


async def test_a_new_cart_takes_what_the_channel_has(shop: Shop) -> None:
    cart = await shop.carts.create(NewCart(currency="usd", country="at", language="de"))
    assert (cart.currency, cart.country, cart.language) == (USD, "AT", "de")


async def test_the_channel_is_found_by_host_or_by_its_code(shop: Shop) -> None:
    by_host = await shop.carts.create(NewCart(host="trade.example"))
    by_code = await shop.carts.create(NewCart(host="elsewhere.example", channel="trade"))
    assert (by_host.channel, by_code.channel) == ("trade", "trade")
    assert (by_host.currency, by_host.tax_included) == (USD, False)
    with pytest.raises(Invalid):
        await shop.carts.create(NewCart(channel="nowhere"))


async def test_carts_spread_over_buckets(shop: Shop) -> None:
    carts = [await shop.a_cart() for _ in range(20)]
    assert len({bucket_of(cart.id) for cart in carts}) > 10


async def test_an_added_line_is_shown_priced(shop: Shop) -> None:
    cart = await shop.a_cart()
    answer = await shop.carts.add_line(AddLine(cart_id=cart.id, sku="cup", quantity=2))
    (line,) = answer.lines
    assert (line.sku, line.title, line.options, line.slug) == ("cup", "Cup", {"colour": "red"}, "cup")
    assert (line.quantity, line.unit_price, line.total) == (2, Money(1190, EUR), Money(2380, EUR))
    assert (line.available, line.problem) == (QUANTITY_MAX, None)
    assert (answer.totals.total, answer.totals.tax) == (Money(2380, EUR), Money(380, EUR))
    assert answer.version == 2
    assert await shop.get(cart.id) == answer


async def test_adding_the_same_again_raises_its_quantity(shop: Shop) -> None:
    cart = await shop.a_cart("cup", "lamp", "cup")
    assert [(line.sku, line.quantity) for line in cart.lines] == [("cup", 2), ("lamp", 1)]


async def test_lines_keep_the_order_in_which_they_were_added(shop: Shop) -> None:
    cart = await shop.a_cart("lamp", "book", "cup")
    assert [line.sku for line in (await shop.get(cart.id)).lines] == ["lamp", "book", "cup"]


async def test_titles_come_in_the_language_asked_for(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    german = await shop.carts.get(CartRef(cart_id=cart.id, language="de"))
    klingon = await shop.carts.get(CartRef(cart_id=cart.id, language="tlh"))
    assert (german.lines[0].title, german.lines[0].options) == ("Cup (deutsch)", {"colour": "rot"})
    assert (klingon.lines[0].title, german.language) == ("Cup", "en")


@pytest.mark.parametrize("sku", ["unknown", "", "a\x00b", "\ud800", "x" * 1000])
async def test_what_is_not_sold_cannot_be_added(shop: Shop, sku: str) -> None:
    cart = await shop.a_cart()
    with pytest.raises(SkuNotSold):
        await shop.carts.add_line(AddLine(cart_id=cart.id, sku=sku))
    assert await shop.get(cart.id) == cart


async def test_a_withdrawn_article_cannot_be_added_or_changed_but_removed(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    shop.shelf.withdrawn.add("cup")
    shop.a_moment_later()
    line_id = cart.lines[0].id
    with pytest.raises(SkuNotSold):
        await shop.carts.add_line(AddLine(cart_id=cart.id, sku="cup"))
    with pytest.raises(SkuNotSold):
        await shop.carts.change_line(ChangeLine(cart_id=cart.id, line_id=line_id, quantity=2))
    answer = await shop.carts.change_line(ChangeLine(cart_id=cart.id, line_id=line_id, quantity=0))
    assert answer.lines == []


async def test_a_sold_out_article_may_be_added_and_is_marked(shop: Shop) -> None:
    shop.stock.available["lamp"] = 0
    shop.a_moment_later()
    cart = await shop.a_cart("lamp")
    assert (cart.lines[0].available, cart.lines[0].problem) == (0, "sold_out")


async def test_limits_hold(shop: Shop) -> None:
    shop.shelf.prices |= {f"sku-{n}": 100 for n in range(LINES_MAX)}
    cart = await shop.a_cart(*[f"sku-{n}" for n in range(LINES_MAX)])
    with pytest.raises(CartLimit):
        await shop.carts.add_line(AddLine(cart_id=cart.id, sku="cup"))
    with pytest.raises(CartLimit):
        await shop.carts.add_line(AddLine(cart_id=cart.id, sku="sku-1", quantity=QUANTITY_MAX))
    assert await shop.get(cart.id) == cart


async def test_a_line_is_changed_and_removed(shop: Shop) -> None:
    cart = await shop.a_cart("cup", "lamp")
    line_id = cart.lines[0].id
    changed = await shop.carts.change_line(ChangeLine(cart_id=cart.id, line_id=line_id, quantity=5))
    assert [line.quantity for line in changed.lines] == [5, 1]
    removed = await shop.carts.change_line(ChangeLine(cart_id=cart.id, line_id=line_id, quantity=0))
    assert [line.sku for line in removed.lines] == ["lamp"]
    with pytest.raises(LineNotFound):
        await shop.carts.change_line(ChangeLine(cart_id=cart.id, line_id=line_id, quantity=1))


async def test_the_same_change_again_changes_nothing(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    change = ChangeLine(cart_id=cart.id, line_id=cart.lines[0].id, quantity=3)
    first = await shop.carts.change_line(change)
    assert await shop.carts.change_line(change) == first


async def test_a_removed_article_can_be_added_again(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    await shop.carts.change_line(ChangeLine(cart_id=cart.id, line_id=cart.lines[0].id, quantity=0))
    answer = await shop.carts.add_line(AddLine(cart_id=cart.id, sku="cup"))
    assert [line.quantity for line in answer.lines] == [1]


async def test_a_line_of_another_cart_is_not_found(shop: Shop) -> None:
    mine, theirs = await shop.a_cart("cup"), await shop.a_cart("lamp")
    command = ChangeLine(cart_id=mine.id, line_id=theirs.lines[0].id, quantity=0)
    with pytest.raises(LineNotFound):
        await shop.carts.change_line(command)


@pytest.mark.parametrize(
    "wrong", ["", "cart_", "1", "ord_0000000000000000000000000", "cart_\x00", "c" * 9999]
)
async def test_an_id_that_is_none_finds_no_cart(shop: Shop, wrong: str) -> None:
    with pytest.raises(CartNotFound):
        await shop.get(CartId(wrong))
    with pytest.raises(CartNotFound):
        await shop.carts.add_line(AddLine(cart_id=CartId(wrong), sku="cup"))


async def test_an_id_with_another_bucket_finds_no_cart(shop: Shop) -> None:
    cart = await shop.a_cart()
    stored = to_uuid(cart.id)
    moved = CART.of(type(stored)(int=stored.int ^ (1 << 64)))
    with pytest.raises(CartNotFound):
        await shop.get(moved)


async def test_a_line_id_that_is_none_finds_no_line(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    with pytest.raises(LineNotFound):
        await shop.carts.change_line(ChangeLine(cart_id=cart.id, line_id=LineId("\x00"), quantity=1))


async def test_adds_at_once_all_count(shop: Shop) -> None:
    cart = await shop.a_cart()
    add = AddLine(cart_id=cart.id, sku="cup")
    await asyncio.gather(*[shop.carts.add_line(add) for _ in range(20)])
    assert (await shop.get(cart.id)).lines[0].quantity == 20


async def test_adds_in_two_processes_at_once_all_count(shop: Shop) -> None:
    cart = await shop.a_cart()
    workers = (shop.carts, shop.another_process())
    adds = [
        worker.add_line(AddLine(cart_id=cart.id, sku=sku))
        for worker in workers
        for sku in ("cup", "lamp") * 3
    ]
    await asyncio.gather(*adds)
    lines = (await shop.get(cart.id)).lines
    assert sorted((line.sku, line.quantity) for line in lines) == [("cup", 6), ("lamp", 6)]


async def test_a_change_overtaken_by_another_process_is_worked_out_again(shop: Shop) -> None:
    cart = await shop.a_cart()
    other = shop.another_process()

    async def somebody_adds_too() -> None:
        shop.till.meanwhile = None
        await other.add_line(AddLine(cart_id=cart.id, sku="cup", quantity=2))

    shop.till.meanwhile = somebody_adds_too
    answer = await shop.carts.add_line(AddLine(cart_id=cart.id, sku="cup", quantity=5))
    assert [line.quantity for line in answer.lines] == [7]
    assert await shop.get(cart.id) == answer


async def test_a_change_overtaken_by_the_order_is_refused(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    order_id = ORDER.new(shop.env.ids, bucket_of(cart.id))

    async def it_is_ordered() -> None:
        shop.till.meanwhile = None
        await shop.another_process().close(CloseCart(cart_id=cart.id, order_id=order_id))

    shop.till.meanwhile = it_is_ordered
    with pytest.raises(CartOrdered):
        await shop.carts.add_line(AddLine(cart_id=cart.id, sku="lamp"))
    assert [line.sku for line in (await shop.get(cart.id)).lines] == ["cup"]


async def test_a_change_that_is_always_overtaken_gives_up_politely(shop: Shop) -> None:
    cart = await shop.a_cart("cup")

    async def somebody_is_faster() -> None:
        async with shop.env.db.write() as session:
            await session.run("UPDATE carts SET version = version + 1")

    shop.till.meanwhile = somebody_is_faster
    with pytest.raises(TooMany) as refused:
        await shop.carts.add_line(AddLine(cart_id=cart.id, sku="cup"))
    assert refused.value.stable_code == "cart_busy"
    shop.till.meanwhile = None
    assert (await shop.get(cart.id)).lines == cart.lines


async def test_no_code_is_valid_and_taking_one_off_changes_nothing(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    with pytest.raises(CodeNotValid):
        await shop.carts.add_code(ChangeCode(cart_id=cart.id, code="WELCOME"))
    assert await shop.carts.remove_code(ChangeCode(cart_id=cart.id, code="WELCOME")) == cart


@pytest.mark.parametrize("silent", ["shelf", "stock", "till"])
async def test_when_a_peer_does_not_answer_nothing_is_changed(shop: Shop, silent: str) -> None:
    cart = await shop.a_cart("cup")
    getattr(shop, silent).reached = False
    shop.a_moment_later()
    with pytest.raises(Unavailable):
        await shop.carts.add_line(AddLine(cart_id=cart.id, sku="lamp"))
    with pytest.raises(Unavailable):
        await shop.get(cart.id)
    getattr(shop, silent).reached = True
    assert await shop.get(cart.id) == cart
