"""What cannot become an order is refused, by name, before anything is stored; and once put right it goes through."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from rialto.cart.api import AddLine, CartNotFound, CartRef, NewCart, SetAddress, SetDelivery
from rialto.catalog.api import Catalog, PutProduct
from rialto.inventory.api import OutOfStock
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Conflict, Invalid
from rialto.kernel.ids import CART, CartId
from rialto.kernel.money import EUR, USD, Money
from rialto.orders.api import (
    AddressMissing,
    CartEmpty,
    DeliveryMissing,
    PaymentMissing,
    PriceChanged,
    Tender,
)
from rialto.payments.api import CardNumberRefused, ProviderUnknown
from tests.orders.counter import a_counter, orders_stored, sandbox, story, work
from tests.support.goods import GOODS, draft_of
from tests.support.provider import provider_books
from tests.support.shop import ADDRESS, Shop, place_order

pytestmark = pytest.mark.anyio

DELIVERY = 490
LAMP = GOODS["LAMP"][0]


async def an_empty_cart(shop: Shop) -> CartId:
    return (await shop.carts.create(NewCart(currency="EUR", country="DE", language="en"))).id


async def a_cart_that_is_asked_step_by_step(shop: Shop, cart: CartId) -> None:
    """Each step that is missing is asked for, in the order of the pages; the same key goes through in the end."""
    with pytest.raises(CartEmpty):
        await shop.checkout(cart, key="once")
    await shop.carts.add_line(AddLine(cart_id=cart, sku="LAMP"))
    with pytest.raises(AddressMissing):
        await shop.checkout(cart, key="once")
    await shop.carts.set_address(SetAddress(cart_id=cart, email="ada@example.org", shipping=ADDRESS))
    with pytest.raises(DeliveryMissing):
        await shop.checkout(cart, key="once")
    options = await shop.carts.delivery_options(CartRef(cart_id=cart))
    await shop.carts.set_delivery(SetDelivery(cart_id=cart, option_id=options.items[0].id))
    with pytest.raises(PaymentMissing):
        await shop.checkout(cart, [], key="once")


async def test_what_is_missing_is_named_and_nothing_is_stored_until_all_is_there(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres) as shop:
        cart = await an_empty_cart(shop)
        await a_cart_that_is_asked_step_by_step(shop, cart)
        assert await orders_stored(shop) == 0
        assert await shop.sql("SELECT key FROM orders.idempotency") == []
        assert (await shop.checkout(cart, key="once")).outcome == "placed"


async def test_a_cart_that_does_not_exist_is_not_found(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        with pytest.raises(CartNotFound):
            await shop.checkout(CART.new(shop.app.engines.ids, 5))


async def test_a_changed_price_comes_with_the_new_quote_and_is_accepted_by_sending_it_again(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres) as shop:
        cart = await shop.cart({"LAMP": 2})
        await shop.set_price("LAMP", 5100)
        with pytest.raises(PriceChanged) as refused:
            await shop.checkout(cart, key="once")
        assert refused.value.extra["totals"]["items"] == {"amount": 2 * 5100, "currency": "EUR"}
        assert await orders_stored(shop) == 0
        answer = await shop.checkout(cart, key="once")
        assert msgspec.to_builtins(answer.order.totals) == refused.value.extra["totals"]


@pytest.mark.parametrize("off", [-1, 1])
async def test_another_total_than_the_one_expected_is_a_changed_price(
    postgres: DatabaseAddress, off: int
) -> None:
    async with a_counter(postgres) as shop:
        cart = await shop.cart({"LAMP": 1})
        asked = place_order(cart, "tok_success", "once")
        wrong = msgspec.structs.replace(asked, expected_total=Money(LAMP + DELIVERY + off, EUR))
        for _ in range(2):  # it stays wrong, however often it is sent
            with pytest.raises(PriceChanged) as refused:
                await shop.orders.checkout(wrong)
            assert refused.value.extra["totals"]["total"] == {"amount": LAMP + DELIVERY, "currency": "EUR"}
        right = msgspec.structs.replace(asked, expected_total=Money(LAMP + DELIVERY, EUR))
        assert (await shop.orders.checkout(right)).outcome == "placed"


async def test_what_is_short_is_named_with_what_is_there_and_nothing_is_held(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres) as shop:
        cart = await shop.cart({"LAMP": 3, "VASE": 3, "BOWL": 1})
        await shop.put_stock("VASE", 0, "berlin")
        await shop.put_stock("BOWL", 0, "rotterdam")
        shop.clock.advance(2)  # a count that is shown may be a second old
        with pytest.raises(OutOfStock) as refused:
            await shop.checkout(cart)
        assert sorted(refused.value.extra["items"], key=lambda item: str(item["sku"])) == [
            {"sku": "BOWL", "requested": 1, "available": 0},
            {"sku": "VASE", "requested": 3, "available": 1},
        ]
        assert await shop.available("LAMP") == 20
        assert await orders_stored(shop) == 0


async def test_a_count_that_is_remembered_lets_nobody_have_what_is_gone(postgres: DatabaseAddress) -> None:
    """Within that second the check lets the cart pass and the reservation decides: the refusal is the same."""
    async with a_counter(postgres) as shop:
        cart = await shop.cart({"LAMP": 3, "BOWL": 1})
        await shop.put_stock("BOWL", 0, "rotterdam")
        for _ in range(2):
            with pytest.raises(OutOfStock) as refused:
                await shop.checkout(cart, key="once")
            assert refused.value.extra["items"] == [{"sku": "BOWL", "requested": 1, "available": 0}]
        assert await shop.available("LAMP") == 20
        assert await work(shop) == 0
        assert await shop.audit() == []


async def test_what_is_not_sold_any_more_is_refused(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        cart = await shop.cart({"LAMP": 1})
        draft = msgspec.structs.replace(draft_of("LAMP", LAMP), published=False)
        await shop.app[Catalog].put_product(PutProduct(draft=draft))
        with pytest.raises(Conflict) as refused:
            await shop.checkout(cart)
        assert refused.value.stable_code == "not_sold"


async def test_a_card_number_is_refused_in_whichever_payment_it_stands_and_kept_nowhere(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres) as shop:
        cart = await shop.cart({"LAMP": 1})
        for number in ("4242424242424242", "4242 4242 4242 4242", "5555-5555-5555-4444"):
            for tenders in (
                [sandbox(number)],
                [sandbox(number, 1000), sandbox("tok_success")],
                [sandbox("tok_success", 1000), sandbox(number)],
            ):
                with pytest.raises(CardNumberRefused):
                    await shop.checkout(cart, tenders)
        assert await orders_stored(shop) == 0
        assert await shop.sql("SELECT key FROM orders.idempotency") == []
        assert provider_books(shop.sandbox) == []


TOTAL = LAMP + DELIVERY
UNFIT: dict[str, Sequence[Tender]] = {
    "too little": [sandbox("tok_success", TOTAL - 1)],
    "too much": [sandbox("tok_success", TOTAL + 1)],
    "too much together": [sandbox("tok_success", TOTAL), sandbox("tok_success", 1)],
    "nothing left for the open one": [sandbox("tok_success", TOTAL), sandbox("tok_success")],
    "two open ones": [sandbox("tok_success"), sandbox("tok_success")],
    "six": [*[sandbox("tok_success", 1)] * 5, sandbox("tok_success")],
    "one of nothing": [sandbox("tok_success", 0), sandbox("tok_success")],
    "one below nothing": [sandbox("tok_success", -1), sandbox("tok_success")],
    "another currency": [
        Tender(provider="sandbox", token="tok_success", amount=Money(TOTAL, USD)),
    ],
    "a provider that is no text": [Tender(provider="\x00", token="tok_success")],
    "a token that is no text": [Tender(provider="sandbox", token="tok\x00")],
}


async def test_payments_that_do_not_fit_the_total_are_refused(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        cart = await shop.cart({"LAMP": 1})
        for what, tenders in UNFIT.items():
            with pytest.raises(Invalid) as refused:
                await shop.checkout(cart, tenders)
            assert refused.value.stable_code == "payments_not_valid", what
        assert await orders_stored(shop) == 0


async def test_payments_that_sum_to_the_total_are_each_authorised(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        for tenders in (
            [sandbox("tok_success", 1000), sandbox("tok_success", TOTAL - 1000)],
            [sandbox("tok_success", 1000), sandbox("tok_success")],
            [sandbox("tok_success"), sandbox("tok_success", TOTAL - 1000)],
        ):
            assert (await shop.checkout(await shop.cart({"LAMP": 1}), tenders)).outcome == "placed"
        assert [held.open for held in provider_books(shop.sandbox)] == [1000, TOTAL - 1000] * 3
        assert await shop.audit() == []


async def test_a_provider_that_this_shop_does_not_have_is_refused_and_the_cart_stays_open(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres) as shop:
        cart = await shop.cart({"BOWL": 1})
        asked = [Tender(provider="moon", token="tok_success")]
        for _ in range(2):  # a repeat hears the same
            with pytest.raises(ProviderUnknown):
                await shop.checkout(cart, asked, key="once")
        assert await shop.available("BOWL") == 1
        assert (await shop.checkout(cart, key="another")).outcome == "placed"
        assert await work(shop) == 0
        assert await shop.audit() == []


async def test_stock_that_went_after_the_check_is_named_and_the_cart_is_open_again(
    postgres: DatabaseAddress,
) -> None:
    """Two carts for the last one pass the check together; the reservation decides, and the answer is the same again."""
    async with a_counter(postgres) as shop:
        handlers = shop.app.handlers["orders"]
        cart, rival = await shop.cart({"BOWL": 1}), await shop.cart({"BOWL": 1})
        asked = place_order(cart, "tok_success", "once")
        start = await handlers._prepare(asked)
        assert (await shop.checkout(rival)).outcome == "placed"
        await handlers.starter.submit(start)
        await work(shop)
        for _ in range(2):
            with pytest.raises(OutOfStock) as refused:
                await shop.orders.checkout(asked)
            assert refused.value.extra["items"] == [{"sku": "BOWL", "requested": 1, "available": 0}]
        await shop.put_stock("BOWL", 1, "rotterdam")
        answer = await shop.checkout(cart, key="another")
        assert await story(shop, answer) == ["started", "placed"]
        assert await shop.audit() == []
