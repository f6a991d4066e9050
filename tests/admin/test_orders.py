from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from rialto.kernel.ids import OrderId
from rialto.orders.api import Order
from tests.admin.working import Browser, email_of, form_of
from tests.api.serving import Served
from tests.storefront.shopping import Page
from tests.support.shop import Shop

ROWS = re.compile(r"/admin/orders/(ord_\w+)$")


def place(served: Served, lines: dict[str, int], **cart: str) -> Order:
    """An order that is in the lists already."""

    async def ask(shop: Shop) -> Order:
        answer = await shop.checkout(await shop.cart(lines, **cart))  # type: ignore[arg-type]
        assert answer.outcome == "placed"
        await shop.settle()
        return answer.order

    return served.run(ask)


def settle(served: Served) -> None:
    served.run(lambda shop: shop.settle())


def listed(page: Page) -> list[str]:
    found = [ROWS.search(link.attributes.get("href", "")) for link in page.all("a")]
    return [match[1] for match in found if match]


def state(served: Served, order_id: OrderId) -> Order:
    return served.run(lambda shop: shop.order(order_id))


@pytest.fixture(scope="module")
def order(served: Served) -> Order:
    """Four pencils and a lamp, for Ada."""
    return place(served, {"PENCIL": 4, "LAMP": 1})


@pytest.fixture
def colleague(served: Served) -> Iterator[Browser]:
    """Somebody else of the staff."""
    with Browser(served) as found:
        found.sign_in(email_of("owner"))
        yield found


def test_orders_are_found_by_number_e_mail_and_sku(served: Served, owner: Browser, order: Order) -> None:
    other = place(served, {"PENCIL": 1}, email="grace@example.org")
    everything = listed(owner.page("/admin/orders"))
    assert everything[:2] == [other.id, order.id]
    assert listed(owner.page(f"/admin/orders?q={order.number[:7].lower()}")) == [order.id]
    assert listed(owner.page("/admin/orders?q=LAMP")) == [order.id]
    assert listed(owner.page("/admin/orders?q=grace@example.org")) == [other.id]
    assert listed(owner.page("/admin/orders?stage=completed")) == []
    dearest = owner.page("/admin/orders?sort=-total")
    assert listed(dearest)[0] == order.id
    assert [
        heading.attributes["aria-sort"] for heading in dearest.all("th") if "aria-sort" in heading.attributes
    ] == ["descending"]
    assert "Nothing fits" in owner.page("/admin/orders?q=nobody@example.org").one("main").text


@pytest.mark.parametrize(
    "query", ["stage=odd", "cursor=odd", "q=%00", "sort=odd", "payment=odd", "q=" + "x" * 5000]
)
def test_an_odd_address_of_the_list_is_told_or_ignored_and_never_an_error(owner: Browser, query: str) -> None:
    assert owner.get(f"/admin/orders?{query}").status_code == 200


def test_a_list_is_kept_under_a_name_for_oneself(owner: Browser, served: Served) -> None:
    sent = form_of(owner.page("/admin/orders?stage=to_ship&sort=at&odd=1"), "/admin/orders/views")
    assert owner.post("/admin/orders/views", sent | {"name": " "}).status_code == 422
    kept = owner.post("/admin/orders/views", sent | {"name": "Oldest to ship"})
    assert kept.headers["location"] == "/admin/orders?sort=at&stage=to_ship"
    link = next(one for one in owner.page("/admin/orders").all("a") if one.text == "Oldest to ship")
    assert link.attributes["href"] == "/admin/orders?sort=at&stage=to_ship"
    with Browser(served) as other:
        other.sign_in(email_of("support"))
        assert "Oldest to ship" not in other.page("/admin/orders").one("main").text
    owner.post("/admin/orders/views/drop", {"name": "Oldest to ship"})
    assert owner.post("/admin/orders/views/drop", {"name": "Oldest to ship"}).status_code == 303
    assert "Oldest to ship" not in owner.page("/admin/orders").one("main").text


