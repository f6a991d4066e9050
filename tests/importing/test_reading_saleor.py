"""Reading the dump of a Saleor shop."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from rialto.catalog.api import Picture
from rialto.importing.dump import read_dump
from rialto.importing.model import (
    AttributeRow,
    CategoryRow,
    FileRefused,
    ImportOptions,
    Problem,
    ProductRow,
    PromotionRow,
)
from rialto.importing.rich_text import plain_text
from rialto.pricing.api import PercentOff
from tests.importing.sources import (
    DATA,
    SHARED,
    left_out_in,
    needs_saleor_data,
    products_in,
    rows_of,
)

pytestmark = pytest.mark.fast

SALEOR = DATA / "saleor"


def cup(**options: Any) -> ProductRow:
    return products_in(rows_of("saleor", SALEOR, ImportOptions(**options)))["cup"]


def test_variants_differ_by_what_is_chosen_and_stand_in_their_order() -> None:
    draft = cup().draft
    assert draft.options == ["size"]
    assert [(one.sku, one.options, one.weight_g) for one in draft.variants] == [
        ("CUP-S", {"size": "small"}, 300),
        ("CUP-L", {"size": "large"}, 450),
    ]
    assert draft.title == {"en": "Cup", "de": "Tasse"}
    assert draft.description == {"en": "One espresso\n\nWarm\nhands.", "de": "Warme Hände."}
    assert (draft.created_on, draft.published, draft.featured) == (date(2026, 1, 31), True, True)


def test_prices_are_those_of_the_first_channel_of_each_currency() -> None:
    small, large = cup().draft.variants
    assert small.prices == {"EUR": 1250, "USD": 1375, "GBP": 1100}
    assert small.compare_at == {"EUR": 1500}
    assert large.prices == {"EUR": 1450}
    assert cup(channel="outlet").draft.variants[0].prices == {"EUR": 900}
    assert cup(currency="usd").draft.variants[0].prices == {"USD": 1375}
    assert cup(currency="USD").draft.published is False


def test_a_channel_that_is_not_there_refuses_the_file() -> None:
    with pytest.raises(FileRefused, match=r"europe \(EUR\), america \(USD\)"):
        cup(channel="mars")
    with pytest.raises(FileRefused):
        cup(channel="europe", currency="USD")


def test_stock_keeps_its_warehouse_with_one_of_ours_in_reserve() -> None:
    row = cup(warehouse="rotterdam")
    assert [(one.sku, one.warehouse, one.stand_in, one.on_hand) for one in row.stock] == [
        ("CUP-S", "global", "rotterdam", 4),
        ("CUP-S", "rotterdam", "rotterdam", 7),
        ("CUP-S", "attic", "rotterdam", 2),
        ("CUP-L", "global", "rotterdam", 0),
    ]


def test_values_have_the_type_of_their_attribute() -> None:
    said = {one.code: (one.text, one.unit) for one in cup().said}
    assert said == {
        "clay": ("Stoneware|Porcelain", None),
        "height": ("6.50", "cm"),
        "hand_made": ("yes", None),
        "care": ("– No fire\n– No ice", None),
    }
    definitions = {
        row.definition.code: row.definition
        for row in reversed(rows_of("saleor", SALEOR))
        if isinstance(row, AttributeRow) and row.definition.code != "variant"
    }
    size = definitions["size"]
    assert (size.label, size.order) == ({"en": "Size", "de": "Größe"}, ["small", "large"])
    assert size.values["small"] == {"en": "Small", "de": "Klein"}
    assert {code: (one.type, one.unit, one.filterable) for code, one in definitions.items()} == {
        "size": ("choice", None, True),
        "clay": ("choice", None, True),
        "height": ("number", "cm", False),
        "hand_made": ("boolean", None, False),
        "care": ("text", None, False),
    }


def test_variants_that_nothing_tells_apart_go_by_their_names() -> None:
    twins = products_in(rows_of("saleor", SALEOR))["twins"].draft
    assert [one.options for one in twins.variants] == [{"variant": "first"}, {"variant": "second"}]
    assert [one.weight_g for one in twins.variants] == [680, 680]  # 1.5 lb = 680.388555 g
    assert twins.description == {"en": "Two of them"}


def test_goods_that_are_not_delivered_say_so_and_a_missing_sku_is_made() -> None:
    course = products_in(rows_of("saleor", SALEOR))["throwing-pots"]
    [variant] = course.draft.variants
    assert (variant.sku, variant.prices, course.draft.published) == ("saleor-202", {"USD": 9000}, False)
    assert [(one.code, one.text) for one in course.said] == [("digital", "yes")]


def test_categories_come_parents_first_with_their_words() -> None:
    rows = [row for row in rows_of("saleor", SALEOR) if isinstance(row, CategoryRow)]
    assert [(row.category.slug, row.category.parent) for row in rows] == [
        ("tableware", None),
        ("empty", None),
        ("cups-2", "tableware"),
    ]
    assert rows[2].category.title == {"en": "Cups", "de": "Tassen"}
    assert rows[0].category.description == {"en": "For the table & more"}
    assert products_in(rows_of("saleor", SALEOR))["cup"].draft.category == "cups-2"


def test_pictures_need_an_address() -> None:
    small = Picture(
        url="https://example.com/small.webp", alt={"en": "The small cup"}, options={"size": "small"}
    )
    assert cup().draft.images == [small]
    two = Picture(url="https://media.example.com/m/products/cup%20two.png")
    assert cup(media_url="https://media.example.com/m/").draft.images == [small, two]


def test_a_percentage_is_a_promotion() -> None:
    [sale] = [row for row in rows_of("saleor", SALEOR) if isinstance(row, PromotionRow)]
    promotion = sale.promotion
    assert (promotion.id, promotion.title) == ("saleor-sale-5", {"en": "Spring"})
    assert promotion.benefit == PercentOff(percent="12.5")
    assert promotion.applies_to.categories == ["tableware"]
    assert sale.slugs == ["cup"]
    assert promotion.conditions.starts_at == datetime(2026, 3, 1, tzinfo=UTC)
    assert promotion.conditions.ends_at == datetime(2026, 4, 1, tzinfo=UTC)


def test_a_faulty_record_costs_its_product_only() -> None:
    rows = rows_of("saleor", SALEOR)
    assert set(products_in(rows)) == {"cup", "throwing-pots", "twins", "card-50"}
    faults = {row.product: (row.line, row.reason) for row in rows if isinstance(row, Problem)}
    assert {product: line for product, (line, _) in faults.items()} == {
        "": line_of("product.category", 23),
        "nothing": line_of("product.product", 104),
        "broken-price": line_of("product.productvariantchannellisting", 8),
        "broken-name": line_of("product.product", 106),
        "typeless": line_of("product.product", 107),
    }
    assert "1.234" in faults["broken-price"][1]


def line_of(model: str, key: int) -> int:
    lines = (SALEOR / "populatedb_data.json").read_text("utf-8").splitlines()
    start = f'{{"model": "{model}", "pk": {key},'
    return next(number for number, line in enumerate(lines, start=1) if line.startswith(start))


def test_everything_that_finds_no_home_is_named_with_its_records() -> None:
    assert left_out_in(rows_of("saleor", SALEOR)) == {
        "attributes of type product-type, file": 1,
        "product.category: background_image": 1,
        "further prices in 'EUR'": 1,
        "product.productmedia: image": 1,
        "product.productmedia: films": 1,
        "digital goods: delivery is not needed": 2,
        "gift cards": 1,
        "variants whose stock is not counted": 1,
        "discount.sale Five off": 1,
        "channel.channel: is_active": 1,
        "channel.channel: default_country": 1,
        "product.category: seo_title": 1,
        "attribute.attribute: value_required": 1,
        "product.product: seo_title": 1,
        "product.producttranslation: seo_title": 1,
        "product.productchannellisting: visible_in_listings": 1,
        "product.productvariant: quantity_limit_per_customer": 1,
        "product.productvariant without a product.product": 1,
        "product.productvariantchannellisting: cost_price_amount": 1,
        "warehouse.stock: quantity_allocated": 1,
        "product.collection": 1,
        "product.collectionproduct": 1,
        "menu.menu": 1,
        "menu.menuitem": 1,
        "site.sitesettings": 1,
    }


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", 1),
        ('{"model": "a"}', 1),
        ("[\n{},\n]", 2),
        ('[\n{"model": "a", "pk": 1, "fields": {}},\n]', 3),
        ('[\n{"model": "a", "pk": 1, "fields": {}}\n{"model": "a", "pk": 2, "fields": {}}]', 3),
        ('[\n{"model": "a", "pk": 1, "fields": {}},\n{"model": "a", "pk": 1, "fields": {}}]', 3),
        ('[\n\n{"model": "a", "pk": 1, "fields": []}]', 3),
        ('[\n{"model": "a", "pk": 1,\n "fields": {"b": }}]', 3),
        ('[{"model": "a", "pk": 1, "fields": {"b": NaN}}]', None),
        ("[" * 100_000, None),
        ('[{"model": "a", "pk": 1, "fields": {}}] []', 1),
        ('[{"model": "a", "pk": ' + "9" * 5000 + ', "fields": {}}]', None),
    ],
)
def test_a_fault_of_the_file_refuses_it_with_the_line(tmp_path: Path, content: str, line: int | None) -> None:
    path = tmp_path / "dump.json"
    path.write_text(content, "utf-8")
    with pytest.raises(FileRefused) as refused:
        read_dump(path)
    assert refused.value.line == line


def test_fields_of_a_wrong_kind_are_the_fault_of_their_record(tmp_path: Path) -> None:
    """Whatever stands in a field, the rest of the file is read and nobody stumbles."""
    records = json.loads((SALEOR / "populatedb_data.json").read_text("utf-8"))
    path = tmp_path / "dump.json"
    for model in (
        "product.product", "product.productvariant", "product.producttype", "warehouse.stock",
        "attribute.attribute", "attribute.attributevalue", "discount.sale",
    ):  # fmt: skip
        for wrong in (True, 7, "x", [1], {"a": 1}, "\x00", "\ud800"):
            faulty = [
                {**one, "fields": dict.fromkeys(one["fields"], wrong)} if one["model"] == model else one
                for one in records
            ]
            path.write_text(json.dumps(faulty), "utf-8")
            rows = rows_of("saleor", path)
            assert any(isinstance(row, Problem) for row in rows)
            assert sum(isinstance(row, CategoryRow) for row in rows) == 3


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ({}, ""),
        ({"blocks": "no list"}, ""),
        ({"blocks": [7, {"data": 7}, {"data": {"text": 7}}]}, ""),
        ("<p>Plain &amp; simple</p>", "Plain & simple"),
        ('{"broken', '{"broken'),
        ({"blocks": [{"data": {"text": "<script>alert(1)</script>a < b"}}]}, "alert(1)a < b"),
    ],
)
def test_rich_texts_become_plain(value: object, text: str) -> None:
    assert plain_text(value) == text


@needs_saleor_data
def test_the_whole_reference_dump_is_read_without_a_problem() -> None:
    rows = rows_of("saleor", SHARED / "saleor")
    assert [row for row in rows if isinstance(row, Problem)] == []
    products = products_in(rows)
    assert len(products) == 32
    variants = [variant for row in products.values() for variant in row.draft.variants]
    assert len(variants) == 73
    assert sum(len(variant.prices) for variant in variants) == 146
    assert sum(len(row.stock) for row in products.values()) == 56
    assert sum(isinstance(row, CategoryRow) for row in rows) == 16


@needs_saleor_data
def test_every_record_of_the_reference_dump_is_read_or_named() -> None:
    """Nothing is passed over in silence: what is not read is counted by its kind."""
    dump = read_dump(SHARED / "saleor" / "populatedb_data.json")
    left = left_out_in(rows_of("saleor", SHARED / "saleor"))
    assert left["menu.menuitem"] == 22
    assert left["page.page"] == 8
    assert left["product.productmedia: image"] == 48
    assert left["variants whose stock is not counted"] == 17
    assert left["digital goods: delivery is not needed"] == 12
    assert sum(len(dump.of(model)) for model in dump.models) == 721


@needs_saleor_data
def test_every_price_of_the_reference_dump_is_exact() -> None:
    records = json.loads((SHARED / "saleor" / "populatedb_data.json").read_text("utf-8"))
    by_key = {(one["model"], one["pk"]): one["fields"] for one in records}
    written = {}
    for one in records:
        if one["model"] == "product.productvariantchannellisting":
            fields = one["fields"]
            sku = by_key["product.productvariant", fields["variant"]]["sku"] or f"saleor-{fields['variant']}"
            whole, _, rest = fields["price_amount"].partition(".")
            written[sku, fields["currency"]] = int(whole) * 100 + int((rest + "00")[:2])
    read = {
        (variant.sku, currency): amount
        for row in products_in(rows_of("saleor", SHARED / "saleor")).values()
        for variant in row.draft.variants
        for currency, amount in variant.prices.items()
    }
    assert read == written
