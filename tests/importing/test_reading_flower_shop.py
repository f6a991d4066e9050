"""Reading the flower shop that commerce protocols are tried with."""

from __future__ import annotations

from pathlib import Path

import pytest

from rialto.importing.model import (
    CustomerRow,
    DeliveryRow,
    FileRefused,
    ImportOptions,
    Problem,
    PromotionRow,
)
from rialto.kernel.errors import Invalid
from rialto.pricing.api import AmountOff, FreeDelivery, PercentOff
from tests.importing.sources import (
    DATA,
    SHARED,
    left_out_in,
    needs_flower_data,
    problems_in,
    products_in,
    rows_of,
)

pytestmark = pytest.mark.fast

FLOWERS = DATA / "flower-shop"


def test_a_row_is_a_product_with_its_stock_and_an_amount_in_minor_units() -> None:
    rows = rows_of("flower-shop", FLOWERS)
    tulips = products_in(rows)["tulips-red"]
    [variant] = tulips.draft.variants
    assert (variant.sku, variant.prices) == ("tulips_red", {"USD": 2550})
    assert tulips.draft.title == {"en": "Red Tulips"}
    assert tulips.draft.images[0].url == "https://example.com/tulips.jpg"
    assert [(one.sku, one.warehouse, one.on_hand) for one in tulips.stock] == [("tulips_red", "berlin", 40)]
    assert set(products_in(rows)) == {"tulips-red", "vase"}


def test_the_currency_is_asked_for_where_the_folder_has_none(tmp_path: Path) -> None:
    options = ImportOptions(currency="JPY")
    draft = products_in(rows_of("flower-shop", FLOWERS, options))["vase"].draft
    assert draft.variants[0].prices == {"JPY": 1999}
    with pytest.raises(FileRefused, match="--currency"):
        rows_of("flower-shop", FLOWERS / "products.csv")
    with pytest.raises(Invalid):
        rows_of("flower-shop", FLOWERS, ImportOptions(currency="gold"))
    (tmp_path / "products.csv").write_text("id,title,price\na,A,5\n")
    for content in ("{}", "[]", '{"currency": "gold"}'):
        (tmp_path / "conformance_input.json").write_text(content)
        with pytest.raises(FileRefused, match="names no currency"):
            rows_of("flower-shop", tmp_path)
    (tmp_path / "conformance_input.json").write_text('{\n"currency"')
    with pytest.raises(FileRefused) as refused:
        rows_of("flower-shop", tmp_path)
    assert refused.value.line == 2


def test_discounts_are_promotions_with_a_code() -> None:
    rows = [row for row in rows_of("flower-shop", FLOWERS) if isinstance(row, PromotionRow)]
    codes = [(row.promotion.benefit, row.vouchers[0].code, row.line) for row in rows if row.vouchers]
    assert codes == [
        (PercentOff(percent="10"), "SPRING10", 2),
        (AmountOff(amounts={"USD": 500}), "FIVE", 3),
    ]
    assert all(row.promotion.needs_code for row in rows if row.vouchers)
    free = [row for row in rows if not row.vouchers]
    assert {type(row.promotion.benefit) for row in free} == {FreeDelivery}
    assert [(row.promotion.conditions.items_min, row.slugs) for row in free] == [
        ({"USD": 5000}, []),
        ({}, ["tulips-red"]),
        ({}, ["thistle"]),
    ]


def test_a_rate_for_anywhere_leaves_out_countries_with_their_own() -> None:
    methods = [row.method for row in rows_of("flower-shop", FLOWERS) if isinstance(row, DeliveryRow)]
    assert [(one.id, one.countries, one.except_countries, one.prices) for one in methods] == [
        ("std", ["*"], [], {"USD": 500}),
        ("exp-us", ["US"], [], {"USD": 1500}),
        ("exp", ["*"], ["US", "ZZ"], {"USD": 2500}),
        ("odd", ["ZZ"], [], {"USD": 2500}),
    ]


def test_customers_have_their_addresses() -> None:
    customers = [row for row in rows_of("flower-shop", FLOWERS) if isinstance(row, CustomerRow)]
    assert [(one.email, [address.postal_code for address in one.addresses]) for one in customers] == [
        ("ada@example.com", ["62704", "ABC"]),
        ("not an address", []),
    ]


def test_a_faulty_row_costs_itself_and_the_rest_is_named() -> None:
    rows = rows_of("flower-shop", FLOWERS)
    assert problems_in(rows) == [
        ("products.csv", 4, "vase"),
        ("products.csv", 5, "orchid"),
        ("inventory.csv", 4, ""),
        ("discounts.csv", 5, ""),
        ("promotions.csv", 5, ""),
        ("shipping_rates.csv", 6, ""),
        ("customers.csv", 4, ""),
        ("addresses.csv", 4, ""),
    ]
    assert left_out_in(rows) == {
        "discounts.csv: 'bulk'": 1,
        "promotions.csv: 'gift'": 1,
        "conformance_input.json": 0,
        "payment_instruments.csv": 0,
    }


@needs_flower_data
def test_the_reference_shop_is_read_without_a_problem() -> None:
    rows = rows_of("flower-shop", SHARED / "ucp-flower-shop")
    assert [row for row in rows if isinstance(row, Problem)] == []
    products = products_in(rows)
    assert {row.draft.variants[0].sku: row.stock[0].on_hand for row in products.values()} == {
        "bouquet_roses": 1000,
        "pot_ceramic": 2000,
        "bouquet_sunflowers": 500,
        "bouquet_tulips": 1500,
        "orchid_white": 800,
        "gardenias": 0,
    }
    assert products["bouquet-roses"].draft.variants[0].prices == {"USD": 3500}
    assert left_out_in(rows) == {"conformance_input.json": 0, "payment_instruments.csv": 0}
