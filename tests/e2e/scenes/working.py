"""In the back office: coming in, one's own account, the day's numbers, orders and their papers, the system."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pyotp
from playwright.sync_api import Page, expect

from tests.e2e.running_shop import PASSWORD, RunningShop, until
from tests.e2e.scenes.goods import order_by_api, send_back
from tests.e2e.scenes.scene import Scene, Tour
from tests.identity.authenticator import Authenticator

STEP_S = 30


def of_admin(name: str, page: str, shows: str = "h1") -> Scene:
    """A scene on a page of the back office."""
    return Scene(f"admin-{name}", (f"admin/templates/pages/{page}.html",), shows)


DOOR = of_admin("sign-in", "sign_in", "#password")
DOOR_REFUSED = of_admin("sign-in-refused", "sign_in", "#problems")
DOOR_CODE = of_admin("sign-in-code", "sign_in_code", "#code")
DOOR_PASSKEY = of_admin("sign-in-passkey", "sign_in_passkey", "[data-passkey] .button")
START = of_admin("start", "start", ".chart svg")
START_EMPTY = of_admin("start-of-others", "start", ".notice")
ME = of_admin("me", "me", "#totp_password")
ME_PROBLEMS = of_admin("me-problems", "me", "#problems")
SETUP = of_admin("second-factor", "second_factor", ".code-picture svg")
CODES = of_admin("recovery-codes", "recovery_codes", ".codes li")
ME_SAFE = of_admin("me-safe", "me", ".button--danger")
ME_PASSKEYS = of_admin("me-passkeys", "me", ".passkeys li")
PASSKEY = of_admin("passkey", "passkey", "[data-passkey] .button")
ORDERS = of_admin("orders", "orders", ".table tbody tr")
ORDERS_FILTERED = of_admin("orders-filtered", "orders", "#view-name")
ORDERS_VIEW = of_admin("orders-view", "orders", ".view")
ORDERS_NONE = of_admin("orders-none", "orders", ".nothing")
ORDER = of_admin("order", "order", "#ship-title")
ORDER_PROBLEMS = of_admin("order-problems", "order", "#problems")
ORDER_CHANGED = of_admin("order-changed", "order", "#news-title")
ORDER_DONE = of_admin("order-done", "order", "#refund-title")
PICK_LIST = of_admin("pick-list", "pick_list", ".table")
SLIP = of_admin("packing-slip", "packing_slip", ".slip")
SYSTEM = of_admin("system", "system", "#events-title")
MISSING = of_admin("missing", "error", ".eyebrow")


def work(tour: Tour) -> Iterator[Scene]:
    page, shop = tour.page, tour.shop
    email, other = (f"{tour.name(name)}@staff.test" for name in ("desk", "keys"))
    hire(shop, email, "owner")
    page.goto(f"{shop.url}/admin/orders")
    yield DOOR
    enter(page, email, "not the password")
    yield DOOR_REFUSED
    enter(page, email)
    expect(page.locator(".table, .nothing").first).to_be_visible()
    page.goto(f"{shop.url}/admin/me")
    yield ME
    page.locator("form[action$='/passkeys/new'] .button").click()
    yield PASSKEY
    keep_a_passkey(shop, email)
    page.goto(f"{shop.url}/admin/me")
    yield ME_PASSKEYS
    page.fill("#totp_password", "not the password")
    page.locator("#second-factor .button").click()
    yield ME_PROBLEMS
    page.fill("#totp_password", PASSWORD)
    page.locator("#second-factor .button").click()
    yield SETUP
    totp = pyotp.TOTP(page.locator(".secret").inner_text())
    press_code(page, totp.now())
    yield CODES
    page.goto(f"{shop.url}/admin/me")
    yield ME_SAFE
    sign_out(page)
    enter(page, email)
    yield DOOR_CODE
    press_code(page, next_code(totp))
    page.locator("h1").wait_for()
    page.goto(f"{shop.url}/admin/nothing")
    yield MISSING
    page.goto(f"{shop.url}/admin")
    sign_out(page)
    hire(shop, other, "viewer")
    keep_a_passkey(shop, other)
    enter(page, other)
    yield DOOR_PASSKEY


def look_after_orders(tour: Tour) -> Iterator[Scene]:
    page, shop = tour.page, tour.shop
    staff = f"{tour.name('orders')}@staff.test"
    hire(shop, staff, "owner")
    buyer = f"{tour.name('admin-buyer')}@example.org"
    order, other = (order_by_api(shop, buyer, tour.language) for _ in range(2))
    page.goto(f"{shop.url}/admin")
    enter(page, staff)
    until(lambda: is_listed(page, shop, other))
    yield ORDERS
    page.goto(f"{shop.url}/admin")
    yield START
    page.goto(f"{shop.url}/admin/orders?stage=to_ship&sort=at")
    yield ORDERS_FILTERED
    page.fill("#view-name", tour.name("Donaudampfschifffahrtsgesellschaft"))
    page.locator(".form--line .button").click()
    yield ORDERS_VIEW
    page.goto(f"{shop.url}/admin/orders?q=nobody@example.org")
    yield ORDERS_NONE
    page.goto(f"{shop.url}/admin/orders/{order}")
    yield ORDER
    first = page.locator("[name^='ship-']").first
    first.fill("99")
    press_ship(page)
    yield ORDER_PROBLEMS
    shop.staff("POST", f"orders/{order}/ship", {"tracking": "JVGL 0123 4567"}, **{"idempotency-key": order})
    page.locator("[name^='ship-']").first.fill("1")
    press_ship(page)
    yield ORDER_CHANGED
    send_back(shop, shop.staff("GET", f"orders/{order}"))
    until(lambda: shop.staff("GET", f"orders/{order}")["payment_status"] == "captured")
    page.goto(f"{shop.url}/admin/orders/{order}?done=shipped")
    yield ORDER_DONE
    page.goto(f"{shop.url}/admin/orders/pick-list")
    yield PICK_LIST
    page.goto(f"{shop.url}/admin/orders/{other}/packing-slip")
    yield SLIP
    page.goto(f"{shop.url}/admin/system")
    yield SYSTEM
    sign_out(page)
    hire(shop, staff, "catalog")
    page.goto(f"{shop.url}/admin")
    enter(page, staff)
    yield START_EMPTY


def hire(shop: RunningShop, email: str, role: str) -> None:
    """With everybody's password."""
    body = {"email": email, "name": "Maximiliane Friederike Oberhofmarschall", "password": PASSWORD}
    shop.staff("PUT", "staff", {**body, "roles": [role]})


