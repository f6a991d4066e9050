"""Codes of promotions in a cart."""

from __future__ import annotations

import pytest

from rialto.cart.api import CODES_MAX, CartLimit, ChangeCode, CodeNotValid, MergeCart
from rialto.kernel.ids import ACCOUNT
from tests.cart.shop import Shop

pytestmark = pytest.mark.anyio


async def test_a_good_code_is_kept_as_pricing_writes_it_and_explained(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    shop.till.codes = {"SPRING": "winter"}
    shown = await shop.carts.add_code(ChangeCode(cart_id=cart.id, code=" spring"))
    assert shown.codes == ["SPRING"]
    assert [(one.title, one.amount.amount, one.code) for one in shown.discounts] == [
        ("Winter", 119, "SPRING")
    ]
    assert (shown.totals.items.amount, shown.totals.discount.amount) == (1190, 119)
    assert shown.totals.total.amount == 1071
    assert await shop.get(cart.id) == shown


async def test_a_code_twice_is_one_code_and_can_be_taken_off(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    shop.till.codes = {"SPRING": "winter"}
    once = await shop.carts.add_code(ChangeCode(cart_id=cart.id, code="SPRING"))
    assert await shop.carts.add_code(ChangeCode(cart_id=cart.id, code="spring")) == once
    without = await shop.carts.remove_code(ChangeCode(cart_id=cart.id, code="Spring"))
    assert (without.codes, without.discounts) == ([], [])
    assert without.totals == cart.totals


async def test_a_code_that_cannot_be_used_changes_nothing_and_says_why(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    with pytest.raises(CodeNotValid) as refused:
        await shop.carts.add_code(ChangeCode(cart_id=cart.id, code="NEVER"))
    assert refused.value.extra == {"reason": "unknown"}
    assert await shop.get(cart.id) == cart


async def test_a_code_that_is_over_stays_and_gives_nothing(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    shop.till.codes = {"SPRING": "winter"}
    await shop.carts.add_code(ChangeCode(cart_id=cart.id, code="SPRING"))
    shop.till.codes = {}
    shown = await shop.get(cart.id)
    assert (shown.codes, shown.discounts, shown.totals.discount.amount) == (["SPRING"], [], 0)


async def test_a_cart_takes_a_few_codes_only(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    shop.till.codes = {f"CODE-{n}": f"p{n}" for n in range(CODES_MAX + 1)}
    for code in list(shop.till.codes)[:CODES_MAX]:
        await shop.carts.add_code(ChangeCode(cart_id=cart.id, code=code))
    with pytest.raises(CartLimit):
        await shop.carts.add_code(ChangeCode(cart_id=cart.id, code=f"CODE-{CODES_MAX}"))


async def test_a_guests_codes_come_along_at_sign_in(shop: Shop) -> None:
    guest = await shop.a_cart("cup")
    shop.till.codes = {"SPRING": "winter"}
    await shop.carts.add_code(ChangeCode(cart_id=guest.id, code="SPRING"))
    account = ACCOUNT.new(shop.env.ids, 7)
    merged = await shop.carts.merge(MergeCart(cart_id=guest.id, account_id=account))
    assert merged.cart.codes == ["SPRING"]
    assert merged.cart.totals.discount.amount == 119
