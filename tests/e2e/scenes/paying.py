"""From the cart to the order and what becomes of it: each step, each refusal, the provider's pages between."""

from __future__ import annotations

import re
from collections.abc import Iterator

from playwright.sync_api import Error, Page, expect

from tests.e2e.buying import (
    ADDRESS,
    CARD,
    DECLINED,
    SUCCESS,
    THREE_D_SECURE,
    choose_delivery,
    enter_card,
    fill_address,
    go_to_checkout,
    order_id_of,
    press_next,
    press_order,
    put_in_cart,
)
from tests.e2e.running_shop import until
from tests.e2e.scenes.goods import make_dearer, put_goods
from tests.e2e.scenes.scene import Scene, Tour, of_provider, of_shop, without

CART_EMPTY = of_shop("cart-empty", "cart", "main .empty")
CART = of_shop("cart", "cart", "main .line + .line")
CART_CODE = of_shop("cart-code-not-valid", "cart", "#problems")
CART_PROBLEMS = of_shop("cart-problems", "cart", "main .line--problem + .line--problem")
ADDRESS_EMPTY = of_shop("checkout-address", "address", "#email:not([aria-invalid])")
ADDRESS_PROBLEMS = of_shop("checkout-address-problems", "address", "#billing-name[aria-invalid]")
DELIVERY = of_shop("checkout-delivery", "delivery", ".radio-card")
DELIVERY_NONE = of_shop("checkout-delivery-none", "delivery", ".empty")
PAYMENT = Scene(
    "checkout-payment",
    ("storefront/templates/pages/payment.html", "sandbox/templates/frame.html"),
    "[data-pay-frame] iframe",
)
CARD_PROBLEMS = of_shop("checkout-payment-card-problems", "payment", "[data-pay-frame] iframe")
PAYMENT_HOSTED = of_shop("checkout-payment-without-frame", "payment", "[data-pay-hosted] button")
PAYMENT_KEPT = of_shop("checkout-payment-kept", "payment", ".kept")
PAYMENT_DECLINED = of_shop("checkout-payment-declined", "payment", "#problems")
REVIEW = of_shop("checkout-review", "review", ".button--order")
REVIEW_CHANGED = of_shop("checkout-review-total-changed", "review", "#problems")
PENDING = of_shop("waiting-for-the-bank", "pending", "[role=status].lead")
ACTION = of_shop("confirmation-left", "pending", "main .button:not(.button--quiet)")
THANKS = of_shop("thanks", "thanks", "[data-order-number]")
ORDER = of_shop("order", "order", ".cancel")
ORDER_CANCELLED = of_shop("order-cancelled", "order", ".confirmation")
ORDER_REFUSED = of_shop("order-not-cancellable", "order", "#problems")
ORDER_SHIPPED = of_shop("order-shipped", "order", ".progress li:last-child.progress__done")
RETURN = of_shop("return", "return", "main select")
RETURN_CONFIRM = of_shop("return-confirm", "return", "main form[data-once]")
RETURN_DONE = of_shop("return-done", "return", ".return__lines")
HOSTED = of_provider("provider-hosted", "pay")
HOSTED_PROBLEMS = of_provider("provider-hosted-problems", "pay", "[aria-invalid]")
CHALLENGE = of_provider("provider-challenge", "challenge", "button[value=accept]")
CHALLENGE_ANSWERED = of_provider("provider-challenge-answered", "challenge", "a.primary")
PROVIDER_MISSING = of_provider("provider-missing", "message")

LONG_ADDRESS = {
    "shipping-name": "Maximiliane-Friederike Freifrau von Leutheusser-Schnarrenberger",
    "shipping-line1": "Bürgermeister-Wolfgang-Duschek-Straße 128, Hinterhaus",
    "shipping-city": "Hellschen-Heringsand-Unterschaar",
}


def fill_the_cart(tour: Tour) -> Iterator[Scene]:
    page, shop = tour.page, tour.shop
    put_goods(tour)
    tour.open("cart")
    yield CART_EMPTY
    for product in ("vase-arc", tour.name("long"), tour.name("scarce"), tour.name("gone")):
        put_in_cart(page, tour.address(f"p/{product}"))
    tour.open("cart")
    yield CART
    page.locator(".code > summary").click()
    page.fill("#code", "SOMMERSCHLUSSVERKAUF-2031")
    page.locator(".code__form button").click()
    yield CART_CODE
    page.locator("input[id^=q-]").nth(2).fill("4")
    page.locator("input[id^=q-]").nth(2).press("Enter")
    expect(page.locator("main .line").nth(2).locator(".line__total")).to_contain_text("96")
    shop.put_stock(tour.name("scarce").upper(), berlin=2)
    shop.put_stock(tour.name("gone").upper(), berlin=0)
    until(lambda: _troubled_lines(tour) == 2)  # the cart asks for stock again after a second
    yield CART_PROBLEMS
    for sku in ("scarce", "gone"):
        shop.put_stock(tour.name(sku).upper(), berlin=20)


def _troubled_lines(tour: Tour) -> int:
    tour.open("cart")
    return tour.page.locator("main .line--problem").count()


