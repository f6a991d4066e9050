"""The pieces pages are made of: amounts as typed, charts, lists by their address, what differs between two edits."""

from __future__ import annotations

import pytest

from rialto.admin.amounts import typed_amount
from rialto.admin.charts import HEIGHT, bars
from rialto.admin.conflicts import Field, conflict_page, differences
from rialto.admin.desk import Desk
from rialto.admin.navigation import shown_groups
from rialto.admin.problems import problems_of, status_of
from rialto.admin.tables import read_listing
from rialto.admin.texts import texts_of
from rialto.identity.api import StaffMember
from rialto.kernel.errors import Conflict, FieldProblem, Invalid, TooMany, Unavailable
from rialto.kernel.money import EUR, Currency, Money
from tests.storefront.shopping import Page
from tests.support.values import settings_in

pytestmark = pytest.mark.fast


def a_desk(path: str = "/admin/orders", **query: str) -> Desk:
    staff = StaffMember(id="stf_1", email="a@staff.test", name="Olga", roles=["owner"], second_factor=True)
    return Desk(
        path=path,
        query=tuple(query.items()),
        language="en",
        staff=staff,
        permissions=frozenset({"*"}),
        session_id="ses_1",
        settings=settings_in(),
    )


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.50", "EUR", 1250),
        ("12,5", "EUR", 1250),
        (" 7 ", "EUR", 700),
        ("500", "JPY", 500),
        ("1,234", "KWD", 1234),
    ],
)
def test_an_amount_is_read_as_either_language_writes_it(text: str, currency: str, minor: int) -> None:
    assert typed_amount(text, Currency(currency), field="amount") == Money(minor, Currency(currency))


@pytest.mark.parametrize("text", ["", "1,234.50", "1,234", "12.505", "-1", "1e9", "٣", "1" * 20, "NaN"])
def test_what_could_be_read_in_two_ways_is_no_amount(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        typed_amount(text, EUR, field="amount")
    assert refused.value.fields[0].path == "amount"


def test_bars_are_in_proportion_and_the_smallest_can_be_seen() -> None:
    chart = bars([0, 1, 500, 1000], ["a", "b", "c", "d"])
    assert [bar.height for bar in chart.bars] == [0, 2, HEIGHT // 2, HEIGHT]
    assert all(bar.y + bar.height == HEIGHT for bar in chart.bars)
    assert chart.top == "d"
    assert bars([], []).bars == []
    assert bars([0, 0], ["a", "b"]).top == ""


def test_a_list_is_its_address() -> None:
    desk = a_desk(q=" lamp ", stage="to_ship", odd="x", sort="-total", cursor="abc")
    listing = read_listing(desk, ("q", "stage"), sorts=("-at", "at", "-total", "total"))
    assert (listing.value("q"), listing.sort, listing.cursor, listing.is_narrowed) == (
        "lamp",
        "-total",
        "abc",
        True,
    )
    assert listing.url(stage="") == "/admin/orders?q=lamp&sort=-total"
    assert listing.sorted_by("total") == "descending"
    assert listing.sorted_by("at") == ""
    assert listing.sort_url("total").endswith("sort=total")
    assert listing.sort_url("at").endswith("sort=at")
    plain = read_listing(a_desk(sort="odd", q="a\x00"), ("q",), sorts=("-at", "at"))
    assert (plain.values, plain.sort, plain.is_narrowed, plain.url()) == ({}, "-at", False, "/admin/orders")
    assert plain.sort_url("at").endswith("sort=at")


def test_a_conflict_asks_about_what_differs_and_keeps_the_rest() -> None:
    fields = [
        Field(name="title", label="Title"),
        Field(name="text", label="Text"),
        Field(name="size", label="Size", words={"s": "Small"}),
    ]
    yours = {"title": "Mine", "text": "a\r\nb", "size": "s", "version": "3", "key": "k"}
    theirs = {"title": "Theirs", "text": "a\nb", "size": ""}
    assert [one.field.name for one in differences(fields, yours, theirs)] == ["title", "size"]
    answer = conflict_page(
        a_desk(),
        section="orders",
        title="Lamp",
        action="/admin/x",
        back="/admin/y",
        version="4",
        fields=fields,
        yours=yours,
        theirs=theirs,
    )
    assert answer.status_code == 409
    page = Page(answer.content.decode())
    asked = {one.attributes["id"]: one.attributes["value"] for one in page.all("input", type="radio")}
    assert asked == {"title-yours": "Mine", "title-theirs": "Theirs", "size-yours": "s", "size-theirs": ""}
    assert [
        one.attributes["id"] for one in page.all("input", type="radio") if "checked" in one.attributes
    ] == ["title-theirs", "size-theirs"]
    hidden = {
        one.attributes["name"]: one.attributes["value"].replace("\r", "")
        for one in page.all("input", type="hidden")
        if one.form and one.form.attributes["action"] == "/admin/x"
    }
    assert hidden == {"text": "a\nb", "key": "k", "version": "4"}
    assert "Small" in page.one("main").text


def test_refusals_are_told_in_words_beside_their_fields() -> None:
    texts = texts_of("de")
    fault = FieldProblem(path="shipping.city", code="required", message="Please fill this in.")
    [problem] = problems_of(Invalid(fields=(fault,)), texts, fields={"shipping.city": "city"})
    assert (problem.field, problem.text) == ("city", texts("problem.required"))
    assert problems_of(Conflict("Odd.", code="odd"), texts)[0].text == "Odd."
    assert problems_of(Unavailable("secret detail"), texts)[0].text == texts("problem.unavailable")
    assert [status_of(error) for error in (Invalid(), Conflict(), Unavailable(), TooMany())] == [
        422,
        409,
        503,
        429,
    ]


def test_the_navigation_is_what_permissions_open() -> None:
    def names(*permissions: str) -> set[str]:
        return {entry.name for group in shown_groups(permissions) for entry in group.entries}

    assert {"start", "orders", "system"} <= names("*")
    assert names() == {"start"}
    assert "orders" in names("orders.read")
