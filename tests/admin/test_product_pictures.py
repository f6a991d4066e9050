"""A product's pictures at the desk: handed in as files, put in order, given to variants, taken out; by two."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping

import pytest
from PIL import Image

from rialto.catalog.api import (
    PICTURE_BYTES_MAX,
    AttributeDefinition,
    Catalog,
    Picture,
    Product,
    ProductDraft,
    ProductRef,
    PutProduct,
    VariantDraft,
)
from tests.admin.merchants_desk import Browser, fields_of

pytestmark = pytest.mark.anyio

COLOUR = AttributeDefinition(
    code="colour",
    label={"en": "Colour", "de": "Farbe"},
    values={"red": {"en": "Red"}, "blue": {"en": "Blue"}},
    order=["red", "blue"],
)


def a_file(kind: str = "PNG", *, width: int = 500, colour: str = "red", turned: bool = False) -> bytes:
    file = io.BytesIO()
    exif = Image.Exif()
    if turned:
        exif[0x0112] = 6
        exif[0x010E] = "a secret place"
    Image.new("RGB", (width, width // 2), colour).save(file, kind, exif=exif)
    return file.getvalue()


async def stored(desk: Browser, ref: str) -> Product:
    return await desk.shop.app[Catalog].get_product(ProductRef(ref=ref))


async def a_product(desk: Browser, slug: str) -> Product:
    catalog = desk.shop.app[Catalog]
    await catalog.put_attribute(COLOUR)
    variants = [
        VariantDraft(sku=f"{slug}-{colour}".upper(), options={"colour": colour}, prices={"EUR": 100})
        for colour in ("red", "blue")
    ]
    draft = ProductDraft(slug=slug, title={"en": slug}, options=["colour"], variants=variants)
    return (await catalog.put_product(PutProduct(draft=draft))).product


async def hand_in(
    desk: Browser,
    product: Product,
    files: dict[str, bytes],
    fields: Mapping[str, str] = {},
    *,
    status: int = 303,
) -> str:
    """The page it answers with; after a redirect the address it leads to."""
    answer = await desk.web.post(
        f"/admin/products/{product.id}/pictures",
        data={"version": str(product.version), **fields},
        files=[("pictures", (name, content)) for name, content in files.items()],
    )
    assert answer.status_code == status, answer.text[-3000:]
    return answer.headers["location"] if status == 303 else answer.text


def alts(product: Product) -> list[str]:
    return [one.alt.get("en", "") for one in product.draft.images]


async def test_files_become_pictures_that_the_shop_serves(desk: Browser) -> None:
    product = await a_product(desk, "served")
    page = await desk.get(f"/products/{product.id}")
    assert re.search(r'<input id="pictures" name="pictures" type="file"[^>]* multiple', page)
    files = {
        "a.jpg": a_file("JPEG", width=900, turned=True),
        "b.png": a_file(colour="blue"),
        "c.webp": a_file("WEBP"),
    }
    place = await hand_in(
        desk,
        product,
        files,
        {"new-alt-en": "From above", "new-alt-de": "Von oben", "new-option-colour": "blue"},
    )
    assert place == f"/admin/products/{product.id}?done=pictures_added#pictures-title"
    images = (await stored(desk, "served")).draft.images
    assert [(one.width, one.height, one.widths) for one in images] == [
        (450, 900, [400, 450]),
        (500, 250, [400, 500]),
        (500, 250, [400, 500]),
    ]
    assert all(one.alt == {"en": "From above", "de": "Von oben"} for one in images)
    assert all(one.options == {"colour": "blue"} for one in images)
    for width in (400, 450):
        answer = await desk.web.get(f"/media/{images[0].file}-{width}.webp")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
        assert b"secret" not in answer.content


async def test_the_same_bytes_are_one_file_and_are_not_added_twice(desk: Browser) -> None:
    product, other = await a_product(desk, "once"), await a_product(desk, "once-more")
    await hand_in(desk, product, {"a.png": a_file(), "again.png": a_file()})
    after = await stored(desk, "once")
    assert len(after.draft.images) == 1
    await hand_in(desk, product, {"a.png": a_file()})
    assert await stored(desk, "once") == after, "sent again, with the version it was first sent with"
    await hand_in(desk, after, {"a.png": a_file()}, {"new-option-colour": "red"})
    assert [one.options for one in (await stored(desk, "once")).draft.images] == [{}, {"colour": "red"}]
    await hand_in(desk, other, {"b.png": a_file()})
    assert (await stored(desk, "once-more")).draft.images[0].file == after.draft.images[0].file


async def test_what_cannot_be_taken_is_told_by_name_and_nothing_is_added(desk: Browser) -> None:
    product = await a_product(desk, "refused")
    good = a_file()
    for files, sentence in (
        ({}, "Choose at least one picture file."),
        ({"good.png": good, "notes.txt": b"no picture"}, "notes.txt: This is no picture that can be read"),
        (
            {"good.png": good, "huge.png": b"x" * (PICTURE_BYTES_MAX + 1)},
            "huge.png: A picture file has at most 10 MB.",
        ),
        ({f"{number}.png": good for number in range(11)}, "Choose at most 10 files at once."),
        ({f"{number}.png": b"x" * PICTURE_BYTES_MAX for number in range(5)}, "larger than 40 MB together"),
    ):
        page = await hand_in(desk, product, files, status=422)
        assert sentence in page
        assert 'href="#pictures"' in page, "the summary leads to the field"
        assert await stored(desk, "refused") == product
    full = [Picture(file=f"web-{number}", widths=[400]) for number in range(50)]
    draft = ProductDraft(slug="full", title={"en": "Full"}, variants=[VariantDraft(sku="FULL")], images=full)
    there = (await desk.shop.app[Catalog].put_product(PutProduct(draft=draft))).product
    await hand_in(desk, there, {"a.png": good}, status=422)
    assert await stored(desk, "full") == there
    answer = await desk.web.post("/admin/products/prod_00000000000000000000000000/pictures")
    assert answer.status_code == 404


async def test_pictures_are_moved_described_given_to_a_variant_and_taken_out(desk: Browser) -> None:
    product = await a_product(desk, "moved")
    files = {f"{colour}.png": a_file(colour=colour) for colour in ("red", "green", "blue")}
    await hand_in(desk, product, files)
    address = f"/products/{product.id}"
    form = await desk.form(address, f"/admin{address}")
    named = {f"image-{row}-alt-en": name for row, name in enumerate(("one", "two", "three"))}
    await desk.post(address, form | named | {"image-2-place": "1", "image-1-option-colour": "red"})
    after = await stored(desk, "moved")
    assert alts(after) == ["three", "one", "two"], "whoever is moved to a place stands there"
    assert [one.options for one in after.draft.images] == [{}, {}, {"colour": "red"}]
    form = await desk.form(address, f"/admin{address}")
    assert form["image-2-option-colour"] == "red"
    await desk.post(address, form | {"image-0-place": "3"})
    assert alts(await stored(desk, "moved")) == ["one", "two", "three"]
    form = await desk.form(address, f"/admin{address}")
    await desk.post(address, form | {"image-0-remove": "1", "image-1-option-colour": ""})
    after = await stored(desk, "moved")
    assert (alts(after), [one.options for one in after.draft.images]) == (["two", "three"], [{}, {}])


async def test_whoever_adds_pictures_second_sees_what_is_stored_and_chooses(desk: Browser) -> None:
    product = await a_product(desk, "both")
    await hand_in(desk, product, {"theirs.png": a_file(colour="red")}, {"new-alt-en": "Theirs"})
    page = await hand_in(
        desk, product, {"mine.png": a_file(colour="blue")}, {"new-alt-en": "Mine"}, status=409
    )
    assert alts(await stored(desk, "both")) == ["Theirs"], "nothing is done yet"
    assert "Picture 2: File" in page
    choice = fields_of(page, f"/admin/products/{product.id}")
    await desk.post(f"/products/{product.id}", choice)
    assert alts(await stored(desk, "both")) == ["Theirs"], "stored is chosen at first"
    page = await hand_in(
        desk, product, {"mine.png": a_file(colour="blue")}, {"new-alt-en": "Mine"}, status=409
    )
    choice = fields_of(page, f"/admin/products/{product.id}")
    mine = re.search(r'id="image-1-picture-yours" name="image-1-picture" value="([^"]*)"', page)
    assert mine is not None
    encoded = mine[1].replace("&#34;", '"').replace("&quot;", '"')
    await desk.post(
        f"/products/{product.id}", choice | {"image-1-picture": encoded, "image-1-alt-en": "Mine"}
    )
    assert alts(await stored(desk, "both")) == ["Theirs", "Mine"]
