"""The demo catalogue is complete: shape, words in both languages, prices, stock, and every picture it names."""

from __future__ import annotations

import hashlib
import json
import struct
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rialto.demo import CATALOGUE, MEDIA

DATA: dict[str, Any] = json.loads(CATALOGUE.read_text(encoding="utf-8"))
PRODUCTS: list[dict[str, Any]] = DATA["products"]
CATEGORIES: dict[str, dict[str, Any]] = {c["slug"]: c for c in DATA["categories"]}
ATTRIBUTES: dict[str, dict[str, Any]] = {a["code"]: a for a in DATA["attributes"]}
BYTES_MAX = 15_000_000
SEEN_OPTIONS = ("colour", "frame", "scent")  # a view of its own for each of their values

each_product = pytest.mark.parametrize("product", PRODUCTS, ids=lambda p: str(p["slug"]))


def all_images() -> list[dict[str, Any]]:
    """Every picture entry of the catalogue: products, categories, heroes."""
    own = [image for product in PRODUCTS for image in product["images"]]
    tops = [category["image"] for category in CATEGORIES.values() if "image" in category]
    return [*own, *tops, *DATA["heroes"]]


def webp_size(path: Path) -> tuple[int, int]:
    """Pixel size out of a lossy WebP's first frame header."""
    data = path.read_bytes()
    assert data[:4] == b"RIFF"
    assert data[8:12] == b"WEBP"
    start = data.index(b"\x9d\x01\x2a") + 3
    width, height = struct.unpack("<HH", data[start : start + 4])
    return width & 0x3FFF, height & 0x3FFF


def assert_both_languages(text: dict[str, str]) -> None:
    assert set(text) == {"en", "de"}
    assert all(words.strip() == words and words for words in text.values())


def test_size_of_the_shop() -> None:
    assert 75 <= len(PRODUCTS) <= 95
    assert len([c for c in CATEGORIES.values() if c["parent"] is None]) == 8


def test_slugs_and_skus_are_unique() -> None:
    slugs = Counter(p["slug"] for p in PRODUCTS)
    skus = Counter(v["sku"] for p in PRODUCTS for v in p["variants"])
    assert max(slugs.values()) == 1
    assert max(skus.values()) == 1


def test_categories_form_a_tree_with_pictures_on_top() -> None:
    assert len(CATEGORIES) == len(DATA["categories"])
    for category in CATEGORIES.values():
        assert_both_languages(category["title"])
        assert_both_languages(category["description"])
        if category["parent"] is None:
            assert category["image"]["file"].startswith(f"category-{category['slug']}-")
        else:
            assert CATEGORIES[category["parent"]]["parent"] is None


def test_every_top_category_has_goods() -> None:
    tops = {CATEGORIES[p["category"]]["parent"] or p["category"] for p in PRODUCTS}
    assert tops == {slug for slug, c in CATEGORIES.items() if c["parent"] is None}


def test_attributes_are_declared_in_both_languages() -> None:
    for attribute in ATTRIBUTES.values():
        assert_both_languages(attribute["label"])
        assert attribute["type"] in {"choice", "number", "boolean", "text"}
        assert bool(attribute["values"]) == (attribute["type"] == "choice")
        for words in attribute["values"].values():
            assert_both_languages(words)


@each_product
def test_words(product: dict[str, Any]) -> None:
    assert_both_languages(product["title"])
    assert_both_languages(product["description"])
    assert all(len(text) > 100 for text in product["description"].values())
    assert product["category"] in CATEGORIES
    assert product["tax_class"] in {"standard", "reduced"}
    assert set(product["related"]) <= {p["slug"] for p in PRODUCTS} - {product["slug"]}


@each_product
def test_attribute_values_fit_their_types(product: dict[str, Any]) -> None:
    for code, value in product["attributes"].items():
        attribute = ATTRIBUTES[code]
        match attribute["type"]:
            case "choice":
                assert value in attribute["values"]
            case "number":
                assert not isinstance(value, bool | float)
                assert Decimal(value) > 0
            case "boolean":
                assert isinstance(value, bool)
            case _:
                assert isinstance(value, str)
                assert value


@each_product
def test_variants(product: dict[str, Any]) -> None:
    chosen = [tuple(v["options"].items()) for v in product["variants"]]
    assert chosen
    assert len(set(chosen)) == len(chosen)
    for variant in product["variants"]:
        assert list(variant["options"]) == product["options"]
        assert all(value in ATTRIBUTES[option]["values"] for option, value in variant["options"].items())
        assert set(variant["prices"]) == {"EUR", "USD"}
        assert all(type(minor) is int and minor > 0 for minor in variant["prices"].values())
        assert set(variant["stock"]) == {"berlin", "rotterdam"}
        assert all(type(count) is int and count >= 0 for count in variant["stock"].values())
        assert type(variant["weight_g"]) is int
        assert variant["weight_g"] > 0


def test_some_stock_is_low_and_some_sold_out() -> None:
    totals = [sum(v["stock"].values()) for p in PRODUCTS for v in p["variants"]]
    assert 3 <= sum(total == 0 for total in totals) <= 15
    assert sum(1 <= total <= 3 for total in totals) >= 10


@each_product
def test_pictures_of_a_product(product: dict[str, Any]) -> None:
    assert len(product["images"]) >= 2
    shown = [image["options"] for image in product["images"]]
    for option in set(product["options"]) & set(SEEN_OPTIONS):
        for value in {v["options"][option] for v in product["variants"]}:
            assert {option: value} in shown


@pytest.mark.parametrize("image", all_images(), ids=lambda i: str(i["file"]))
def test_picture_files(image: dict[str, Any]) -> None:
    assert_both_languages(image["alt"])
    ratio = image["height"] / image["width"]
    for width in image["widths"]:
        assert webp_size(MEDIA / f"{image['file']}-{width}.webp") == (width, round(width * ratio))
    assert image["width"] == max(image["widths"])
    content = (MEDIA / f"{image['file']}-1200.webp").read_bytes()
    assert image["file"].endswith("-" + hashlib.sha256(content).hexdigest()[:8])


def test_no_file_is_left_over_and_all_are_small() -> None:
    named = {f"{image['file']}-{width}.webp" for image in all_images() for width in image["widths"]}
    assert {path.name for path in MEDIA.iterdir()} == named
    assert sum(path.stat().st_size for path in MEDIA.iterdir()) <= BYTES_MAX


def test_three_heroes() -> None:
    assert [image["file"].rsplit("-", 1)[0] for image in DATA["heroes"]] == [
        "hero-table",
        "hero-evening",
        "hero-linen",
    ]
