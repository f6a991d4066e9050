"""What the page of a single product shows, and what it leads to."""

from __future__ import annotations

from pathlib import Path

import pytest

from rialto.catalog.api import Content, Maker, PricePerUnit, VariantDraft
from rialto.kernel.money import EUR, USD, Money
from rialto.search.api import (
    ProductAsked,
    ProductGone,
    Related,
    View,
)
from tests.search.builders import EN, a_product, a_shop, a_variant, coloured, stock

pytestmark = [pytest.mark.anyio, pytest.mark.fast]


async def test_stock_bands_are_shown_per_variant_and_the_best_for_the_product(tmp_path: Path) -> None:
    variants = [a_variant("A"), a_variant("B"), a_variant("C")]
    shop = await a_shop(tmp_path, [a_product(1, variants=variants), a_product(2)], {"A": 0, "B": 2})
    cards = {card.slug: card for card in (await shop.browse()).items}
    assert [variant.availability for variant in cards["p-1"].variants] == ["sold_out", "few_left", "sold_out"]
    assert cards["p-1"].availability == "few_left"
    assert cards["p-2"].availability == "sold_out", "nothing was ever said of its stock"
    assert await shop.found(in_stock=True) == ["p-1"]
    await shop.tell(stock("B", "sold_out", 0), stock("SKU-2", "in_stock", 5))
    assert await shop.found(in_stock=True) == ["p-2"]
    detail = await shop.search.product(ProductAsked(view=EN, ref="p-2"))
    assert (detail.availability, detail.variants[0].availability) == ("in_stock", "in_stock")


async def test_a_product_is_shown_in_the_views_words(tmp_path: Path) -> None:
    variants = [a_variant("A", 500, {"colour": "red"}), a_variant("B", 400, {"colour": "blue"})]
    document = a_product(
        1,
        {"en": "Lamp", "de": "Leuchte"},
        description={"en": "Bright.", "de": "Hell."},
        attributes={"height": "12.5", "dimmable": True, "designer": "Ada"},
        options=["colour"],
        variants=variants,
    )
    shop = await a_shop(tmp_path, [document])
    detail = await shop.search.product(ProductAsked(view=View(language="de-AT"), ref=document.id))
    assert (detail.title, detail.description) == ("Leuchte", "Hell.")
    assert [link.title for link in detail.breadcrumb] == ["Wohnen", "Leuchten"]
    assert [(line.label, line.value) for line in detail.details] == [
        ("Höhe", "12,5\N{NO-BREAK SPACE}cm"),
        ("Dimmbar", "Ja"),
        ("Entwurf", "Ada"),
    ]
    assert [(o.label, [v.label for v in o.values]) for o in detail.options] == [("Farbe", ["Rot", "Blau"])]
    assert [(v.title, v.price) for v in detail.variants] == [
        ("Rot", Money(500, EUR)),
        ("Blau", Money(400, EUR)),
    ]
    assert (detail.price_from, detail.price_to) == (Money(400, EUR), Money(500, EUR))
    french = await shop.search.product(ProductAsked(view=View(language="fr"), ref="p-1"))
    assert french.title == "Lamp"


async def test_a_price_is_told_per_unit_and_a_maker_with_the_product(tmp_path: Path) -> None:
    small = VariantDraft(sku="S", prices={"EUR": 399}, content=Content(amount="250", unit="g"))
    large = VariantDraft(sku="L", prices={"EUR": 1499, "USD": 1500}, content=Content(amount="1", unit="kg"))
    maker = Maker(name="Sample Tea", address="Street 1", email="tea@maker.example")
    document = a_product(1, "Tea", variants=[large, small], maker=maker, safety={"en": "Hot", "de": "Heiß"})
    shop = await a_shop(tmp_path, [document, a_product(2)])
    page = await shop.browse(sort="price")
    told = {card.slug: card.unit_price for card in page.items}
    assert told == {"p-1": PricePerUnit(amount=1596, currency=EUR, per="kg"), "p-2": None}
    detail = await shop.search.product(ProductAsked(view=View(language="de", currency=USD), ref="p-1"))
    assert [one.unit_price for one in detail.variants] == [
        PricePerUnit(amount=1500, currency=USD, per="kg"),
        None,
    ]
    assert (detail.maker, detail.safety) == (maker, "Heiß")


async def test_a_product_that_is_not_published_is_gone(tmp_path: Path) -> None:
    hidden = a_product(1, published=False)
    shop = await a_shop(tmp_path, [hidden])
    for ref in ("p-1", hidden.id, "nothing", ""):
        with pytest.raises(ProductGone):
            await shop.search.product(ProductAsked(view=EN, ref=ref))
    with pytest.raises(ProductGone):
        await shop.search.related(Related(view=EN, ref="p-1"))
    assert await shop.found() == []


async def test_related_are_those_the_merchant_named_then_the_most_alike(tmp_path: Path) -> None:
    shop = await a_shop(
        tmp_path,
        [
            coloured(1, "red", related=["p-5", "gone", "p-1"]),
            coloured(2, "red"),
            coloured(3, "blue"),
            coloured(4, "red", category="vases"),
            a_product(5, category="paper"),
            a_product(6, category="paper"),
        ],
    )
    cards = await shop.search.related(Related(view=EN, ref="p-1", limit=9))
    assert [card.slug for card in cards.items][:2] == ["p-5", "p-2"]
    assert {card.slug for card in cards.items} == {"p-2", "p-3", "p-4", "p-5"}
    assert len((await shop.search.related(Related(view=EN, ref="p-1", limit=2))).items) == 2
