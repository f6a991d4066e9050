"""Reading the export of a Spree shop."""

from __future__ import annotations

import csv

import pytest

from rialto.catalog.api import Picture
from rialto.importing.model import CategoryRow, CustomerRow
from rialto.kernel.address import Address
from tests.importing.sources import (
    DATA,
    SHARED,
    left_out_in,
    needs_spree_data,
    problems_in,
    products_in,
    rows_of,
)

pytestmark = pytest.mark.fast

SPREE = DATA / "spree"


def test_rows_with_an_option_are_variants_of_the_row_with_the_name() -> None:
    kettle = products_in(rows_of("spree", SPREE))["kettle"].draft
    assert kettle.options == ["color"]
    assert [(one.sku, one.options) for one in kettle.variants] == [
        ("KETTLE-WHITE", {"color": "white"}),
        ("KETTLE-STEEL", {"color": "stainless-steel"}),
    ]
    assert kettle.published is True
    assert kettle.description["en"] == "Boils fast,\npours slowly."


def test_rows_with_neither_name_nor_option_are_further_prices() -> None:
    white, steel = products_in(rows_of("spree", SPREE))["kettle"].draft.variants
    assert white.prices == {"USD": 4499, "EUR": 4199}
    assert white.compare_at == {"USD": 4999}
    assert steel.prices == {"USD": 4699, "EUR": 4350}


def test_a_product_without_options_is_its_own_variant() -> None:
    row = products_in(rows_of("spree", SPREE))["teapot"]
    [variant] = row.draft.variants
    assert (variant.sku, variant.options, variant.weight_g) == ("TEAPOT", {}, 1000)
    assert variant.prices == {"EUR": 3000, "USD": 3300}
    assert (row.draft.published, row.draft.tax_class) == (False, "reduced")


def test_translations_are_taken_for_every_language() -> None:
    kettle = products_in(rows_of("spree", SPREE))["kettle"].draft
    assert kettle.title == {"en": "Kettle 1.7L", "de": "Wasserkocher", "fr": "Bouilloire"}
    assert kettle.description["de"] == "Kocht schnell."
    assert "fr" not in kettle.description


def test_weights_become_whole_grams_exactly() -> None:
    white, steel = products_in(rows_of("spree", SPREE))["kettle"].draft.variants
    assert (white.weight_g, steel.weight_g) == (1089, 1134)  # 2.4 lb = 1088.621688 g, 2.5 lb = 1133.980925 g


def test_dimensions_that_all_variants_share_become_attributes() -> None:
    rows = rows_of("spree", SPREE)
    said = {one.code: one.text for one in products_in(rows)["kettle"].said}
    assert said == {
        "product_type": "Kitchen Appliance",
        "wattage": "2200W",
        "noise_level": "Quiet",
        "width": "20.066",
        "height": "24.892",
    }
    assert left_out_in(rows)["products.csv: depth"] == 2


def test_stock_and_pictures_stand_with_their_variant() -> None:
    row = products_in(rows_of("spree", SPREE))["kettle"]
    assert [(one.sku, one.warehouse, one.on_hand, one.line) for one in row.stock] == [
        ("KETTLE-WHITE", "berlin", 12, 4),
        ("KETTLE-STEEL", "berlin", 0, 5),
    ]
    assert row.draft.images[:2] == [
        Picture(url="https://example.com/kettle.webp"),
        Picture(url="https://example.com/kettle-white.webp", options={"color": "white"}),
    ]


def test_category_paths_become_a_tree() -> None:
    rows = rows_of("spree", SPREE)
    tree = {row.category.slug: row.category.parent for row in rows if isinstance(row, CategoryRow)}
    assert tree["kitchen-kettles"] == "kitchen"
    assert products_in(rows)["kettle"].draft.category == "kitchen-kettles"


def test_a_faulty_row_costs_its_product_only() -> None:
    rows = rows_of("spree", SPREE)
    assert set(products_in(rows)) == {"kettle", "teapot", "pounds"}
    assert problems_in(rows) == [
        ("products.csv", 13, ""),
        ("product_translations.csv", 4, ""),
        ("products.csv", 10, "broken-price"),
        ("products.csv", 11, "broken-unit"),
        ("products.csv", 12, "nameless"),
    ]


def test_what_finds_no_home_is_named_with_its_rows() -> None:
    assert left_out_in(rows_of("spree", SPREE)) == {
        "products.csv: compare_at_price": 1,
        "products.csv: depth": 2,
        "products.csv: meta_title": 1,
        "products.csv: tags": 1,
        "products.csv: inventory_backorderable": 12,
        "product_translations.csv: meta_title": 1,
        "customers.csv: accepts_email_marketing": 4,
        "customers.csv: tags": 1,
    }


def test_customers_come_with_their_address() -> None:
    customers = [row for row in rows_of("spree", SPREE) if isinstance(row, CustomerRow)]
    assert [(one.email, one.name, len(one.addresses), one.line) for one in customers] == [
        ("ada@example.com", "Ada Example", 1, 2),
        ("bo@example.com", "Bo Example", 0, 3),
        ("cy@example.com", "Cy Example", 1, 4),
        ("nobody", "No Body", 0, 5),
    ]
    assert customers[0].addresses[0] == Address(
        name="Ada Example",
        company="Example & Co.",
        line1="123 Main St",
        line2="Suite 2",
        city="Springfield",
        region="IL",
        postal_code="62704",
        country="US",
    )


def test_the_products_file_alone_will_do() -> None:
    products = products_in(rows_of("spree", SPREE / "products.csv"))
    assert products["kettle"].draft.title == {"en": "Kettle 1.7L"}


@needs_spree_data
def test_the_whole_reference_export_is_read_without_a_problem() -> None:
    rows = rows_of("spree", SHARED / "spree")
    products = products_in(rows)
    assert problems_in(rows) == []
    assert sum(isinstance(row, CustomerRow) for row in rows) == 20
    assert len(products) == 37
    variants = [variant for row in products.values() for variant in row.draft.variants]
    assert len(variants) == 87
    assert all(set(variant.prices) == {"EUR", "USD"} for variant in variants)
    assert all(set(row.draft.title) == {"en", "de", "fr"} for row in products.values())
    assert sum(count.on_hand for row in products.values() for count in row.stock) == 87 * 5000


@needs_spree_data
def test_every_price_of_the_reference_export_is_exact() -> None:
    with (SHARED / "spree" / "products.csv").open(encoding="utf-8", newline="") as file:
        written = {
            (line["sku"], line["currency"]): line["price"]
            for line in csv.DictReader(file)
            if line["price"] != "0"
        }
    drafts = [row.draft for row in products_in(rows_of("spree", SHARED / "spree")).values()]
    read = {
        (variant.sku, currency): amount
        for draft in drafts
        for variant in draft.variants
        for currency, amount in variant.prices.items()
    }
    whole = {key: int(text.partition(".")[0]) * 100 for key, text in written.items()}
    cents = {key: int((text.partition(".")[2] + "00")[:2]) for key, text in written.items()}
    assert read == {key: whole[key] + cents[key] for key in written}
