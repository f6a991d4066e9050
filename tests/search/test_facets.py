"""What a list can be narrowed by, and how much of it each choice leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rialto.search.api import ProductPage
from tests.search.builders import DE, Shop, a_product, a_shop, a_variant, coloured

pytestmark = [pytest.mark.anyio, pytest.mark.fast]


def counted(page: ProductPage, code: str) -> dict[str, int]:
    return {value.value: value.count for facet in page.facets if facet.code == code for value in facet.values}


async def test_facets_stay_disjunctive_for_what_is_nearly_found(tmp_path: Path) -> None:
    shop = await a_shop(
        tmp_path, [coloured(1, "red", title="Notebook"), coloured(2, "blue", title="Notebook")]
    )
    page = await shop.browse(q="notebok", filters={"colour": ["red"]})
    assert page.total == 1
    assert counted(page, "colour") == {"red": 1, "blue": 1}


async def test_counts_stay_right_when_several_values_are_chosen(tmp_path: Path) -> None:
    shop = await a_shop(
        tmp_path,
        [
            coloured(1, "red", price=100),
            coloured(2, "red", price=300),
            coloured(3, "blue", price=100),
            a_product(4, attributes={"colour": "oak", "dimmable": True}, price=100),
            a_product(5, attributes={"height": 12}),
        ],
    )
    page = await shop.browse(filters={"colour": ["red", "blue"]})
    assert page.total == 3
    assert counted(page, "colour") == {"red": 2, "blue": 1, "oak": 1}
    page = await shop.browse(filters={"colour": ["red"], "dimmable": ["true"]})
    assert page.total == 0
    assert counted(page, "colour") == {"oak": 1, "red": 0}
    assert counted(page, "dimmable") == {"true": 0}
    page = await shop.browse(filters={"colour": ["red"]}, price_max=200)
    assert counted(page, "colour") == {"red": 1, "blue": 1, "oak": 1}


async def test_numbers_and_yes_or_no_are_facets_with_labels(tmp_path: Path) -> None:
    products = [
        a_product(1, attributes={"height": "12.50", "dimmable": True}),
        a_product(2, attributes={"height": 9, "dimmable": False}),
        a_product(3, attributes={"height": 100}),
    ]
    shop = await a_shop(tmp_path, products)
    page = await shop.browse(DE)
    height = next(facet for facet in page.facets if facet.code == "height")
    assert (height.label, height.unit) == ("Höhe", "cm")
    assert [(value.value, value.label) for value in height.values] == [
        ("9", "9"),
        ("12.5", "12,5"),
        ("100", "100"),
    ]
    dimmable = next(facet for facet in page.facets if facet.code == "dimmable")
    assert [(value.value, value.label) for value in dimmable.values] == [("true", "Ja"), ("false", "Nein")]
    assert await shop.found(filters={"height": ["12.500"], "dimmable": ["True"]}) == ["p-1"]


async def test_a_variants_option_is_found_as_a_value_of_its_product(tmp_path: Path) -> None:
    variants = [a_variant("A", 100, {"colour": "red"}), a_variant("B", 200, {"colour": "blue"})]
    shop = await a_shop(tmp_path, [a_product(1, variants=variants), coloured(2, "red")])
    assert counted(await shop.browse(), "colour") == {"red": 2, "blue": 1}
    assert await shop.found(filters={"colour": ["blue"]}) == ["p-1"]


async def test_a_parameter_that_is_no_filter_filters_nothing(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(1, attributes={"designer": "Ada"})])
    assert await shop.found(filters={"utm_source": ["mail"], "designer": ["Bob"]}) == ["p-1"]
    assert await shop.found(filters={"colour": ["unheard of"]}) == []


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    chosen=st.dictionaries(
        st.sampled_from(["colour", "height", "dimmable"]),
        st.lists(
            st.sampled_from(["red", "blue", "oak", "1", "2", "3", "true", "false", "x"]),
            min_size=1,
            max_size=3,
        ),
    ),
    price_max=st.one_of(st.none(), st.integers(0, 600)),
    in_stock=st.booleans(),
)
async def test_facets_of_a_list_are_what_choosing_one_more_value_shows(
    mixed_shop: Shop, chosen: dict[str, list[str]], price_max: int | None, in_stock: bool
) -> None:
    asked: dict[str, Any] = {"price_max": price_max, "in_stock": in_stock, "limit": 100}
    page = await mixed_shop.browse(filters=chosen, **asked)
    for facet in page.facets:
        for value in facet.values:
            alone = await mixed_shop.browse(filters={**chosen, facet.code: [value.value]}, **asked)
            assert alone.total == value.count
            assert value.chosen == (value.value in chosen.get(facet.code, []))


@pytest.fixture
async def mixed_shop(tmp_path: Path) -> Shop:
    products = [
        a_product(
            n,
            price=n * 20,
            attributes={"height": n % 3 + 1, "dimmable": n % 2 == 0} if n % 5 else {},
            variants=[
                a_variant(f"S-{n}-{colour}", n * 20, {"colour": colour})
                for colour in ("red", "blue", "oak")[: n % 4]
            ]
            or None,
        )
        for n in range(30)
    ]
    stock_of = {v.sku: n % 3 for n, each in enumerate(products) for v in each.draft.variants}
    return await a_shop(tmp_path, products, stock_of)
