"""Products at the desk: found, made, edited by two, and their prices changed in bulk."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape

import pytest

from rialto.catalog.api import (
    AttributeDefinition,
    Catalog,
    Category,
    Content,
    Maker,
    Product,
    ProductDraft,
    ProductRef,
    PutProduct,
    VariantDraft,
)
from rialto.importing.demo_removal import demo_products
from tests.admin.merchants_desk import Browser, fields_of

pytestmark = pytest.mark.anyio

COLOUR = AttributeDefinition(
    code="colour",
    label={"en": "Colour", "de": "Farbe"},
    values={"red": {"en": "Red"}, "blue": {"en": "Blue"}},
    order=["red", "blue"],
)
HEIGHT = AttributeDefinition(code="height", label={"en": "Height"}, type="number", unit="cm")
MATERIAL = AttributeDefinition(
    code="material", label={"en": "Material"}, values={"oak": {"en": "Oak"}, "wool": {"en": "Wool"}}
)
WASHABLE = AttributeDefinition(code="washable", label={"en": "Washable"}, type="boolean")


async def stored(desk: Browser, ref: str) -> Product:
    return await desk.shop.app[Catalog].get_product(ProductRef(ref=ref))


async def prepare(desk: Browser) -> None:
    catalog = desk.shop.app[Catalog]
    for definition in (COLOUR, HEIGHT, MATERIAL, WASHABLE):
        await catalog.put_attribute(definition)
    await catalog.put_category(Category(slug="vases", title={"en": "Vases"}))


NEW = {
    "title-en": "Arc vase",
    "slug": "arc-vase",
    "category": "vases",
    "options": "colour",
    "description-en": "A full belly.\n  A short neck.",
    "attribute-height": "25,5",
    "attribute-material": ["oak", "wool"],
    "attribute-washable": "true",
    "variant-0-sku": "ARC-RED",
    "variant-0-option-colour": "red",
    "variant-0-price-EUR": "49",
    "variant-0-weight": "900",
    "variant-1-sku": "ARC-BLUE",
    "variant-1-option-colour": "blue",
    "variant-1-price-EUR": "51,50",
    "variant-1-content": "0,5",
    "variant-1-unit": "kg",
    "maker-name": "Sample Pottery",
    "maker-address": "Sample Street 1\nSample Town",
    "maker-email": "pottery@maker.example",
    "safety-en": "Hot.\nHeavy.",
    "image-0-url": "https://pictures.example/arc.jpg",
    "image-0-alt-en": "From the side",
}


async def test_a_product_is_made_found_and_edited_by_two(desk: Browser) -> None:
    await prepare(desk)
    form = await desk.form("/products/new", "/admin/products/new")
    for odd in (
        {"slug": "Not one"},
        {"variant-0-price-EUR": "x"},
        {"variant-1-option-colour": "red"},
        {"variant-1-content": "a lot"},
        {"variant-0-unit": "g"},
        {"maker-email": ""},
    ):
        page = await desk.post("/products/new", form | NEW | odd, 422)
        assert 'id="problems"' in page
        assert "A full belly." in page, "what was typed is still there"
    place = await desk.post("/products/new", form | NEW)
    product = await stored(desk, "arc-vase")
    assert place == f"/admin/products/{product.id}?done=product_saved"
    draft = product.draft
    assert draft.attributes == {"height": "25.5", "material": ["oak", "wool"], "washable": True}
    assert [(one.sku, one.prices, one.options) for one in draft.variants] == [
        ("ARC-RED", {"EUR": 4900}, {"colour": "red"}),
        ("ARC-BLUE", {"EUR": 5150}, {"colour": "blue"}),
    ]
    assert [one.content for one in draft.variants] == [None, Content(amount="0.5", unit="kg")]
    assert draft.maker == Maker(
        name="Sample Pottery", address="Sample Street 1\nSample Town", email="pottery@maker.example"
    )
    assert draft.safety == {"en": "Hot.\nHeavy."}
    assert (draft.published, draft.description["en"]) == (False, "A full belly.\n  A short neck.")

    for found in ("?q=arc", "?q=ARC-bl", "?q=vase&category=vases", "?state=hidden"):
        assert "Arc vase" in await desk.get(f"/products{found}"), found
    for missed in ("?q=arc_", "?q=%25", "?q=arc&category=none", "?q=arc&state=published"):
        assert "Arc vase" not in await desk.get(f"/products{missed}"), missed
    await desk.get("/products?cursor=nonsense")

    address = f"/products/{product.id}"
    edit = await desk.form(address, f"/admin{address}")
    await desk.post(address, edit)
    assert await stored(desk, "arc-vase") == product, "saved as it was shown, nothing changes"

    mine = dict(edit)
    theirs = edit | {"variant-0-price-EUR": "45", "variant-0-former-EUR": "49", "published": "1"}
    await desk.post(address, theirs | {"image-0-remove": "1"})
    assert (await stored(desk, "arc-vase")).draft.images == []
    page = await desk.post(address, mine | {"title-de": "Vase Arc", "variant-2-sku": ""}, 409)
    assert "Variant 1: Price (EUR)" in page
    choice = fields_of(page, f"/admin{address}")
    assert choice["variant-0-price-EUR"] == "45.00", "stored is chosen at first"
    await desk.post(address, choice | {"title-de": "Vase Arc", "image-0-picture": "", "variant-1-sku": ""})
    draft = (await stored(desk, "arc-vase")).draft
    assert (draft.title["de"], [one.sku for one in draft.variants]) == ("Vase Arc", ["ARC-RED"])
    assert (draft.variants[0].prices, draft.variants[0].compare_at) == ({"EUR": 4500}, {"EUR": 4900})
    await desk.get("/products/prod_00000000000000000000000000", 404)


async def test_the_demo_catalogue_is_removed_by_whoever_types_the_word(desk: Browser) -> None:
    catalog, slug = desk.shop.app[Catalog], "vase-arc"
    sku = min(demo_products()[slug])
    variant = VariantDraft(sku=sku, prices={"EUR": 100})
    await catalog.put_product(
        PutProduct(draft=ProductDraft(slug=slug, title={"en": "Arc"}, variants=[variant]))
    )
    assert "/admin/products/demo" in await desk.get("/products")
    assert "Nothing was done" in await desk.post("/products/demo", {"confirm": "yes"}, 422)
    assert (await stored(desk, slug)).draft.published
    done = await desk.post("/products/demo", {"confirm": " Remove "}, 200)
    assert "1 product was hidden." in done
    assert "What stays" in done
    assert not (await stored(desk, slug)).draft.published
    assert "/admin/products/demo" not in await desk.get("/products?q=vase-arc")
    assert "No product of the demo was in the shop." in await desk.post(
        "/products/demo", {"confirm": "remove"}, 200
    )


def hidden_changes(page: str) -> str:
    found = re.search(r'name="changes" value="([^"]*)"', page)
    assert found is not None
    return unescape(found[1])


async def test_many_prices_are_reduced_at_once_and_the_reduction_taken_back(desk: Browser) -> None:
    before = {sku: (await stored(desk, sku.lower())).draft for sku in ("LAMP", "PENCIL")}
    query = "?kind=reduce&percent=20&currency=EUR&q="
    page = await desk.get(f"/products/prices{query}")
    assert "prices would change" in page
    pencil = await stored(desk, "pencil")
    edit = await desk.form(f"/products/{pencil.id}", f"/admin/products/{pencil.id}")
    await desk.post(f"/products/{pencil.id}", edit | {"title-en": "Another pencil"})
    done = await desk.post("/products/prices", {"changes": hidden_changes(page)}, 200)
    assert "These were left alone" in done
    lamp = (await stored(desk, "lamp")).draft.variants[0]
    price = before["LAMP"].variants[0].prices["EUR"]
    assert (lamp.prices["EUR"], lamp.compare_at["EUR"]) == (price * 4 // 5, price)
    assert (await stored(desk, "pencil")).draft.variants == before["PENCIL"].variants
    undone = await desk.post("/products/prices", {"changes": hidden_changes(done)}, 200)
    assert "These were left alone" not in undone
    assert (await stored(desk, "lamp")).draft == before["LAMP"]
    for odd in ("0", "100", "x", "-5"):
        await desk.get(f"/products/prices?kind=reduce&percent={odd}&currency=EUR", 422)
    await desk.post("/products/prices", {"changes": "nonsense"}, 200)


async def test_a_product_is_given_a_time_to_be_published_and_hidden(desk: Browser) -> None:
    lamp = await stored(desk, "lamp")
    address = f"/products/{lamp.id}"
    edit = await desk.form(address, f"/admin{address}")
    for odd, sentence in (
        ({"publish_at": "soon"}, "This is no date and time."),
        (
            {"publish_at": "2030-01-02T08:00", "unpublish_at": "2030-01-01T08:00"},
            "The end is after the beginning.",
        ),
    ):
        assert sentence in await desk.post(address, edit | odd, 422)
    assert await stored(desk, "lamp") == lamp
    await desk.post(address, edit | {"publish_at": "2030-01-01T08:00", "unpublish_at": "2030-02-01T08:30"})
    draft = (await stored(desk, "lamp")).draft
    assert (draft.published, draft.publish_at) == (False, datetime(2030, 1, 1, 8, tzinfo=UTC))
    for page in (await desk.get("/products?q=lamp"), await desk.get(address)):
        assert "in the shop from 1 Jan 2030, 08:00 UTC" in page
        assert "in the shop until 1 Feb 2030, 08:30 UTC" in page
    page = await desk.post(address, edit, 409)
    assert "Publish at (UTC)" in page, "the second sees the plan of the first"
    edit = await desk.form(address, f"/admin{address}")
    await desk.post(address, edit | {"publish_at": "", "unpublish_at": "", "published": "1"})
    assert (await stored(desk, "lamp")).draft == lamp.draft
