"""A member of staff at a browser: in with a second factor, half an order out, money back, the day's numbers read."""

from __future__ import annotations

from typing import Any

import pyotp
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Windows
from tests.e2e.fulfilling import (
    open_order,
    read_the_day,
    refund_a_unit_of_the_first_line,
    ship_the_first_of_two_lines,
)
from tests.e2e.running_shop import PASSWORD, RunningShop, until
from tests.e2e.scenes.goods import order_by_api
from tests.e2e.scenes.working import enter, hire, next_code, press_code, sign_out


def test_staff_sign_in_with_a_second_factor_ship_half_refund_a_line_and_read_the_day(
    shop: RunningShop, window: Windows, email: str
) -> None:
    staff = email.replace("@example.org", "@staff.test")
    hire(shop, staff, "owner")
    order_id = order_by_api(shop, email, "en")
    with window(locale="en") as page:
        page.goto(f"{shop.url}/admin/orders/{order_id}")
        enter(page, staff)
        expect(page).to_have_url(f"{shop.url}/admin/orders/{order_id}")  # where it was going
        totp = turn_on_second_factor(page, shop)
        sign_out(page)
        enter(page, staff)
        press_code(page, next_code(totp))
        expect(page).to_have_url(f"{shop.url}/admin")

        open_order(page, shop, order_id)
        ship_the_first_of_two_lines(page)
        refund_a_unit_of_the_first_line(page)
        until(lambda: read(shop, order_id)["refunded"]["amount"])
        order = read(shop, order_id)
        assert order["fulfilment_status"] == "partially_shipped"
        assert order["refunded"]["amount"] == order["lines"][0]["total"]["amount"]

        read_the_day(page, shop)


def turn_on_second_factor(page: Page, shop: RunningShop) -> pyotp.TOTP:
    page.locator(".notice a").click()
    expect(page).to_have_url(f"{shop.url}/admin/me#second-factor")
    page.fill("#totp_password", PASSWORD)
    page.locator("#second-factor .button").click()
    totp = pyotp.TOTP(page.locator(".secret").inner_text())
    press_code(page, totp.now())
    expect(page.locator(".codes li")).to_have_count(10)
    page.locator("main .button").click()
    expect(page.locator(".notice")).to_have_count(0)
    return totp


def read(shop: RunningShop, order_id: str) -> dict[str, Any]:
    found: dict[str, Any] = shop.staff("GET", f"orders/{order_id}")
    return found
