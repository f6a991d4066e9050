"""Collections at the desk: by rule and by hand, edited by two, removed after a question."""

from __future__ import annotations

import msgspec
import pytest

from rialto.catalog.api import (
    AttributeDefinition,
    Catalog,
    Category,
    Collection,
    CollectionRef,
    CollectionRule,
    PriceBand,
    PutCollection,
)
from rialto.kernel.service import Nothing
from tests.admin.merchants_desk import Browser, Form

pytestmark = pytest.mark.anyio

LIST = "/collections"


async def made(desk: Browser, slug: str, **typed: object) -> Form:
    """A collection by the form; the form of what is stored now."""
    form = await desk.form(f"{LIST}/new", "/admin/collections/new")
    form |= {"slug": slug, "title-en": "Gifts", "title-de": "Geschenke", **typed}
    assert await desk.post(f"{LIST}/new", form) == f"/admin/collections/{slug}/edit?done=collection_saved"
    return await edited(desk, slug)


async def edited(desk: Browser, slug: str) -> Form:
    return await desk.form(f"{LIST}/{slug}/edit", f"/admin/collections/{slug}/edit")


async def stored(desk: Browser, slug: str) -> Collection:
    return await desk.shop.app[Catalog].collection(CollectionRef(slug=slug))


async def test_a_collection_by_hand_is_made_looked_at_and_removed_after_a_question(desk: Browser) -> None:
    assert "There are no collections yet." in await desk.get(LIST)
    # No word is kept from being an address: the form for a new one stands beside them.
    await made(desk, "new", kind="hand", products="lamp", **{"description-en": "For <all>.\nAnd you."})
    one = await stored(desk, "new")
    assert (one.title, one.description) == (
        {"en": "Gifts", "de": "Geschenke"},
        {"en": "For <all>.\nAnd you."},
    )
    assert (one.rule, one.products, one.version) == (None, ["lamp"], 1)
    page = await desk.get(f"{LIST}/new/edit")
    assert "One product is in it now" in page, "at once, not when search was told"
    assert 'href="/en/collections/new"' in page
    assert "/admin/products/prod_" in page
    assert "Chosen by hand" in await desk.get(LIST)

    asked = await desk.get(f"{LIST}/new/remove")
    assert "Remove “Gifts”?" in asked
    assert (await stored(desk, "new")).version == 1, "asking removes nothing"
    form = await desk.form(f"{LIST}/new/remove", "/admin/collections/new/remove")
    assert "done=collection_changed" in await desk.post(f"{LIST}/new/remove", form | {"version": "7"})
    assert await desk.post(f"{LIST}/new/remove", form) == "/admin/collections?done=collection_removed"
    assert await desk.post(f"{LIST}/new/remove", form) == "/admin/collections", "gone is gone"
    assert (await desk.shop.app[Catalog].collections(Nothing())).items == []
    await desk.get(f"{LIST}/new/edit", 404)
    await desk.get(f"{LIST}/new/remove", 404)


async def test_a_rule_with_every_condition_comes_back_as_it_was_typed(desk: Browser) -> None:
    catalog = desk.shop.app[Catalog]
    await catalog.put_category(Category(slug="lights", title={"en": "Lights"}))
    told = {"red": {"en": "Red", "de": "Rot"}, "blue": {"en": "Blue"}}
    for definition in (
        AttributeDefinition(code="tone", label={"en": "Tone"}, values=told, filterable=True),
        AttributeDefinition(code="weight", label={"en": "Weight"}, type="number", unit="kg", filterable=True),
        AttributeDefinition(code="dim", label={"en": "Dimmable"}, type="boolean", filterable=True),
        AttributeDefinition(code="by", label={"en": "Designer"}, type="text", filterable=True),
        AttributeDefinition(code="inner", label={"en": "Inner"}, type="text"),
    ):
        await catalog.put_attribute(definition)
    typed = {
        "attribute-tone": ["red", "blue"],
        "attribute-weight": "1,5\n2",
        "attribute-dim": "true",
        "attribute-by": "Müller, Sohn\nAda",
        "low-EUR": "10,50",
        "high-EUR": "99",
        "high-USD": "120",
        "stock": "few_left",
        "newer_than_days": "30",
        "categories": "lights",
        "featured": "1",
        "products": "what stands under the other choice does not count",
    }
    form = await made(desk, "ruled", kind="rule", **typed)
    one = await stored(desk, "ruled")
    assert one.products == []
    assert one.rule == CollectionRule(
        attributes={
            "tone": ["red", "blue"],
            "weight": ["1.5", "2"],
            "dim": ["true"],
            "by": ["Müller, Sohn", "Ada"],
        },
        prices={"EUR": PriceBand(low=1050, high=9900), "USD": PriceBand(high=12000)},
        stock="few_left",
        newer_than_days=30,
        categories=["lights"],
        featured=True,
    )
    assert "attribute-inner" not in form, "nothing to filter by"
    await desk.post(f"{LIST}/ruled/edit", form)
    assert await stored(desk, "ruled") == one, "as it was shown, nothing changes"
    page = await desk.get(f"{LIST}/ruled/edit")
    assert "Nothing is in it now" in page
    assert "Weight (kg)" in page


