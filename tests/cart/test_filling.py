"""Lines from elsewhere come into a cart: the rules."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from rialto.cart.api import LINES_MAX, QUANTITY_MAX, LineConflict
from rialto.cart.model.contents import StoredCart, StoredLine, with_left_out
from rialto.cart.model.filling import Filled, settled, with_details, with_lines
from rialto.cart.model.views import Answers
from rialto.catalog.api import Offer
from rialto.kernel.ids import CART, LINE, ProductId
from rialto.kernel.money import EUR, USD, Money
from tests.support.values import seeded_ids

pytestmark = pytest.mark.fast

IDS = seeded_ids()


def a_cart(**lines: int) -> StoredCart:
    return StoredCart(
        id=CART.new(IDS, 7),
        version=1,
        currency=EUR,
        country="DE",
        language="en",
        channel="default",
        touched_on=date(2026, 1, 5),
        lines=tuple(a_line(sku, count, place) for place, (sku, count) in enumerate(lines.items(), start=1)),
    )


def a_line(sku: str, quantity: int = 1, position: int = 0, shown: Money | None = None) -> StoredLine:
    return StoredLine(id=LINE.new(IDS, 7), sku=sku, quantity=quantity, position=position, shown_price=shown)


def answers(**cents: int) -> Answers:
    offers = {
        sku: Offer(sku=sku, product_id=ProductId("prod"), slug=sku, title={}, price=Money(price, EUR))
        for sku, price in cents.items()
    }
    return Answers(offers=offers, available=dict.fromkeys(cents, 50))


def in_it(filled: Filled) -> dict[str, int]:
    return {line.sku: line.quantity for line in filled.cart.lines}


def test_new_articles_come_behind_and_known_ones_get_more() -> None:
    filled = with_lines(a_cart(cup=2, lamp=1), [a_line("book", 3), a_line("cup", 4)])
    assert in_it(filled) == {"cup": 6, "lamp": 1, "book": 3}
    assert [line.position for line in filled.cart.lines] == [1, 2, 3]
    assert (filled.added, filled.conflicts) == ({"book": 3, "cup": 4}, ())


def test_more_than_a_line_may_hold_is_left_out_and_told() -> None:
    filled = with_lines(a_cart(cup=95), [a_line("cup", 10)])
    assert in_it(filled) == {"cup": QUANTITY_MAX}
    assert filled.added == {"cup": 4}
    assert filled.conflicts == (
        LineConflict(sku="cup", code="quantity_capped", requested=105, quantity=QUANTITY_MAX),
    )


def test_more_articles_than_a_cart_may_hold_are_left_out_and_told() -> None:
    full = a_cart(**{f"sku{n}": 1 for n in range(LINES_MAX)})
    filled = with_lines(full, [a_line("cup", 2), a_line("sku0", 1)])
    assert len(filled.cart.lines) == LINES_MAX
    assert filled.added == {"sku0": 1}
    assert filled.conflicts == (LineConflict(sku="cup", code="lines_full", requested=2, quantity=0),)


def test_what_a_full_cart_left_out_is_told_once_whatever_it_costs_today() -> None:
    full = a_cart(**{f"sku{n}": 1 for n in range(LINES_MAX)})
    filled = with_lines(full, [a_line("cup", 2, shown=Money(1090, EUR))])
    assert settled(filled, answers(cup=1190)) == filled


def test_what_is_not_sold_stays_out_and_what_was_there_stays_as_it_was() -> None:
    filled = settled(with_lines(a_cart(cup=2), [a_line("cup", 3), a_line("ghost", 1)]), Answers())
    assert in_it(filled) == {"cup": 2}
    assert filled.added == {}
    assert [(told.sku, told.code, told.requested, told.quantity) for told in filled.conflicts] == [
        ("cup", "not_sold", 5, 2),
        ("ghost", "not_sold", 1, 0),
    ]


def test_a_sold_out_article_comes_in_and_is_told() -> None:
    known = answers(cup=1190)
    filled = settled(with_lines(a_cart(), [a_line("cup")]), Answers(offers=known.offers, available={}))
    assert in_it(filled) == {"cup": 1}
    assert [told.code for told in filled.conflicts] == ["sold_out"]


def test_a_price_that_changed_since_it_was_seen_is_told_and_still_to_be_shown() -> None:
    seen = Money(1090, EUR)
    filled = settled(with_lines(a_cart(), [a_line("cup", shown=seen)]), answers(cup=1190))
    (told,) = filled.conflicts
    assert (told.code, told.unit_price, told.former_unit_price) == (
        "price_changed",
        Money(1190, EUR),
        seen,
    )
    assert filled.cart.lines[0].shown_price == seen


def test_a_price_seen_in_another_currency_is_told_once_and_not_kept() -> None:
    filled = settled(with_lines(a_cart(), [a_line("cup", shown=Money(1190, USD))]), answers(cup=1190))
    assert [told.code for told in filled.conflicts] == ["price_changed"]
    assert filled.cart.lines[0].shown_price == Money(1190, EUR)


def test_details_come_along_only_where_there_are_none() -> None:
    source = replace(a_cart(), delivery_option_id="post")
    own = replace(a_cart(), delivery_option_id="van")
    assert with_details(a_cart(), source).delivery_option_id == "post"
    assert with_details(own, source).delivery_option_id == "van"


def test_what_was_bought_is_left_out_and_the_rest_stays() -> None:
    rest = with_left_out(a_cart(cup=5, lamp=1, book=2), {"cup": 2, "lamp": 1, "other": 9})
    assert {line.sku: line.quantity for line in rest.lines} == {"cup": 3, "book": 2}
