"""A customer from the first day to the last: registers, gets a passkey, buys with a voucher, reviews, takes the data along, leaves."""

from __future__ import annotations

import json
import re
import zipfile

from playwright.sync_api import Browser, Page, expect

from tests.e2e.buying import (
    ADDRESS,
    choose_delivery,
    enter_card,
    enter_code,
    expect_thanks,
    go_to_checkout,
    press_next,
    press_order,
    put_in_cart,
    the_one_order,
)
from tests.e2e.judging import objections
from tests.e2e.running_shop import RunningShop, running_shop, until
from tests.e2e.scenes.owning import PASSWORD, mailed_link
from tests.e2e.windows import watched_window

NAME = "Ada Lovelace"
VOUCHER = "WELCOME-ADA"
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_from_registering_to_erasing(browser: Browser, email: str) -> None:
    with (
        running_shop("localhost") as shop,
        watched_window(browser, shop.origins, accept_downloads=True) as page,
    ):
        with_device(page)
        give_a_voucher(shop)
        register(page, shop, email)
        add_a_passkey(page)
        sign_out_and_in_with_the_passkey(page, shop)
        keep_an_address(page, shop)
        number = buy_with_it(page, shop, email)
        find_the_order_and_review_it(page, shop, number)
        take_the_data(page, shop, email)
        erase(page, shop, email)


def give_a_voucher(shop: RunningShop) -> None:
    """What the merchant did before."""
    benefit = {"type": "percent", "percent": "10"}
    promotion = {"id": "welcome", "title": {"en": "Welcome", "de": "Willkommen"}, "benefit": benefit}
    shop.staff("POST", "promotions", {**promotion, "needs_code": True})
    shop.staff("PUT", f"promotions/welcome/codes/{VOUCHER}", {"uses_max": 1})


def with_device(page: Page) -> None:
    """A device that keeps passkeys and knows its user."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})


def register(page: Page, shop: RunningShop, email: str) -> None:
    page.goto(f"{shop.url}/en/")
    page.locator(".tool--account").click()
    expect(page).to_have_url(re.compile("/account/sign-in"))
    page.locator(".entrance__aside .button").click()
    for field, text in {"name": NAME, "email": email, "password": PASSWORD}.items():
        page.fill(f"#{field}", text)
    press_next(page)
    expect(page).to_have_url(re.compile("/told/registered"))
    page.goto(mailed_link(shop, email))
    press_next(page)
    expect(page).to_have_url(re.compile("/told/verified"))
    page.locator("main .button").click()
    page.fill("#email", email)
    page.fill("#password", PASSWORD)
    press_next(page)
    expect(page.locator("h1")).to_contain_text(NAME)


def add_a_passkey(page: Page) -> None:
    page.locator(".account__nav a[href$='/security']").click()
    page.fill("#passkey-name", "My laptop")
    page.locator("form[action$='/passkeys/new'] button").click()
    page.locator("[data-passkey] button").click()
    expect(page.locator(".confirmation")).to_be_visible()
    expect(page.locator(".row__name input[name=name]")).to_have_value("My laptop")
    assert objections(page) == []


def sign_out_and_in_with_the_passkey(page: Page, shop: RunningShop) -> None:
    page.locator(".account__nav form button").click()
    expect(page).to_have_url(re.compile("/told/signed-out"))
    page.goto(f"{shop.url}/en/account/orders")
    expect(page).to_have_url(re.compile("/account/sign-in"))
    page.locator("[data-passkey] button").click()
    expect(page).to_have_url(re.compile("/account/orders$"))


def keep_an_address(page: Page, shop: RunningShop) -> None:
    page.goto(f"{shop.url}/en/account/addresses/new")
    for name, value in ADDRESS.items():
        page.fill(f"#{name}", value)
    press_next(page)
    expect(page.locator(".address-book__card")).to_have_count(1)


def buy_with_it(page: Page, shop: RunningShop, email: str) -> str:
    put_in_cart(page, f"{shop.url}/en/p/lamp-luna")
    enter_code(page, f"{shop.url}/en/cart", VOUCHER)
    go_to_checkout(page)
    expect(page.locator("#email")).to_have_value(email)
    expect(page.locator("#saved-1")).to_be_checked()
    expect(page.locator("#shipping-line1")).to_be_hidden()
    press_next(page)
    expect(page).to_have_url(re.compile("/checkout/delivery"))
    choose_delivery(page)
    enter_card(page)
    press_order(page)
    number = expect_thanks(page)
    order = the_one_order(shop, email)
    assert order["codes"] == [VOUCHER]
    assert order["totals"]["discount"]["amount"] * 10 == order["totals"]["items"]["amount"]
    return number


def find_the_order_and_review_it(page: Page, shop: RunningShop, number: str) -> None:
    page.goto(f"{shop.url}/en/account/orders")
    page.locator(".row a", has_text=number.replace("-", "‑")).click()
    expect(page).not_to_have_url(re.compile("key="))
    page.locator(".order-reviews a").click()
    page.locator("#rating-4").check()
    for field, text in {"title": "A good light", "body": "Warm and quiet.", "name": "Ada"}.items():
        page.fill(f"#{field}", text)
    press_next(page)
    expect(page).to_have_url(re.compile("/review/thanks"))


def take_the_data(page: Page, shop: RunningShop, email: str) -> None:
    page.goto(f"{shop.url}/en/account/data")
    with page.expect_download() as started:
        page.locator("form[action$='/export'] button").click()
    with zipfile.ZipFile(started.value.path()) as archive:
        kept = {name: json.loads(archive.read(name)) for name in archive.namelist()}
    told = json.dumps(kept)
    for word in (email, "My laptop", "A good light", ADDRESS["shipping-city"]):
        assert word in told, word


def erase(page: Page, shop: RunningShop, email: str) -> None:
    order = the_one_order(shop, email)
    page.fill("#word", "erase")
    page.locator("form[action$='/erase'] button").click()
    expect(page).to_have_url(re.compile("/told/erased"))
    page.goto(f"{shop.url}/en/account/sign-in")
    page.locator("[data-passkey] button").click()
    expect(page.locator("#problems")).to_be_visible()
    until(lambda: shop.staff("GET", f"orders/{order['id']}")["email"] is None)