async def test_what_a_collection_would_hold_is_shown_before_it_is_saved(desk: Browser) -> None:
    catalog = desk.shop.app[Catalog]
    before = await catalog.collections(Nothing())
    form = await desk.form(f"{LIST}/new", "/admin/collections/new")
    typed = form | {"kind": "hand", "products": "lamp\nno-such-lamp", "title-en": "Not saved"}
    page = await desk.post(f"{LIST}/look", typed, 200)
    assert "One product would be in it" in page
    assert "Nothing of this is saved yet." in page
    assert 'value="Not saved"' in page, "what was typed stays"
    assert 'id="slug"' in page
    assert await catalog.collections(Nothing()) == before

    kept = await made(desk, "looked", kind="rule", featured="1")
    page = await desk.post(f"{LIST}/look", kept | {"featured": "", "low-EUR": "0,01"}, 200)
    assert 'method="post" action="/admin/collections/looked/edit"' in page
    assert 'name="version" value="1"' in page, "saved from here, it is still based on what was looked at"
    assert (await stored(desk, "looked")).rule == CollectionRule(featured=True)
    page = await desk.post(f"{LIST}/look", kept | {"featured": ""}, 422)
    assert "A rule needs at least one condition." in page
    for odd in (
        {"newer_than_days": "999999999"},
        {"newer_than_days": "-999999999"},
        {"low-EUR": "2", "high-EUR": "1"},
        {"categories": "No such\ncategory"},
        {"stock": "plenty"},
        {"stored": "No slug", "version": "x"},
    ):
        assert " would be in it" in await desk.post(f"{LIST}/look", kept | odd, 200), odd


async def test_what_is_wrong_is_told_at_its_field_and_changes_nothing(desk: Browser) -> None:
    catalog = desk.shop.app[Catalog]
    form = await made(desk, "wrong", kind="hand", products="lamp")
    kept = await stored(desk, "wrong")
    rule = {"kind": "rule", "featured": "1"}
    for odd, told in (
        ({"products": "lamp\nno-such-lamp"}, "no-such-lamp: There is no such product."),
        ({"products": "lamp\nNo Lamp"}, "No Lamp: Small letters, digits and hyphens"),
        ({"products": ""}, 'href="#products"'),
        ({"title-en": ""}, 'href="#title-en"'),
        ({"title-de": "x" * 201}, 'href="#title-de"'),
        ({"products": "\n".join(f"lamp-{n}" for n in range(201))}, "These are too many."),
        ({"kind": "rule"}, "A rule needs at least one condition."),
        (rule | {"newer_than_days": "soon"}, "no whole number"),
        (rule | {"newer_than_days": "999999999"}, 'href="#newer_than_days"'),
        (rule | {"newer_than_days": "0"}, "This is too little or too much."),
        (rule | {"low-EUR": "20", "high-EUR": "10"}, "The highest price is below the lowest."),
        (rule | {"low-EUR": "much"}, 'href="#low-EUR"'),
        (rule | {"high-USD": "-1"}, 'href="#high-USD"'),
        (rule | {"categories": "no-such-category"}, "no-such-category: There is no such category."),
        (rule | {"stock": "plenty"}, 'href="#stock"'),
        ({"version": "x"}, "no whole number"),
    ):
        page = await desk.post(f"{LIST}/wrong/edit", form | odd, 422)
        assert told in page, odd
        assert await stored(desk, "wrong") == kept
    new = await desk.form(f"{LIST}/new", "/admin/collections/new")
    new |= {"title-en": "Other", "kind": "hand", "products": "lamp"}
    for slug, told in (("featured", "have this address"), ("Not one", 'href="#slug"'), ("", 'href="#slug"')):
        assert told in await desk.post(f"{LIST}/new", new | {"slug": slug}, 422)
    page = await desk.post(f"{LIST}/new", new | {"slug": "wrong"}, 409)
    assert "There is a collection at this address already." in page
    assert 'value="Other"' in page, "what was typed stays"
    assert [one for one in (await catalog.collections(Nothing())).items if one.slug == "wrong"] == [kept]


