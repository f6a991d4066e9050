"""Reviews on pages: read on a product's, written from an order's, reported by anybody; all of it without scripts."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from rialto.catalog.api import ProductDraft
from rialto.kernel.errors import TooMany, Unavailable
from rialto.kernel.ids import ReviewId
from rialto.orders.api import Order
from rialto.reviews.model.reviews import Status, moderate
from tests.storefront.fixture_shop import FixtureShop
from tests.storefront.shopping import Page, Shopper, any_sku

pytestmark = pytest.mark.fast

FILLED = {"rating": "4", "title": "Good", "body": "First.\n\n  Second.", "name": "Ada"}


def rated_product(shop: FixtureShop, *, rated: bool = True) -> ProductDraft:
    return next(draft for draft in shop.search.drafts.values() if draft.featured is rated)


@pytest.fixture
def order(shop: FixtureShop, shopper: Shopper) -> Order:
    shopper.check_out(any_sku(shop))
    return next(iter(shop.orders.orders.values()))


def form_of(order: Order) -> dict[str, str]:
    return {"key": order.key, "product": str(order.lines[0].product_id)}


def form_path(order: Order) -> str:
    return f"orders/{order.id}/review?key={order.key}&product={order.lines[0].product_id}"


def structured(page: Page) -> dict[str, object]:
    found: dict[str, object] = next(item for item in page.json_ld() if item["@type"] == "Product")
    return found


def test_a_product_page_tells_stars_count_and_spread(shop: FixtureShop, shopper: Shopper) -> None:
    page = shopper.page(f"p/{rated_product(shop).slug}")
    link = page.one("a", class_="product__rating")
    assert link.attributes["href"] == "#reviews"
    assert "4.6 out of 5 stars" in link.text
    assert "12 reviews" in link.text
    assert [meter.attributes["value"] for meter in page.all("meter")] == ["4", "4", "0", "4", "0"]
    assert structured(page)["aggregateRating"] == {
        "@type": "AggregateRating",
        "ratingValue": "4.60",
        "reviewCount": 12,
    }


def test_a_product_nobody_reviewed_has_no_stars_and_tells_machines_of_none(
    shop: FixtureShop, shopper: Shopper
) -> None:
    shop.reviews.fail = Unavailable()
    page = shopper.page(f"p/{rated_product(shop, rated=False).slug}")
    assert not page.all("meter")
    assert "Nobody has reviewed this yet" in page.one("section", id="reviews").text
    assert "aggregateRating" not in structured(page)


def test_what_people_wrote_is_shown_as_text_in_its_language(shop: FixtureShop, shopper: Shopper) -> None:
    answer = shopper.get(f"p/{rated_product(shop).slug}")
    assert "Grace &lt;b&gt;H.&lt;/b&gt;" in answer.text
    page = Page(answer.text)
    assert len(page.all("article", class_="review")) == 5
    assert {title.attributes["lang"] for title in page.all("h3", class_="review__title")} == {"de", "en"}


def test_reviews_are_sorted_and_paged_by_links_that_keep_the_variant(
    shop: FixtureShop, shopper: Shopper
) -> None:
    slug = rated_product(shop).slug
    page = shopper.page(f"p/{slug}?sku=x&reviews=lowest")
    sorts = {
        link.text: link.attributes["href"] for link in page.all("a", rel="nofollow") if "stars" in link.text
    }
    assert sorts["Most stars"] == f"/en/p/{slug}?sku=x&reviews=highest#reviews"
    more = next(link for link in page.all("a") if link.text == "More reviews")
    assert parse_qs(urlsplit(more.attributes["href"]).query) == {
        "sku": ["x"],
        "reviews": ["lowest"],
        "after": ["5"],
    }
    second = shopper.page(more.attributes["href"].removeprefix("/en/").partition("#")[0])
    assert len(second.all("article", class_="review")) == 5
    back = next(link for link in second.all("a") if link.text == "Back to the first")
    assert back.attributes["href"] == f"/en/p/{slug}?sku=x&reviews=lowest#reviews"


def test_a_cursor_that_means_nothing_leads_to_the_first_page(shop: FixtureShop, shopper: Shopper) -> None:
    slug = rated_product(shop).slug
    page = shopper.page(f"p/{slug}?after=nonsense&reviews=sideways")
    assert len(page.all("article", class_="review")) == 5
    assert not [link for link in page.all("a") if link.text == "Back to the first"]


def test_reviews_that_are_away_spoil_no_product_page(shop: FixtureShop, shopper: Shopper) -> None:
    shop.reviews.fail = Unavailable()
    page = shopper.page(f"p/{rated_product(shop).slug}")
    assert "cannot be shown at the moment" in page.one("section", id="reviews").text
    assert "4.6 out of 5 stars" in page.one("a", class_="product__rating").text


def test_reviews_that_were_read_before_are_shown_as_they_were(shop: FixtureShop, shopper: Shopper) -> None:
    path = f"p/{rated_product(shop).slug}"
    before = [review.text for review in shopper.page(path).all("article", class_="review")]
    shop.reviews.fail = Unavailable()
    assert [review.text for review in shopper.page(path).all("article", class_="review")] == before
    assert len(before) == 5
    assert "cannot be shown" in shopper.page(f"{path}?reviews=lowest").one("section", id="reviews").text


def test_how_reviews_are_checked_is_told(shop: FixtureShop) -> None:
    page = Shopper(shop, "de").page(f"p/{rated_product(shop).slug}")
    assert "der das hier gekauft hat" in page.one("section", id="reviews").text
    assert "Wir lesen jede" in page.one("section", id="reviews").text


def test_an_order_leads_to_a_form_for_each_product(shopper: Shopper, order: Order) -> None:
    page = shopper.page(f"orders/{order.id}?key={order.key}")
    [link] = [link for link in page.all("a") if link.text.startswith("Write a review")]
    form = shopper.page(link.attributes["href"].removeprefix("/en/"))
    assert form.one("h1").text == "How do you like it?"
    assert [field.attributes["value"] for field in form.all("input", type="radio")] == [
        "5",
        "4",
        "3",
        "2",
        "1",
    ]
    assert form.one("legend").text == "Your rating"


def test_an_order_that_does_not_stand_leads_nowhere(
    shop: FixtureShop, shopper: Shopper, order: Order
) -> None:
    shop.orders.change(order.id, status="cancelled")
    page = shopper.page(f"orders/{order.id}?key={order.key}")
    assert not [link for link in page.all("a") if "review" in link.text.lower()]
    assert shopper.get(form_path(order)).status_code == 404


def test_while_reviews_are_away_the_order_is_still_shown(
    shop: FixtureShop, shopper: Shopper, order: Order
) -> None:
    shop.reviews.fail = Unavailable()
    page = shopper.page(f"orders/{order.id}?key={order.key}")
    assert [link for link in page.all("a") if link.text.startswith("Write a review")]
    assert shopper.get(form_path(order)).status_code == 503


def test_a_review_is_written_and_then_shown_to_its_author(
    shop: FixtureShop, shopper: Shopper, order: Order
) -> None:
    answer = shopper.post(f"orders/{order.id}/review", form_of(order) | FILLED)
    assert answer.status_code == 303
    thanks = shopper.page(answer.headers["location"].removeprefix("/en/"))
    assert "We read your review" in thanks.one("main").text
    [review] = [one for one in shop.reviews.kept.values() if one.order_id == order.id]
    assert (review.rating, review.title, review.body, review.language) == (
        4,
        "Good",
        "First.\n\nSecond.",
        "en",
    )
    page = shopper.page(f"orders/{order.id}?key={order.key}")
    assert "Waiting to be read by us" in page.one("section", class_="order-reviews").text
    form = shopper.page(form_path(order))
    [chosen] = [field for field in form.all("input", type="radio") if "checked" in field.attributes]
    assert chosen.attributes["value"] == "4"
    assert form.one("textarea").text == "First.\n\nSecond."
    assert form.one("input", name="revision").attributes["value"] == "1"


def test_every_fault_stands_beside_its_field_and_in_the_summary(shopper: Shopper, order: Order) -> None:
    answer = shopper.post(
        f"orders/{order.id}/review", form_of(order) | {"title": "", "body": "http://x.example", "name": "N"}
    )
    assert answer.status_code == 422
    page = Page(answer.text)
    assert "There are 3 problems" in page.problems
    leads = [link.attributes["href"] for link in page.all("a") if link.attributes["href"].startswith("#")]
    ids = {element.attributes.get("id") for element in page.elements}
    assert {"#rating-5", "#title", "#body"} <= set(leads)
    assert {link.removeprefix("#") for link in leads} <= ids
    for name in ("title", "body"):
        field = page.one("input" if name == "title" else "textarea", id=name)
        assert field.attributes["aria-invalid"] == "true"
        assert f"{name}-error" in field.attributes["aria-describedby"]
    assert "http://x.example" in page.one("textarea").text
    assert page.one("input", id="name").attributes["value"] == "N"


def test_a_longer_text_is_refused_and_not_cut_off(shop: FixtureShop, shopper: Shopper, order: Order) -> None:
    answer = shopper.post(f"orders/{order.id}/review", form_of(order) | FILLED | {"body": "x" * 4001})
    assert answer.status_code == 422
    assert "This is too long" in Page(answer.text).problems


def test_an_author_changes_what_they_see(shop: FixtureShop, shopper: Shopper, order: Order) -> None:
    shopper.post(f"orders/{order.id}/review", form_of(order) | FILLED)
    changed = form_of(order) | FILLED | {"rating": "1", "revision": "1"}
    assert shopper.post(f"orders/{order.id}/review", changed).status_code == 303
    stale = shopper.post(f"orders/{order.id}/review", changed | {"rating": "2"})
    assert stale.status_code == 422
    assert "changed in the meantime" in Page(stale.text).problems
    assert Page(stale.text).one("input", name="revision").attributes["value"] == "2"
    again = shopper.post(f"orders/{order.id}/review", form_of(order) | FILLED)
    assert "reviewed this already" in Page(again.text).problems


def test_a_rejected_review_says_why(shop: FixtureShop, shopper: Shopper, order: Order) -> None:
    shopper.post(f"orders/{order.id}/review", form_of(order) | FILLED)
    [review] = [one for one in shop.reviews.kept.values() if one.order_id == order.id]
    shop.reviews.kept[review.id] = moderate(
        review, "rejected", reason="Names a person.", expected=1, at=review.written_at, by="stf_1"
    )
    page = shopper.page(form_path(order))
    assert "Not shown. Our reason: Names a person." in page.one("main").text


def test_an_author_deletes_their_review(shop: FixtureShop, shopper: Shopper, order: Order) -> None:
    shopper.post(f"orders/{order.id}/review", form_of(order) | FILLED)
    for _ in range(2):
        answer = shopper.post(f"orders/{order.id}/review/delete", form_of(order))
        page = shopper.page(answer.headers["location"].removeprefix("/en/"))
        assert page.one("h1").text == "Your review is deleted"
    assert not [one for one in shop.reviews.kept.values() if one.order_id == order.id]


@pytest.mark.parametrize("changed", [{"key": "wrong"}, {"key": ""}, {"product": "prod_x"}, {"product": ""}])
def test_without_key_or_product_there_is_nothing(
    shopper: Shopper, order: Order, changed: dict[str, str]
) -> None:
    data = form_of(order) | changed
    path = f"orders/{order.id}/review"
    query = f"key={data['key']}&product={data['product']}"
    assert shopper.get(f"{path}?{query}").status_code == 404
    assert shopper.get(f"{path}/thanks?{query}").status_code == 404
    assert shopper.post(path, data | FILLED).status_code == 404
    assert shopper.post(f"{path}/delete", data).status_code == 404


def some_review(shop: FixtureShop) -> ReviewId:
    return next(iter(shop.reviews.kept))


def test_a_visitor_reports_a_review(shop: FixtureShop, shopper: Shopper) -> None:
    page = shopper.page(f"p/{rated_product(shop).slug}")
    link = next(link for link in page.all("a", class_="review__report"))
    form = shopper.page(link.attributes["href"].removeprefix("/en/"))
    assert len(form.all("input", type="radio")) == 5
    answer = shopper.post(link.attributes["href"].removeprefix("/en/"), {"reason": "advertising"})
    assert Page(answer.text).one("h1").text == "Thank you, we will look"
    [report] = shop.reviews.reports
    assert (report.reason, report.client) == ("advertising", "192.0.2.1")


def test_a_report_needs_a_reason(shop: FixtureShop, shopper: Shopper) -> None:
    for data in ({}, {"reason": "because"}):
        answer = shopper.post(f"reviews/{some_review(shop)}/report", data)
        assert answer.status_code == 422
        assert "Please choose a reason" in Page(answer.text).problems


def test_a_review_that_is_gone_was_reported_well_enough(shop: FixtureShop, shopper: Shopper) -> None:
    named = some_review(shop)
    del shop.reviews.kept[named]
    assert shopper.post(f"reviews/{named}/report", {"reason": "other"}).status_code == 200
    assert shopper.get("reviews/rev_x/report").status_code == 404
    assert shopper.post("reviews/rev_x/report", {"reason": "other"}).status_code == 404


def test_too_many_reports_are_told_so(shop: FixtureShop, shopper: Shopper) -> None:
    shop.reviews.fail = TooMany(retry_after_s=600)
    answer = shopper.post(f"reviews/{some_review(shop)}/report", {"reason": "other"})
    assert answer.status_code == 422
    assert "wait a moment" in Page(answer.text).problems


@pytest.mark.parametrize("language", ["en", "de"])
def test_all_of_it_is_private_and_labelled(shop: FixtureShop, language: str) -> None:
    shopper = Shopper(shop, language)
    shopper.check_out(any_sku(shop))
    order = next(iter(shop.orders.orders.values()))
    shopper.post(f"orders/{order.id}/review", form_of(order) | FILLED)
    paths = [
        form_path(order),
        form_path(order).replace("/review?", "/review/thanks?"),
        f"reviews/{some_review(shop)}/report",
    ]
    for path in paths:
        answer = shopper.get(path)
        page = Page(answer.text)
        assert answer.headers["cache-control"] == "no-store"
        assert page.one("html").attributes["lang"] == language
        assert len(page.all("h1")) == 1
        labelled = {label.attributes.get("for") for label in page.all("label")}
        fields = [f for f in page.all("input") + page.all("textarea") if f.attributes.get("type") != "hidden"]
        assert all(field.attributes["id"] in labelled for field in fields)
        assert not [element for element in page.elements if "style" in element.attributes]


def test_an_old_review_can_only_be_deleted(shop: FixtureShop, shopper: Shopper, order: Order) -> None:
    shopper.post(f"orders/{order.id}/review", form_of(order) | FILLED)
    [review] = [one for one in shop.reviews.kept.values() if one.order_id == order.id]
    shop.reviews.kept[review.id] = msgspec.structs.replace(
        review, status=Status.PUBLISHED, written_at=review.written_at - timedelta(days=31)
    )
    answer = shopper.post(
        f"orders/{order.id}/review", form_of(order) | FILLED | {"revision": "1", "rating": "1"}
    )
    assert "that time is over" in Page(answer.text).problems


def test_the_order_by_stars_is_offered_where_something_has_stars(shop: FixtureShop, shopper: Shopper) -> None:
    def offered() -> set[str]:
        return {option.attributes["value"] for option in shopper.page("search").all("option")}

    assert "rating" not in offered()
    shop.search.rated = 3
    assert "rating" in offered()
