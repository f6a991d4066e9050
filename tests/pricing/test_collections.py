"""A promotion for the articles of a collection, from what staff say to what a cart, an order and a preview tell."""

from __future__ import annotations

import pytest

from rialto.cart.api import CartRef
from rialto.catalog.api import Catalog, Collection, CollectionRule, PriceBand, PutCollection
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.money import EUR
from rialto.pricing.api import (
    PercentOff,
    PreviewFor,
    Pricing,
    Promotion,
    PutPromotion,
    Selection,
    WantedItem,
)
from tests.support.shop import a_shop

pytestmark = pytest.mark.anyio


async def test_a_cart_an_order_and_a_preview_go_by_the_same_collections(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        catalog, pricing = shop.app[Catalog], shop.app[Pricing]
        offers = await shop.carts.get(CartRef(cart_id=await shop.cart({"PENCIL": 1})))
        price = offers.lines[0].unit_price.amount
        for slug, rule in (
            ("cheap", CollectionRule(prices={"EUR": PriceBand(high=price)})),
            ("left", CollectionRule(stock="in_stock")),
        ):
            collection = Collection(slug=slug, title={"en": slug}, rule=rule)
            await catalog.put_collection(PutCollection(collection=collection))
        for name, percent in (("cheap", "10"), ("left", "50")):
            promotion = Promotion(
                id=name,
                title={"en": name},
                benefit=PercentOff(percent=percent),
                applies_to=Selection(collections=[name]),
            )
            await pricing.put_promotion(PutPromotion(promotion=promotion))
        shop.clock.advance(10)
        cart_id = await shop.cart({"PENCIL": 10, "LAMP": 1})
        cart = await shop.carts.get(CartRef(cart_id=cart_id))
        assert [(one.title, one.amount.amount) for one in cart.discounts] == [("cheap", price)]
        order = (await shop.checkout(cart_id)).order
        assert order.totals.total == cart.totals.total
        asked = PreviewFor(items=[WantedItem(sku="PENCIL", quantity=10)], currency=EUR)
        considered = (await pricing.preview(asked)).considered
        told = {one.promotion_id: (one.given, one.reason) for one in considered}
        assert (told["cheap"], told["left"]) == ((True, None), (False, "no_article"))