async def test_of_two_who_edit_a_collection_the_second_chooses(desk: Browser) -> None:
    tones = {"red": {"en": "Red"}, "green": {"en": "Green"}, "blue": {"en": "Blue"}}
    definition = AttributeDefinition(code="shade", label={"en": "Shade"}, values=tones, filterable=True)
    await desk.shop.app[Catalog].put_attribute(definition)
    first = await made(desk, "both", kind="rule", **{"attribute-shade": ["red"], "high-EUR": "20"})
    second = dict(first)
    await desk.post(
        f"{LIST}/both/edit", first | {"attribute-shade": ["red", "green"], "title-de": "Präsente"}
    )
    kept = await stored(desk, "both")
    page = await desk.post(f"{LIST}/both/edit", second | {"attribute-shade": ["blue"], "high-EUR": "30"}, 409)
    assert "Somebody else was quicker" in page
    for name in ("attribute-shade", "high-EUR", "title-de"):
        assert f'id="{name}-yours"' in page
        assert f'id="{name}-theirs"' in page
    assert "Red&#10;Green" in page, "values are told by their names"
    assert 'id="title-en-yours"' not in page, "what is the same is not asked about"
    assert await stored(desk, "both") == kept, "nothing was overwritten"
    chosen = {**second, "version": "2", "attribute-shade": "red\ngreen", "title-de": "Präsente"}
    await desk.post(f"{LIST}/both/edit", chosen | {"high-EUR": "30"})
    one = await stored(desk, "both")
    assert one.rule == CollectionRule(
        attributes={"shade": ["red", "green"]}, prices={"EUR": PriceBand(high=3000)}
    )
    assert (one.title["de"], one.version) == ("Präsente", 3)


async def test_whose_collection_was_removed_meanwhile_may_make_it_anew(desk: Browser) -> None:
    form = await made(desk, "brief", kind="hand", products="lamp")
    await desk.shop.app[Catalog].remove_collection(CollectionRef(slug="brief"))
    page = await desk.post(f"{LIST}/brief/edit", form | {"title-en": "Typed anyway"}, 404)
    assert "Somebody removed this collection meanwhile." in page
    assert 'value="Typed anyway"' in page
    assert "/admin/collections/brief/remove" not in page
    await desk.post(f"{LIST}/brief/edit", form | {"title-en": "Typed anyway", "version": "0"})
    assert (await stored(desk, "brief")).title["en"] == "Typed anyway"


async def test_a_condition_that_nothing_meets_any_more_is_shown_and_not_dropped_unseen(desk: Browser) -> None:
    catalog = desk.shop.app[Catalog]
    told = {"oak": {"en": "Oak"}, "ash": {"en": "Ash"}}
    definition = AttributeDefinition(code="grain", label={"en": "Grain"}, values=told, filterable=True)
    await catalog.put_attribute(definition)
    rule = CollectionRule(attributes={"grain": ["oak", "ash"]}, prices={"EUR": PriceBand()})
    named = Collection(slug="stray", title={"en": "Stray", "pt": "Perdido"}, rule=rule)
    await catalog.put_collection(PutCollection(collection=named))
    await catalog.put_attribute(msgspec.structs.replace(definition, values={"oak": told["oak"]}))
    form = await edited(desk, "stray")
    assert form["attribute-grain"] == ["oak", "ash"]
    assert (form["title-pt"], form["low-EUR"]) == ("Perdido", "0.00")
    page = await desk.post(f"{LIST}/stray/edit", form | {"title-en": "Lost"}, 422)
    assert "ash: " in page
    await catalog.put_attribute(msgspec.structs.replace(definition, filterable=False))
    page = await desk.post(f"{LIST}/stray/edit", form | {"title-en": "Lost"}, 422)
    assert "no such attribute to filter by any more" in page
    assert 'name="attribute-grain"' in page
    await desk.post(f"{LIST}/stray/edit", form | {"title-en": "Found", "attribute-grain": ""})
    one = await stored(desk, "stray")
    assert one.title == {"en": "Found", "pt": "Perdido"}
    assert one.rule == CollectionRule(prices={"EUR": PriceBand(low=0)})
