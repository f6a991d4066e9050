"""Which warehouse gives what, tried without any database."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rialto.inventory.api import Allocation, OutOfStock, ReturnRefused, StockLine
from rialto.inventory.events import band
from rialto.inventory.model import LINES_MAX, QUANTITY_MAX, allocate, check_returned, merged, warehouses_for
from rialto.kernel.errors import Invalid

pytestmark = pytest.mark.fast

WAREHOUSES = [("berlin", "DE"), ("rotterdam", "NL"), ("munich", "DE")]


def lines(**quantities: int) -> list[StockLine]:
    return [StockLine(sku=sku, quantity=quantity) for sku, quantity in quantities.items()]


def taken(wanted: dict[str, int], available: dict[tuple[str, str], int]) -> list[tuple[str, str, int]]:
    order = [code for code, _ in WAREHOUSES]
    return [(part.sku, part.warehouse, part.quantity) for part in allocate(wanted, order, available)]


def test_lines_of_one_sku_are_wanted_together() -> None:
    assert merged([*lines(A=1, B=2), *lines(A=3)]) == {"A": 4, "B": 2}


@pytest.mark.parametrize("quantity", [0, -1, QUANTITY_MAX + 1])
def test_a_quantity_that_cannot_be_is_refused_with_its_place(quantity: int) -> None:
    with pytest.raises(Invalid) as refused:
        merged(lines(A=1, B=quantity))
    assert [fault.path for fault in refused.value.fields] == ["lines.1.quantity"]


def test_nothing_and_too_many_skus_are_refused() -> None:
    most = {f"SKU-{number}": 1 for number in range(LINES_MAX)}
    assert len(merged(lines(**most))) == LINES_MAX
    for wanted in ({}, most | {"ONE-MORE": 1}):
        with pytest.raises(Invalid):
            merged(lines(**wanted))


@pytest.mark.parametrize(
    ("country", "order"),
    [
        ("DE", ["berlin", "munich", "rotterdam"]),
        ("NL", ["rotterdam", "berlin", "munich"]),
        ("FR", ["berlin", "rotterdam", "munich"]),
        (None, ["berlin", "rotterdam", "munich"]),
    ],
)
def test_warehouses_in_the_country_come_first_the_others_as_the_shop_ranks_them(
    country: str | None, order: list[str]
) -> None:
    assert warehouses_for(country, WAREHOUSES) == order


def test_the_first_warehouse_that_has_all_of_it_gives_all_of_it() -> None:
    shelves = {("A", "berlin"): 2, ("A", "rotterdam"): 3, ("A", "munich"): 9}
    assert taken({"A": 2}, shelves) == [("A", "berlin", 2)]
    assert taken({"A": 3}, shelves) == [("A", "rotterdam", 3)]
    assert taken({"A": 9}, shelves) == [("A", "munich", 9)]


def test_what_none_has_alone_is_shared_in_order_and_empty_shelves_are_passed_by() -> None:
    shelves = {("A", "berlin"): 2, ("A", "rotterdam"): 0, ("A", "munich"): 3}
    assert taken({"A": 4}, shelves) == [("A", "berlin", 2), ("A", "munich", 2)]
    assert taken({"A": 5}, shelves) == [("A", "berlin", 2), ("A", "munich", 3)]


def test_every_short_sku_is_named_and_nothing_is_taken_of_the_others() -> None:
    with pytest.raises(OutOfStock) as refused:
        taken({"A": 1, "B": 3, "C": 1}, {("A", "berlin"): 1, ("B", "berlin"): 1, ("B", "munich"): 1})
    assert refused.value.extra["items"] == [
        {"sku": "B", "requested": 3, "available": 2},
        {"sku": "C", "requested": 1, "available": 0},
    ]


COUNTS = st.dictionaries(
    st.tuples(st.sampled_from("ABC"), st.sampled_from([code for code, _ in WAREHOUSES])),
    st.integers(min_value=0, max_value=6),
)
WANTED = st.dictionaries(st.sampled_from("ABC"), st.integers(min_value=1, max_value=12), min_size=1)


@given(WANTED, COUNTS)
def test_exactly_what_is_wanted_is_taken_and_of_no_shelf_more_than_it_has(
    wanted: dict[str, int], available: dict[tuple[str, str], int]
) -> None:
    order = [code for code, _ in WAREHOUSES]
    there = {sku: sum(count for (found, _), count in available.items() if found == sku) for sku in wanted}
    short = {sku for sku, quantity in wanted.items() if there[sku] < quantity}
    if short:
        with pytest.raises(OutOfStock) as refused:
            allocate(wanted, order, available)
        assert {item["sku"] for item in refused.value.extra["items"]} == short
        return
    parts = allocate(wanted, order, available)
    assert len({(part.sku, part.warehouse) for part in parts}) == len(parts)
    assert all(0 < part.quantity <= available[part.sku, part.warehouse] for part in parts)
    assert {sku: _sum(parts, sku) for sku in wanted} == wanted


def _sum(parts: list[Allocation], sku: str) -> int:
    return sum(part.quantity for part in parts if part.sku == sku)


def test_the_band_that_shoppers_see_is_none_few_or_many() -> None:
    assert [band(count) for count in (-1, 0, 1, 3, 4)] == [
        *("sold_out", "sold_out"),
        *("few_left", "few_left", "in_stock"),
    ]


def test_no_more_comes_back_than_went_out_over_all_warehouses() -> None:
    used_up = [
        Allocation(sku="CUP", warehouse="berlin", quantity=2),
        Allocation(sku="CUP", warehouse="rotterdam", quantity=1),
    ]
    check_returned(used_up, {"CUP": 1}, {"CUP": 2})
    for before, now in (({"CUP": 1}, {"CUP": 3}), ({}, {"CUP": 4}), ({}, {"LAMP": 1})):
        with pytest.raises(ReturnRefused):
            check_returned(used_up, before, now)
