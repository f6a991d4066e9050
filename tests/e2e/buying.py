"""The steps of a purchase, with a mouse. Each ends on the page it leads to."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.e2e.running_shop import RunningShop

SUCCESS = "4242424242424242"
DECLINED = "4000000000000002"
NO_FUNDS = "4000000000009995"
THREE_D_SECURE = "4000002760003184"
SLOW = "4000000000000259"
LOST_ANSWER = "4000000000000341"

ADDRESS = {
    "shipping-name": "Ada Lovelace",
    "shipping-line1": "Brückenstraße 12",
    "shipping-postal_code": "10115",
    "shipping-city": "Berlin",
}
CARD = {"number": SUCCESS, "expiry": "12/34", "cvc": "123", "name": "Ada Lovelace"}
# Two frames: the first may have been begun before.
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def a_product(slug: str, **fields: Any) -> dict[str, Any]:
    """A simple product's draft with one variant at 24.00."""
    variant = {"sku": slug.upper(), "prices": {"EUR": 2400, "USD": 2600}, "weight_g": 400}
    texts = {
        "title": {"en": f"Test {slug}", "de": f"Probe {slug}"},
        "description": {"en": "For trying out.", "de": "Zum Probieren."},
    }
    return {"slug": slug, **texts, "category": "tableware", "variants": [variant], **fields}


def scripted(page: Page) -> bool:
    """Whether the page's own scripts run."""
    return bool(page.evaluate("matchMedia('(scripting: enabled)').matches"))


def put_in_cart(page: Page, product_url: str) -> None:
    """Ends with the cart's lines on the screen: in the drawer with JavaScript, on the cart's page without."""
    page.goto(product_url)
    page.locator("[data-buy]").click()
    expect(page.locator(".line").first).to_be_visible()


def enter_code(page: Page, cart_url: str, code: str) -> None:
    """On the cart's page; ends there, with the code among those that count."""
    page.goto(cart_url)
    form = page.locator(".code__form")
    if not form.is_visible():
        page.locator("details:has(.code__form) > summary").click()
    form.locator("[name=code]").fill(code)
    form.locator("button").click()
    expect(page.locator(".chip", has_text=code)).to_be_visible()


def go_to_checkout(page: Page) -> None:
    page.locator("a.button[href$='/checkout/address']").click()
    expect(page).to_have_url(re.compile("/checkout/address"))


def fill_address(page: Page, email: str, **fields: str) -> None:
    page.fill("#email", email)
    for name, value in {**ADDRESS, **fields}.items():
        page.fill(f"#{name}", value)
    press_next(page)
    expect(page).to_have_url(re.compile("/checkout/delivery"))


def choose_delivery(page: Page, number: int = 1) -> None:
    page.locator(f"label[for=delivery-{number}]").click()
    press_next(page)
    expect(page).to_have_url(re.compile("/checkout/payment"))


def press_next(page: Page) -> None:
    page.locator("main form .form__actions button").first.click()


def enter_card(page: Page, number: str = SUCCESS) -> None:
    """In the provider's frame, or without JavaScript on its page. Ends on the review page."""
    if scripted(page):
        frame = page.frame_locator("[data-pay-frame] iframe")
        for name, value in (CARD | {"number": number}).items():
            frame.locator(f"#{name}").fill(value)
        button = page.locator("[data-pay-form] button")
        button.scroll_into_view_if_needed()
        # A frame of another site is drawn by a process of its own: until the scrolled page has been drawn, a click goes to
        # where the frame was.
        page.evaluate(DRAWN)
        button.click()
    else:
        page.locator("[data-pay-hosted] button").click()
        for name, value in (CARD | {"number": number}).items():
            page.fill(f"#{name}", value)
        page.locator("button.primary").click()
    expect(page).to_have_url(re.compile("/checkout/review"))


def go_to_review(page: Page, product_url: str, email: str, *, card: str = SUCCESS) -> None:
    put_in_cart(page, product_url)
    go_to_checkout(page)
    fill_address(page, email)
    choose_delivery(page)
    enter_card(page, card)


def press_order(page: Page) -> None:
    page.locator(".button--order").click()


def expect_thanks(page: Page) -> str:
    """The order's number."""
    expect(page).to_have_url(re.compile("/thanks"), timeout=40_000)
    return page.locator("[data-order-number]").inner_text()


def order_id_of(page: Page) -> str:
    """From the address of any page of an order."""
    found = re.search(r"ord_[0-9a-z]+", page.url)
    assert found, page.url
    return found[0]


def the_one_order(shop: RunningShop, email: str) -> dict[str, Any]:
    """The only order of this address that stands; attempts that failed do not count."""
    stands = [order for order in shop.orders_of(email) if order["status"] not in {"cancelled", "pending"}]
    assert len(stands) == 1, [(order["number"], order["status"]) for order in stands]
    return stands[0]
