"""Offers: the present truth about SKUs."""

from __future__ import annotations

import pytest

from rialto.catalog.api import OffersOf, PutProduct, SetPublished
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from rialto.kernel.money import EUR, USD, Currency, Money
from tests.catalog.builders import COLOUR, SIZE, a_draft, a_variant, open_catalog

pytestmark = pytest.mark.anyio


async def test_an_offer_says_what_a_cart_must_know(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, _):
        product = (await catalog.put_product(PutProduct(draft=a_draft(tax_class="reduced")))).product
        offers = (await catalog.offers(OffersOf(skus=["VASE-MOSS", "VASE-INK", "NONE"], currency=EUR))).items
        assert set(offers) == {"VASE-MOSS", "VASE-INK"}
        moss = offers["VASE-MOSS"]
        assert moss.price == Money(4900, EUR)
        assert (moss.product_id, moss.slug, moss.title) == (product.id, "vase", product.draft.title)
        assert (moss.tax_class, moss.weight_g, moss.on_sale) == ("reduced", 900, True)
        assert moss.options == {"colour": COLOUR.values["moss"]}
        assert moss.image == product.draft.images[0]
        assert offers["VASE-INK"].image == product.draft.images[1]


async def test_options_come_in_the_products_order(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, _):
        variant = a_variant(options={"colour": "ink", "size": "l"})
        draft = a_draft(options=["size", "colour"], variants=[variant], images=[])
        await catalog.put_product(PutProduct(draft=draft))
        offer = (await catalog.offers(OffersOf(skus=["VASE-MOSS"], currency=EUR))).items["VASE-MOSS"]
        assert list(offer.options.items()) == [("size", SIZE.values["l"]), ("colour", COLOUR.values["ink"])]


async def test_without_a_price_there_the_offer_has_none(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, _):
        await catalog.put_product(PutProduct(draft=a_draft()))
        both = ["VASE-MOSS", "VASE-INK"]
        dollars = (await catalog.offers(OffersOf(skus=both, currency=USD))).items
        assert dollars["VASE-MOSS"].price == Money(5300, USD)
        assert dollars["VASE-INK"].price is None
        for channel in ("elsewhere", "\x00", "", "\ud800"):
            elsewhere = (await catalog.offers(OffersOf(skus=both, currency=EUR, channel=channel))).items
            assert elsewhere["VASE-MOSS"].price is None


async def test_an_unpublished_product_is_not_on_sale(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, _):
        product = (await catalog.put_product(PutProduct(draft=a_draft()))).product
        await catalog.set_published(SetPublished(id=product.id, published=False, expected_version=1))
        offers = (await catalog.offers(OffersOf(skus=["VASE-MOSS"], currency=EUR))).items
        assert offers["VASE-MOSS"].on_sale is False


async def test_a_sku_that_left_its_product_is_free_and_no_longer_offered(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, _):
        await catalog.put_product(PutProduct(draft=a_draft()))
        await catalog.put_product(PutProduct(draft=a_draft(variants=[a_variant("VASE-MOSS")])))
        assert (await catalog.offers(OffersOf(skus=["VASE-INK"], currency=EUR))).items == {}
        await catalog.put_product(PutProduct(draft=a_draft("bowl", variants=[a_variant("VASE-INK")])))
        offer = (await catalog.offers(OffersOf(skus=["VASE-INK"], currency=EUR))).items["VASE-INK"]
        assert offer.slug == "bowl"


async def test_bad_questions_are_refused_or_answered_with_nothing(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, _):
        with pytest.raises(Invalid):
            await catalog.offers(OffersOf(skus=[str(number) for number in range(201)], currency=EUR))
        for currency in ("XXX", "", "\x00\x00\x00"):
            with pytest.raises(Invalid):
                await catalog.offers(OffersOf(skus=["A"], currency=Currency(currency)))
        skus = ["\x00", "\ud800", "", "a" * 10_000]
        assert (await catalog.offers(OffersOf(skus=skus, currency=EUR))).items == {}