def find_no_delivery(tour: Tour) -> Iterator[Scene]:
    put_goods(tour)
    put_in_cart(tour.page, tour.address(f"p/{tour.name('heavy')}"))
    go_to_checkout(tour.page)
    fill_address(tour.page, f"{tour.name('heavy')}@example.org")
    yield DELIVERY_NONE


def confirm_with_the_bank(tour: Tour) -> Iterator[Scene]:
    page, shop = tour.page, tour.shop
    put_goods(tour)
    put_in_cart(page, tour.address("p/lamp-luna"))
    put_in_cart(page, tour.address(f"p/{tour.name('dearer')}"))
    go_to_checkout(page)
    yield ADDRESS_EMPTY
    page.locator("label[for=billing-separate]").click()
    press_next(page)
    yield ADDRESS_PROBLEMS
    page.locator("label[for=billing-separate]").click()
    fill_address(page, f"{tour.name('confirmed')}@example.org", **LONG_ADDRESS)
    yield DELIVERY
    choose_delivery(page)
    expect(page.frame_locator("[data-pay-frame] iframe").locator("#number")).to_be_visible()
    yield PAYMENT
    page.locator("[data-pay-form] button").click()
    expect(page.frame_locator("[data-pay-frame] iframe").locator("#cvc[aria-invalid=true]")).to_be_visible()
    yield CARD_PROBLEMS
    enter_card(page, DECLINED)
    yield REVIEW
    shop.change_product(tour.name("dearer"), make_dearer)
    page.reload()
    yield REVIEW_CHANGED
    press_order(page)
    expect(page).to_have_url(re.compile("/checkout/payment"))
    expect(page.frame_locator("[data-pay-frame] iframe").locator("#number")).to_be_visible()
    yield PAYMENT_DECLINED
    enter_card(page, THREE_D_SECURE)
    press_order(page)
    expect(page).to_have_url(re.compile("/challenge/"))
    challenge = page.url
    yield CHALLENGE
    page.locator("button[value=leave]").click()
    yield ACTION
    page.locator("main a.button").click()
    page.locator("button[value=accept]").click()
    expect(page).to_have_url(re.compile("/thanks"))
    yield THANKS
    page.locator(".thanks .button").first.click()
    yield ORDER
    page.locator(".cancel button").click()
    yield ORDER_CANCELLED
    page.goto(challenge)
    yield CHALLENGE_ANSWERED


def pay_elsewhere(tour: Tour) -> Iterator[Scene]:
    """The frame stays away, the provider's page takes the card and is then slow; the parcel leaves before a change of mind."""
    page, shop = tour.page, tour.shop
    put_goods(tour)
    put_in_cart(page, tour.address(f"p/{tour.name('long')}"))
    go_to_checkout(page)
    fill_address(page, f"{tour.name('elsewhere')}@example.org", **ADDRESS)
    frames = "**/frame?*"
    page.route(frames, lambda route: route.abort("aborted"))
    page.clock.install()
    choose_delivery(page)
    page.clock.fast_forward(10_000)
    yield PAYMENT_HOSTED
    page.clock.resume()
    page.unroute(frames)
    page.locator("[data-pay-hosted] button").click()
    yield HOSTED
    page.locator("button.primary").click()
    yield HOSTED_PROBLEMS
    for name, value in (CARD | {"number": SUCCESS}).items():
        page.fill(f"#{name}", value)
    page.locator("button.primary").click()
    expect(page).to_have_url(re.compile("/checkout/review"))
    tour.open("checkout/payment")
    expect(page.frame_locator("[data-pay-frame] iframe").locator("#number")).to_be_visible()
    yield PAYMENT_KEPT
    tour.open("checkout/review")
    page.route("**/checkout/return/**", without("refresh"))
    with shop.provider_silent():
        press_order(page)
        yield PENDING
    page.unroute("**/checkout/return/**")
    order = shop.staff("GET", f"orders/{order_id_of(page)}")
    until(lambda: shop.staff("GET", f"orders/{order['id']}")["status"] == "placed", 40)
    _leave(page, order["status_url"])
    shop.staff(
        "POST",
        f"orders/{order['id']}/ship",
        {"tracking": "JVGL 0123 4567 8901 2345 6789"},
        **{"idempotency-key": order["id"]},
    )
    page.locator(".cancel button").click()
    yield ORDER_REFUSED
    page.goto(order["status_url"])
    yield ORDER_SHIPPED
    page.locator("a[href*='/return?']").click()
    yield RETURN
    page.locator("main select").first.select_option("1")
    page.locator("main form button").click()
    yield RETURN_CONFIRM
    page.locator("main form button").click()
    yield RETURN_DONE
    page.goto(f"{shop.sandbox}/pay/none?language={tour.language}")
    yield PROVIDER_MISSING


def _leave(page: Page, url: str) -> None:
    """A page that waits turns by itself every few seconds: where it is just doing so, ask again."""
    try:
        page.goto(url)
    except Error as interrupted:
        if "interrupted by another navigation" not in str(interrupted):
            raise
        page.wait_for_load_state()
        page.goto(url)
