"""Customers at the desk: found, put into groups, and what promotions make of that."""

from __future__ import annotations

import pytest

from rialto.cart.api import CartRef
from rialto.identity.api import FindCustomer, Identity
from rialto.orders.api import PriceChanged
from rialto.pricing.api import Conditions, PercentOff, Pricing, Promotion, PutPromotion
from tests.admin.merchants_desk import Browser
from tests.api.people import enrol

pytestmark = pytest.mark.anyio


async def test_a_customer_is_found_and_a_group_gives_what_is_for_it(desk: Browser) -> None:
    shop = desk.shop
    await enrol(shop, "ada@example.org")
    ada = await shop.app[Identity].find_customer(FindCustomer(email="ADA@example.org"))
    place = f"/customers/{ada.id}"
    answer = await desk.web.get("/admin/customers?email=Ada%40Example.org")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/admin{place}")
    assert "No customer has an account" in await desk.get("/customers?email=owner@rialto.test"), (
        "staff is none"
    )
    for odd in ("nobody@example.org", "%00", "x"):
        assert "No customer has an account" in await desk.get(f"/customers?email={odd}")

    trade = Promotion(
        id="trade",
        title={"en": "Trade"},
        benefit=PercentOff(percent="10"),
        conditions=Conditions(groups=["trade", "school"]),
    )
    await shop.app[Pricing].put_promotion(PutPromotion(promotion=trade))
    cart_id = await shop.cart({"LAMP": 1}, account_id=ada.id, email="ada@example.org")
    ref = CartRef(cart_id=cart_id, account_id=ada.id)
    assert (await shop.carts.get(ref)).totals.discount.amount == 0

    form = await desk.form(place, f"/admin{place}")
    await desk.post(place, form | {"groups": "trade\nfriends"})
    assert (await shop.carts.get(ref)).totals.discount.amount == 490
    guests = await shop.cart({"LAMP": 1})
    assert (await shop.carts.get(CartRef(cart_id=guests))).totals.discount.amount == 0
    assert "Somebody else was quicker" in await desk.post(place, form | {"groups": "vip"}, 409)
    fresh = await desk.form(place, f"/admin{place}")
    assert fresh["groups"] == "friends\ntrade"
    await desk.post(place, fresh | {"groups": "Not One!"}, 422)
    tried = "/promotions/preview?items=LAMP&currency=EUR&channel=default"
    assert "another group of customers" in await desk.get(tried)
    assert "another group of customers" not in await desk.get(f"{tried}&groups=school")

    with pytest.raises(PriceChanged):
        await shop.checkout(cart_id, account_id=ada.id)
    bought = await shop.checkout(cart_id, account_id=ada.id)
    assert bought.order.totals.discount.amount == 490
    await shop.settle()
    assert bought.order.number in await desk.get(place)
    await desk.get(f"{place}?cursor=nonsense")
    await desk.get("/customers/acc_none", 404)