def keep_a_passkey(shop: RunningShop, email: str) -> None:
    """By the API, on a device without a browser: browsers have none for a bare address."""
    auth, device = f"{shop.url}/v1/auth", Authenticator(origin=shop.url)
    body: dict[str, Any] = {"email": email, "password": PASSWORD}
    token = shop.http.post(f"{auth}/login", json=body).raise_for_status().json()["access_token"]
    own = {"authorization": f"Bearer {token}"}
    asked = shop.http.post(f"{auth}/passkeys/register/options", json={}, headers=own).raise_for_status()
    body = {"credential": device.create(asked.json()["public_key"]), "name": "Telefon & Laptop"}
    shop.http.post(f"{auth}/passkeys/register/verify", json=body, headers=own).raise_for_status()


def enter(page: Page, email: str, password: str = PASSWORD) -> None:
    page.fill("#email", email)
    page.fill("#password", password)
    page.locator("form[action='/admin/sign-in'] .button").click()


def press_code(page: Page, code: str) -> None:
    page.fill("#code", code)
    page.locator(".form .button").click()


def next_code(totp: pyotp.TOTP) -> str:
    """Of the next half minute, which is good already: the present one was used."""
    return totp.at(time.time() + STEP_S)


def sign_out(page: Page) -> None:
    menu = page.locator(".menu > summary")
    if menu.is_visible():
        menu.click()
    page.locator("form[action='/admin/sign-out'] button:visible").first.click()
    page.locator("#password").wait_for()


def press_ship(page: Page) -> None:
    page.locator("form[action$='/ship'] .button").click()


def is_listed(page: Page, shop: RunningShop, order_id: str) -> bool:
    """Lists follow within seconds."""
    page.goto(f"{shop.url}/admin/orders")
    return page.locator(f"a[href='/admin/orders/{order_id}']").count() == 1
