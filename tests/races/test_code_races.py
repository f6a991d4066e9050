"""Orders with codes: one wins where one may, and a code comes back with an order that ends."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from rialto.cart.api import CartRef, ChangeCode
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.ids import ACCOUNT, CartId
from rialto.orders.api import CancelOrder, OrderRef
from rialto.pricing.api import Conditions, PercentOff, Pricing, Promotion, PutPromotion, PutVoucher, Voucher
from rialto.sandbox.model import Decision
from tests.support.shop import Shop, a_shop, outcome_of

pytestmark = pytest.mark.anyio


class Sale:
    """A shop with 10 % off for who has the code."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    async def put(self, **limits: Any) -> None:
        pricing = self.shop.app[Pricing]
        promotion = Promotion(
            id="sale",
            title={"en": "Sale", "de": "Ausverkauf"},
            benefit=PercentOff(percent="10"),
            needs_code=True,
        )
        await pricing.put_promotion(PutPromotion(promotion=promotion))
        await pricing.put_voucher(PutVoucher(voucher=Voucher(code="ONCE", promotion_id="sale", **limits)))

    async def cart(self, sku: str = "PENCIL") -> CartId:
        cart_id = await self.shop.cart({sku: 1})
        await self.shop.carts.add_code(ChangeCode(cart_id=cart_id, code="once"))
        return cart_id

    async def uses(self) -> int:
        rows = await self.shop.sql("SELECT uses FROM pricing.vouchers WHERE code = 'ONCE'")
        return int(rows[0]["uses"])


@pytest.fixture
async def sale(postgres: DatabaseAddress) -> AsyncIterator[Sale]:
    async with a_shop(postgres) as shop:
        yield Sale(shop)


async def test_an_order_says_what_was_given_and_holds_the_code(sale: Sale) -> None:
    await sale.put(uses_max=1)
    answer = await sale.shop.checkout(await sale.cart("LAMP"))
    order = answer.order
    assert (order.codes, order.totals.items.amount, order.totals.discount.amount) == (["ONCE"], 4900, 490)
    assert [(one.title, one.amount.amount, one.code) for one in order.discounts] == [("Sale", 490, "ONCE")]
    assert await sale.uses() == 1
    await sale.shop.settle()
    assert await sale.shop.audit() == []


async def test_of_a_hundred_who_race_for_a_single_code_one_buys_with_it(sale: Sale) -> None:
    await sale.put(uses_max=1)
    carts = [await sale.cart() for _ in range(100)]
    results = await asyncio.gather(*(sale.shop.checkout(cart) for cart in carts), return_exceptions=True)
    outcomes = Counter(map(outcome_of, results))
    assert outcomes["placed"] == 1
    assert set(outcomes) <= {"placed", "code_not_valid", "price_changed"}
    assert await sale.uses() == 1
    await sale.shop.settle()
    assert await sale.shop.available("PENCIL") == 999
    assert await sale.shop.audit() == []


async def test_who_came_too_late_buys_without_the_code(sale: Sale) -> None:
    await sale.put(uses_max=1)
    early, late = await sale.cart("LAMP"), await sale.cart("LAMP")
    await sale.shop.checkout(early)
    assert outcome_of(await failed(sale.shop.checkout(late))) == "price_changed"
    answer = await sale.shop.checkout(late)
    assert (answer.outcome, answer.order.totals.discount.amount, answer.order.codes) == ("placed", 0, [])


async def test_one_customer_uses_a_code_as_often_as_allowed(sale: Sale) -> None:
    await sale.put(customer_max=1)
    await sale.shop.checkout(await sale.cart("LAMP"))
    again = await sale.cart("LAMP")
    key = sale.shop.key()
    assert outcome_of(await failed(sale.shop.checkout(again, key=key))) == "code_not_valid"
    # The same request again hears the same, and the cart is open for another.
    assert outcome_of(await failed(sale.shop.checkout(again, key=key))) == "code_not_valid"
    await sale.shop.carts.remove_code(ChangeCode(cart_id=again, code="ONCE"))
    assert (await sale.shop.checkout(again)).outcome == "placed"
    await sale.shop.settle()
    assert await sale.shop.audit() == []


@pytest.mark.parametrize("token", ["tok_declined", "tok_3ds"])
async def test_a_code_comes_back_when_the_payment_fails(sale: Sale, token: str) -> None:
    await sale.put(uses_max=1)
    cart = await sale.cart("LAMP")
    answer = await sale.shop.checkout(cart, token)
    if token == "tok_3ds":
        assert await sale.uses() == 1
        sale.shop.answer_challenge(answer, Decision.REFUSE)
        answer = await sale.shop.resume(answer.order)
    assert answer.outcome == "declined"
    assert await sale.uses() == 0
    assert (await sale.shop.carts.get(CartRef(cart_id=cart))).totals.discount.amount == 490
    assert (await sale.shop.checkout(cart)).outcome == "placed"


async def test_a_code_comes_back_when_the_order_is_cancelled(sale: Sale) -> None:
    await sale.put(uses_max=1)
    order = (await sale.shop.checkout(await sale.cart("LAMP"))).order
    await sale.shop.orders.cancel(CancelOrder(order_id=order.id, key=order.key))
    await sale.shop.settle()
    assert await sale.uses() == 0
    assert (await sale.shop.orders.get(OrderRef(order_id=order.id, key=order.key))).status == "cancelled"
    assert await sale.shop.audit() == []


async def failed(doing: Any) -> BaseException:
    results: list[BaseException | object] = await asyncio.gather(doing, return_exceptions=True)
    result = results[0]
    assert isinstance(result, BaseException)
    return result


async def test_what_is_given_with_the_first_order_is_given_once(sale: Sale) -> None:
    shop, ada = sale.shop, ACCOUNT.new(sale.shop.app.engines.ids, 5)
    promotion = Promotion(
        id="welcome",
        title={"en": "Welcome"},
        benefit=PercentOff(percent="10"),
        conditions=Conditions(first_order=True),
    )
    await shop.app[Pricing].put_promotion(PutPromotion(promotion=promotion))

    async def bought(token: str = "tok_success") -> tuple[str, int]:
        cart = await shop.cart({"LAMP": 1}, account_id=ada)
        answer = await shop.checkout(cart, token, account_id=ada)
        await shop.settle()
        return answer.outcome, answer.order.totals.discount.amount

    assert await bought("tok_declined") == ("declined", 490)
    assert await bought() == ("placed", 980)  # the first lamp was in the cart still
    assert await bought() == ("placed", 0)
    assert await shop.audit() == []