def test_an_order_is_shipped_in_parts_and_its_money_given_back(
    served: Served, owner: Browser, order: Order
) -> None:
    address = f"/admin/orders/{order.id}"
    page = owner.page(address)
    assert "Ada Lovelace" in page.one("main").text
    pencil, lamp = (next(line.id for line in order.lines if line.sku == sku) for sku in ("PENCIL", "LAMP"))
    sent = form_of(page, f"{address}/ship")
    assert (sent[f"ship-{pencil}"], sent[f"ship-{lamp}"]) == ("4", "1")
    half = sent | {f"ship-{pencil}": "2", f"ship-{lamp}": "0", "tracking": "JVGL 1"}
    for wrong in (
        {f"ship-{pencil}": "x"},
        {f"ship-{pencil}": "0"},
        {f"ship-{pencil}": "9"},
        {"tracking": "a\x00"},
    ):
        refused = owner.post(f"{address}/ship", half | wrong)
        assert (refused.status_code in {409, 422}, Page(refused.text).problems != "") == (True, True), wrong
    assert owner.post(f"{address}/ship", half).headers["location"] == f"{address}?done=shipped"
    assert owner.post(f"{address}/ship", half).status_code == 303  # pressed twice
    now = state(served, order.id)
    assert (now.fulfilment_status, [s.tracking for s in now.shipments]) == ("partially_shipped", ["JVGL 1"])

    settle(served)
    page = owner.page(f"{address}?done=shipped")
    assert "the money for it was taken" in page.one("p", role="status").text
    sent = form_of(page, f"{address}/refund") | {"refund_reason": "Broken"}
    for wrong in (
        {"kind": "amount", "amount": "1,2,3"},
        {"kind": "amount", "amount": "9999"},
        {"kind": "lines", f"refund-{pencil}": "0"},
        {"kind": "lines", f"refund-{pencil}": "3"},
        {"kind": "odd"},
        {"refund_reason": " "},
    ):
        refused = owner.post(f"{address}/refund", sent | wrong)
        assert (refused.status_code in {409, 422}, Page(refused.text).problems != "") == (True, True), wrong
    assert (
        owner.post(f"{address}/refund", sent | {"kind": "lines", f"refund-{pencil}": "1"}).status_code == 303
    )
    settle(served)
    now = state(served, order.id)
    assert now.refunded.amount == 199
    text = owner.page(address).one("main").text
    assert "Partly refunded" in text
    assert "Broken" in text


def test_whoever_comes_second_sees_what_happened_and_does_nothing(
    served: Served, owner: Browser, colleague: Browser
) -> None:
    order = place(served, {"PENCIL": 3})
    address, line = f"/admin/orders/{order.id}", f"ship-{order.lines[0].id}"
    mine, theirs = (form_of(one.page(address), f"{address}/ship") for one in (owner, colleague))
    assert colleague.post(f"{address}/ship", theirs | {line: "1"}).status_code == 303
    late = owner.post(f"{address}/ship", mine | {line: "3", "tracking": "MINE"})
    assert late.status_code == 409
    page = Page(late.text)
    assert "Somebody else changed this order" in page.problems
    assert "Parcel shipped" in page.one("section", aria_labelledby="news-title").text
    assert form_of(page, f"{address}/ship")["tracking"] == "MINE"
    assert len(state(served, order.id).shipments) == 1
    cancel = form_of(page, f"{address}/refund")
    assert cancel["version"] != mine["version"]


def test_goods_that_came_back_are_taken_in_line_by_line(served: Served, owner: Browser) -> None:
    order = place(served, {"PENCIL": 3, "LAMP": 1})
    address = f"/admin/orders/{order.id}"
    assert not owner.page(address).all("section", id="back")  # nothing was sent yet
    owner.post(f"{address}/ship", form_of(owner.page(address), f"{address}/ship"))
    page = owner.page(address)
    sent = form_of(page, f"{address}/receive") | {"warehouse": "rotterdam"}
    assert [one.text for one in page.all("option")] == ["berlin", "rotterdam"]
    pencil = next(line.id for line in order.lines if line.sku == "PENCIL")
    for wrong, field in (
        ({f"back-{pencil}": "1", f"fit-{pencil}": "2"}, f"fit-{pencil}"),
        ({f"back-{pencil}": "-1"}, f"back-{pencil}"),
        ({f"back-{pencil}": "4"}, None),
        ({}, f"back-{order.lines[0].id}"),
        ({f"back-{pencil}": "1", f"fit-{pencil}": "1", "warehouse": "atlantis"}, None),
    ):
        refused = Page((answer := owner.post(f"{address}/receive", sent | wrong)).text)
        assert (answer.status_code in {409, 422}, refused.problems != "") == (True, True), wrong
        if field:
            assert refused.one("input", id=field).attributes["aria-invalid"] == "true"
    good = sent | {f"back-{pencil}": "2", f"fit-{pencil}": "1"}
    for _ in range(2):  # pressed twice
        done = owner.post(f"{address}/receive", good)
        assert done.headers["location"] == f"{address}?done=received"
    settle(served)
    line = next(line for line in state(served, order.id).lines if line.id == pencil)
    assert (line.received, line.restocked) == (2, 1)
    text = owner.page(f"{address}?done=received").one("main").text
    for told in ("What came back is noted", "Goods came back", "fit for sale: 1 ×", "not fit for sale: 1 ×"):
        assert told in text
    assert "At most one piece" in owner.page(address).one("section", id="back").text
    assert "Came back from a customer" in owner.page("/admin/stock/PENCIL").one("main").text


