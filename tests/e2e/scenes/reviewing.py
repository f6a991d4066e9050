"""Saying what one thinks of what one bought, and reading and reporting what others think."""

from __future__ import annotations

import re
from collections.abc import Iterator

from playwright.sync_api import expect

from tests.e2e.buying import press_next
from tests.e2e.running_shop import until
from tests.e2e.scenes.goods import order_by_api, put_goods
from tests.e2e.scenes.scene import Scene, Tour, of_shop

REVIEWABLE = of_shop("order-to-review", "order", ".order-reviews a")
WRITE = of_shop("review-write", "write_review", "#rating-4:not([aria-invalid])")
WRITE_PROBLEMS = of_shop("review-write-problems", "write_review", "#problems")
WRITTEN = of_shop("review-thanks", "review_thanks", ".write-review .button")
CHANGE = of_shop("review-change", "write_review", ".button--danger")
REVIEWED = of_shop("product-reviewed", "product", ".review__title")
REPORT = of_shop("review-report", "report_review", "#reason-1")
REPORTED = of_shop("review-reported", "report_review", ".write-review:not(:has(form))")

TEXTS = {
    "title": "Rechtsschutzversicherungsgesellschaftentauglich",
    "body": "Seit drei Wochen täglich in Gebrauch, ohne Kratzer.\n\nDer Filz darunter könnte dicker sein.",
    "name": "Maximiliane-Friederike",
}


def review(tour: Tour) -> Iterator[Scene]:
    page, shop = tour.page, tour.shop
    put_goods(tour)
    email, sku = f"{tour.name('reviewer')}@example.org", tour.name("dearer").upper()
    order = shop.staff("GET", f"orders/{order_by_api(shop, email, tour.language, skus=[sku])}")
    page.goto(order["status_url"])
    yield REVIEWABLE
    page.locator(".order-reviews a").click()
    yield WRITE
    press_next(page)
    yield WRITE_PROBLEMS
    page.locator("#rating-4").check()
    for field, text in TEXTS.items():
        page.fill(f"#{field}", text)
    press_next(page)
    expect(page).to_have_url(re.compile("/review/thanks"))
    yield WRITTEN
    page.goto(order["status_url"])
    page.locator(".order-reviews a").click()
    yield CHANGE
    publish(tour)
    until(lambda: _is_shown(tour))
    yield REVIEWED
    page.locator(".review__report").first.click()
    yield REPORT
    page.locator("#reason-1").check()
    press_next(page)
    yield REPORTED


def publish(tour: Tour) -> None:
    """What this tour has written, once staff have looked at it."""
    for waiting in tour.shop.staff("GET", "reviews?status=pending")["items"]:
        if waiting["name"] == TEXTS["name"]:
            based_on = {"if-match": f'"{waiting["revision"]}"'}
            tour.shop.staff("PUT", f"reviews/{waiting['id']}", {"status": "published"}, **based_on)


def _is_shown(tour: Tour) -> bool:
    tour.open(f"p/{tour.name('dearer')}")
    return tour.page.locator(".review__title").count() > 0
