"""A customer's account: getting in, what is kept there, and what is asked before something cannot be taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pyotp
from playwright.sync_api import Page, expect

from tests.e2e.buying import go_to_checkout, press_next, put_in_cart
from tests.e2e.running_shop import RunningShop, until
from tests.e2e.scenes.goods import order_by_api, put_goods
from tests.e2e.scenes.reviewing import TEXTS
from tests.e2e.scenes.scene import Scene, Tour, of_shop

PASSWORD = "a-boat-under-the-bridge-7"
LONG_NAME = "Maximiliane-Friederike Freifrau von Leutheusser-Schnarrenberger"


def _plain(name: str, form: str, shows: str = "h1") -> Scene:
    """A page with one form alone."""
    return of_shop(name, "account/form", f"[data-form={form}] {shows}")


REGISTER = _plain("account-register", "register", "#password:not([aria-invalid])")
REGISTER_PROBLEMS = _plain("account-register-problems", "register", "#problems")
REGISTERED = of_shop("account-registered", "account/told", ".entrance .button")
VERIFY = _plain("account-verify", "verify")
SIGN_IN = of_shop("account-sign-in", "account/sign_in", "#email")
SIGN_IN_REFUSED = of_shop("account-sign-in-refused", "account/sign_in", "#problems")
SIGN_IN_AGAIN = of_shop("account-sign-in-again", "account/sign_in", ".notice")
FORGOT = _plain("account-forgot", "forgot")
CODE = _plain("account-second-step", "code")
PROVE = _plain("account-password-once-more", "prove")
HOME_NEW = of_shop("account-new", "account/home", ".notice")
HOME = of_shop("account", "account/home", ".row")
ORDERS = of_shop("account-orders", "account/orders", ".row")
PROFILE = of_shop("account-profile", "account/profile", "#newsletter")
PROFILE_PROBLEMS = of_shop("account-profile-problems", "account/profile", "#problems")
SECURITY = of_shop("account-security", "account/security", "#passkey-name")
PASSKEY = of_shop("account-passkey", "account/passkey", "[data-passkey] button")
TOTP = of_shop("account-second-step-begin", "account/totp", ".totp svg")
TOTP_AGAIN = of_shop("account-second-step-wrong-code", "account/totp", "#problems")
CODES = of_shop("account-recovery-codes", "account/codes", ".codes li")
BOOK_EMPTY = of_shop("account-addresses-empty", "account/addresses", ".lead")
ADDRESS = of_shop("account-address", "account/address", "#shipping-name:not([aria-invalid])")
ADDRESS_PROBLEMS = of_shop("account-address-problems", "account/address", "#problems")
BOOK = of_shop("account-addresses", "account/addresses", ".address-book__card + .address-book__card")
WISHES_EMPTY = of_shop("account-wishlist-empty", "account/wishlist", ".lead")
WISHES = of_shop("account-wishlist", "account/wishlist", ".row--picture + .row--picture")
REVIEWS = of_shop("account-reviews", "account/reviews", ".review")
REVIEWS_NONE = of_shop("account-reviews-none", "account/reviews", ".lead")
DATA = of_shop("account-data", "account/data", "#word:not([aria-invalid])")
DATA_PROBLEMS = of_shop("account-data-problems", "account/data", "#problems")
ADDRESS_SAVED = of_shop("checkout-address-saved", "address", ".saved")
CART_CONFLICTS = of_shop("cart-conflicts", "cart", ".problems[role=status]")


def get_in(tour: Tour) -> Iterator[Scene]:
    page = tour.page
    email = f"{tour.name('newcomer')}@example.org"
    tour.open("account/register")
    yield REGISTER
    press_next(page)
    yield REGISTER_PROBLEMS
    for field, text in {"name": LONG_NAME, "email": email, "password": PASSWORD}.items():
        page.fill(f"#{field}", text)
    press_next(page)
    yield REGISTERED
    link = mailed_link(tour.shop, email)
    page.goto(link)
    yield VERIFY
    tour.open("account/forgot")
    yield FORGOT
    tour.open("account/sign-in")
    yield SIGN_IN
    page.fill("#email", email)
    page.fill("#password", "not this one")
    press_next(page)
    yield SIGN_IN_REFUSED
    sign_in(page, email)
    yield HOME_NEW
    tour.open("account/addresses")
    yield BOOK_EMPTY
    tour.open("account/wishlist")
    yield WISHES_EMPTY
    tour.open("account/reviews")
    yield REVIEWS_NONE
    page.context.clear_cookies(name=re.compile("access|refresh"))
    tour.open("account/profile")
    yield SIGN_IN_AGAIN


def keep_an_account(tour: Tour) -> Iterator[Scene]:
    page, shop = tour.page, tour.shop
    put_goods(tour)
    email = f"{tour.name('owner')}@example.org"
    join(tour, email)
    for _ in range(2):
        order_by_api(shop, email, tour.language)
    until(lambda: _rows(tour) == 2)
    yield HOME
    tour.open("account/orders")
    yield ORDERS
    page.locator(".row a").first.click()
    page.locator(".order-reviews a").first.click()
    page.locator("#rating-4").check()
    for field, text in TEXTS.items():
        page.fill(f"#{field}", text)
    press_next(page)
    expect(page).to_have_url(re.compile("/review/thanks"))
    tour.open("account/reviews")
    yield REVIEWS
    tour.open("account/profile")
    yield PROFILE
    page.fill("#new_password", "short")
    page.locator("#new_password").press("Enter")
    yield PROFILE_PROBLEMS
    yield from _fill_the_book(tour)
    for product in (tour.name("long"), "vase-arc"):
        tour.open(f"p/{product}")
        page.locator(".buy__wish").click()
        expect(page).to_have_url(re.compile("/account/wishlist"))
    yield WISHES
    put_in_cart(page, tour.address(f"p/{tour.name('scarce')}"))
    tour.open("cart")
    go_to_checkout(page)
    yield ADDRESS_SAVED
    tour.open(f"cart?conflict=quantity_capped.120.99.{tour.name('scarce').upper()}&conflict=not_sold.1.0.X")
    yield CART_CONFLICTS


def keep_others_out(tour: Tour) -> Iterator[Scene]:
    page = tour.page
    email = f"{tour.name('careful')}@example.org"
    join(tour, email)
    tour.open("account/security")
    yield SECURITY
    page.locator("#passkey-name").press("Enter")
    yield PASSKEY
    tour.open("account/security")
    page.locator("form[action$='/totp'] button").click()
    yield TOTP
    secret = page.locator(".totp__secret").inner_text()
    page.fill("#code", "123")
    press_next(page)
    yield TOTP_AGAIN
    page.fill("#code", pyotp.TOTP(secret).at(datetime.now(UTC)))
    press_next(page)
    yield CODES
    tour.open("account/security")
    page.locator("form[action$='/totp/disable'] button").click()
    yield PROVE
    tour.open("account/data")
    yield DATA
    page.locator("#word").press("Enter")
    yield DATA_PROBLEMS
    page.locator(".account__nav form button").click()
    tour.open("account/sign-in")
    page.fill("#email", email)
    page.fill("#password", PASSWORD)
    press_next(page)
    yield CODE


def join(tour: Tour, email: str) -> None:
    """An account whose e-mail is proven, signed in; ends on its first page."""
    page = tour.page
    tour.open("account/register")
    for field, text in {"name": LONG_NAME, "email": email, "password": PASSWORD}.items():
        page.fill(f"#{field}", text)
    press_next(page)
    expect(page).to_have_url(re.compile("/told/registered"))
    page.goto(mailed_link(tour.shop, email))
    press_next(page)
    expect(page).to_have_url(re.compile("/told/verified"))
    tour.open("account/sign-in")
    sign_in(page, email)


def sign_in(page: Page, email: str) -> None:
    page.fill("#email", email)
    page.fill("#password", PASSWORD)
    press_next(page)
    expect(page).to_have_url(re.compile(r"/account$"))


def mailed_link(shop: RunningShop, email: str, path: str = "account/verify") -> str:
    """The newest link to this page that was mailed to the address."""

    def found() -> list[str]:
        texts = (str(mail["text"]) for mail in shop.mails(email))
        return [link for text in texts for link in re.findall(r"https?://\S+", text) if f"/{path}?" in link]

    return until(found)[0]


def _fill_the_book(tour: Tour) -> Iterator[Scene]:
    page = tour.page
    for city in ("Hellschen-Heringsand-Unterschaar", "Berlin"):
        tour.open("account/addresses/new")
        if city == "Berlin":
            yield ADDRESS
            press_next(page)
            yield ADDRESS_PROBLEMS
        page.fill("#shipping-name", LONG_NAME)
        page.fill("#shipping-line1", "Bürgermeister-Wolfgang-Duschek-Straße 128, Hinterhaus")
        page.fill("#shipping-postal_code", "10115")
        page.fill("#shipping-city", city)
        press_next(page)
        expect(page).to_have_url(re.compile("/account/addresses"))
    yield BOOK


def _rows(tour: Tour) -> int:
    tour.open("account")
    return tour.page.locator(".row").count()