def test_an_order_is_cancelled_with_a_reason_that_stays_in_the_house(served: Served, owner: Browser) -> None:
    order = place(served, {"PENCIL": 1})
    address = f"/admin/orders/{order.id}"
    sent = form_of(owner.page(address), f"{address}/cancel")
    assert owner.post(f"{address}/cancel", sent).status_code == 422
    done = owner.post(f"{address}/cancel", sent | {"cancel_reason": "Called us"})
    assert done.headers["location"] == f"{address}?done=cancelled"
    settle(served)
    page = owner.page(address)
    assert "Cancelled: Called us" in page.one("section", id="notes").text
    assert not [form for form in page.all("form") if form.attributes["action"].endswith(("/ship", "/cancel"))]
    assert order.id in listed(owner.page("/admin/orders?stage=cancelled"))


def test_notes_are_kept_with_their_writer(owner: Browser, order: Order) -> None:
    address = f"/admin/orders/{order.id}"
    sent = form_of(owner.page(address), f"{address}/notes") | {"note": "Wants it <b>before</b> Friday"}
    assert owner.post(f"{address}/notes", sent).headers["location"].endswith("#notes")
    assert owner.post(f"{address}/notes", sent).status_code == 303
    notes = owner.page(address).one("section", id="notes")
    assert notes.text.count("Wants it <b>before</b> Friday") == 1
    assert "Olga" in notes.text
    assert owner.post(f"{address}/notes", sent | {"note": " "}).status_code == 422


def test_what_is_too_long_is_refused_whole_and_a_note_has_its_two_thousand_letters(
    served: Served, owner: Browser
) -> None:
    order = place(served, {"PENCIL": 1})
    address = f"/admin/orders/{order.id}"
    page = owner.page(address)
    for form, field, most, sentence in (
        ("notes", "note", 2000, "A note has at most 2,000 letters."),
        ("cancel", "cancel_reason", 500, "A reason has at most 500 letters."),
        ("refund", "refund_reason", 500, "A reason has at most 500 letters."),
    ):
        sent = form_of(page, f"{address}/notes") | {"kind": "whole", field: "x" * (most + 1)}
        refused = owner.post(f"{address}/{form}", sent)
        assert (refused.status_code, sentence in Page(refused.text).problems) == (422, True), form
        assert form == "refund" or "x" * most in refused.text, "what was typed is still there"
    assert state(served, order.id).version == order.version
    text = "x" * 1990 + "\r\nthe end"
    sent = form_of(page, f"{address}/notes") | {"note": text}
    assert owner.post(f"{address}/notes", sent).status_code == 303
    assert "the end" in owner.page(address).one("section", id="notes").text
    sent = form_of(page, f"{address}/cancel") | {"cancel_reason": "y" * 500}
    assert owner.post(f"{address}/cancel", sent).status_code == 303
    assert "y" * 500 in owner.page(address).one("section", id="notes").text


def test_papers_say_what_to_take_and_what_lies_in_the_parcel(served: Served, owner: Browser) -> None:
    order = place(served, {"PENCIL": 2})
    address, line = f"/admin/orders/{order.id}", f"ship-{order.lines[0].id}"
    picks = owner.page("/admin/orders/pick-list").one("table").text
    assert order.number in picks
    assert "berlin" in picks
    slip = owner.page(f"{address}/packing-slip").one("article").text
    assert ("Ada Lovelace" in slip, "Pencil" in slip) == (True, True)
    sent = form_of(owner.page(address), f"{address}/ship")
    owner.post(f"{address}/ship", sent | {line: "2"})
    settle(served)
    assert order.number not in owner.page("/admin/orders/pick-list").one("main").text
    shipment = state(served, order.id).shipments[0]
    assert "Pencil" in owner.page(f"{address}/packing-slip?shipment={shipment.id}").one("table").text
    assert "Nothing is left" in owner.page(f"{address}/packing-slip").one("article").text
    assert owner.get(f"{address}/packing-slip?shipment=odd").status_code == 404


@pytest.mark.parametrize(
    "path", ["/admin/orders/odd", "/admin/orders/ord_06bqk3v1m5g7r0z2x4c6n8p0qs", "/admin/nothing"]
)
def test_what_is_not_there_is_told_on_a_page(owner: Browser, path: str) -> None:
    assert "nothing here" in owner.page(path, status=404).one("h1").text


def test_the_start_page_tells_todays_sales_and_what_needs_somebody(
    served: Served, owner: Browser, order: Order
) -> None:
    served.run(lambda shop: shop.put_stock("BOWL", 0, warehouse="rotterdam"))
    settle(served)
    page = owner.page("/admin")
    text = page.one("main").text
    assert "Today, in EUR" in text
    assert "BOWL" in text
    assert len(page.all("svg", role="img")) == 2
    assert len(page.all("tr")) == 31
    with Browser(served) as other:
        other.sign_in(email_of("catalog"))
        assert "Today" not in other.page("/admin").one("main").text
