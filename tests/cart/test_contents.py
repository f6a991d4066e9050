"""What a cart holds after changes, and what may be typed into it."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rialto.cart.api import (
    LINES_MAX,
    QUANTITY_MAX,
    CartLimit,
    ChosenPayment,
    LineNotFound,
    SetAddress,
)
from rialto.cart.model.checks import checked_contact, checked_payment, holds_card_number, is_email, is_sku
from rialto.cart.model.contents import StoredCart, line_of, with_added, with_quantity
from rialto.kernel.errors import Invalid
from rialto.kernel.ids import CART, LINE, CartId, LineId
from rialto.kernel.money import EUR
from tests.cart.shop import an_address
from tests.support.values import seeded_ids

pytestmark = pytest.mark.fast

IDS = seeded_ids()


def an_empty_cart() -> StoredCart:
    return StoredCart(
        id=CART.new(IDS, 5),
        version=1,
        currency=EUR,
        country="DE",
        language="en",
        channel="default",
        touched_on=date(2026, 1, 5),
    )


def added(cart: StoredCart, sku: str, quantity: int = 1) -> StoredCart:
    return with_added(cart, line_id=LINE.new(IDS, 5), sku=sku, quantity=quantity)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(1, 4)), max_size=20))
def test_adding_merges_by_sku_and_loses_nothing(additions: list[tuple[str, int]]) -> None:
    cart = an_empty_cart()
    wanted: Counter[str] = Counter()
    for sku, quantity in additions:
        cart = added(cart, sku, quantity)
        wanted[sku] += quantity
    assert {line.sku: line.quantity for line in cart.lines} == wanted
    assert len({line.sku for line in cart.lines}) == len(cart.lines)
    assert [line.sku for line in cart.lines] == list(wanted)
    assert [line.position for line in cart.lines] == list(range(1, len(cart.lines) + 1))


def test_a_line_that_is_there_keeps_its_id_and_place() -> None:
    cart = added(added(an_empty_cart(), "cup"), "lamp")
    assert [line.id for line in added(cart, "cup").lines] == [line.id for line in cart.lines]


def test_quantities_beyond_the_limit_are_refused_also_when_merged() -> None:
    cart = added(an_empty_cart(), "cup", QUANTITY_MAX)
    with pytest.raises(CartLimit) as refused:
        added(cart, "cup", 1)
    assert [problem.path for problem in refused.value.fields] == ["quantity"]
    with pytest.raises(CartLimit):
        added(an_empty_cart(), "cup", 10**30)


def test_more_lines_than_the_limit_are_refused() -> None:
    cart = an_empty_cart()
    for number in range(LINES_MAX):
        cart = added(cart, f"sku-{number}")
    with pytest.raises(CartLimit):
        added(cart, "one more")
    assert line_of(added(cart, "sku-0"), cart.lines[0].id).quantity == 2


@pytest.mark.parametrize("quantity", [0, -1, -(10**30)])
def test_adding_nothing_is_refused(quantity: int) -> None:
    with pytest.raises(Invalid) as refused:
        added(an_empty_cart(), "cup", quantity)
    assert [problem.path for problem in refused.value.fields] == ["quantity"]


def test_quantity_0_removes_and_below_is_refused() -> None:
    cart = added(added(an_empty_cart(), "cup"), "lamp")
    first = cart.lines[0].id
    assert [line.sku for line in with_quantity(cart, line_id=first, quantity=0).lines] == ["lamp"]
    with pytest.raises(Invalid):
        with_quantity(cart, line_id=first, quantity=-1)
    with pytest.raises(CartLimit):
        with_quantity(cart, line_id=first, quantity=QUANTITY_MAX + 1)


def test_a_line_that_is_not_there_is_not_found() -> None:
    with pytest.raises(LineNotFound):
        with_quantity(an_empty_cart(), line_id=LineId("line_nothing"), quantity=1)


@pytest.mark.parametrize(
    "text",
    ["ada@example.org", "a.b+c@mail.example.co.uk", "o'hara@example.museum", "x@xn--bcher-kva.example"],
)
def test_an_email_address_is_taken(text: str) -> None:
    assert is_email(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "ada@localhost",
        "@example.org",
        "ada@example.org, eve@example.org",
        "ada@example.org\r\nBcc: eve@example.org",
        "ada@example..org",
        ".ada@example.org",
        "ada@-example.org",
        "ada@example.org\x00",
        "Ada <ada@example.org>",
        "a" * 65 + "@example.org",
        "a@" + "b" * 250 + ".org",
    ],
)
def test_what_is_no_email_address_is_refused(text: str) -> None:
    assert not is_email(text)


def test_all_faults_of_an_address_are_named_at_once() -> None:
    command = SetAddress(
        cart_id=CartId("cart"),
        email="nobody",
        shipping=an_address(country="Atlantis", city=" "),
        billing=an_address(name="\x00"),
    )
    with pytest.raises(Invalid) as refused:
        checked_contact(command)
    paths = {problem.path for problem in refused.value.fields}
    assert paths == {"email", "shipping.country", "shipping.city", "billing.name"}


def test_billing_is_shipping_unless_given() -> None:
    contact = checked_contact(
        SetAddress(cart_id=CartId("cart"), email=" ada@example.org ", shipping=an_address())
    )
    assert contact.email == "ada@example.org"
    assert contact.billing == contact.shipping == an_address()


@pytest.mark.parametrize(
    "text",
    [
        "4242424242424242",
        "4242 4242 4242 4242",
        "4242-4242-4242-4242",
        "tok_4242424242424242",
        "378282246310005",
        "my card is 5555 5555 5555 4444, thanks",
        "4242 4242 4242 4242 12 28",
        "4242424242424242123",
        "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢",
    ],
)
def test_a_card_number_is_recognised(text: str) -> None:
    assert holds_card_number(text)


@pytest.mark.parametrize(
    "text", ["tok_success", "Visa •••• 4242", "pi_3MtwBwLkdIwHu7ix28a3tqPa", "4242424242424241", "0" * 11, ""]
)
def test_a_token_is_not_taken_for_a_card_number(text: str) -> None:
    assert not holds_card_number(text)


@pytest.mark.parametrize("path", ["token", "label", "provider"])
def test_a_card_number_is_refused_wherever_it_stands_and_not_repeated(path: str) -> None:
    values = {"provider": "sandbox", "token": "tok_success", "label": "Visa"} | {path: "4242 4242 4242 4242"}
    with pytest.raises(Invalid) as refused:
        checked_payment(ChosenPayment(**values))
    assert refused.value.stable_code == "card_number_refused"
    assert "4242" not in repr(refused.value.fields) + str(refused.value)


@pytest.mark.parametrize(
    "fields", [{"token": ""}, {"token": "x" * 256}, {"token": "a\x00"}, {"label": "\ud800"}, {"provider": ""}]
)
def test_a_payment_that_cannot_be_kept_is_refused_by_its_field(fields: dict[str, str]) -> None:
    values = {"provider": "sandbox", "token": "tok_success", "label": "Visa"} | fields
    with pytest.raises(Invalid) as refused:
        checked_payment(ChosenPayment(**values))
    assert [problem.path for problem in refused.value.fields] == [f"payment.{next(iter(fields))}"]


@pytest.mark.parametrize(
    ("text", "fine"), [("MUG-1", True), ("", False), ("a\x00", False), ("x" * 65, False)]
)
def test_only_what_a_catalogue_may_know_is_a_sku(text: str, fine: bool) -> None:
    assert is_sku(text) is fine
