"""What staff do with an order at the desk, with a mouse: half of it out, a line's money back, the day's numbers read."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.running_shop import RunningShop, until
from tests.e2e.scenes.working import is_listed, press_ship


def open_order(page: Page, shop: RunningShop, order_id: str) -> None:
    """From the list of orders, which follows within seconds."""
    until(lambda: is_listed(page, shop, order_id))
    page.locator(f"a[href='/admin/orders/{order_id}']").click()


def ship_the_first_of_two_lines(page: Page) -> None:
    left = page.locator("[name^='ship-']")
    expect(left).to_have_count(2)
    left.nth(1).fill("0")
    page.fill("#tracking", "JVGL 0815")
    press_ship(page)
    expect(page.locator("[role=status]").first).to_contain_text("Shipped")
    expect(page.locator("[name^='ship-']")).to_have_count(1)


def refund_a_unit_of_the_first_line(page: Page) -> None:
    until(lambda: _can_refund(page))
    page.locator("[name^='refund-']").first.fill("1")
    page.locator("#kind-lines").check()
    page.fill("#refund_reason", "Arrived broken")
    page.locator("form[action$='/refund'] .button").click()
    expect(page.locator("[role=status]").first).to_contain_text("given back")
    expect(page.locator(".happenings").last).to_contain_text("Arrived broken")


def read_the_day(page: Page, shop: RunningShop) -> None:
    page.goto(f"{shop.url}/admin")
    expect(page.locator(".numbers").first).to_contain_text(re.compile(r"Orders\s*[1-9]"))
    expect(page.locator(".chart__bar")).to_have_count(60)
    page.locator(".fold > summary").first.click()
    expect(page.locator(".fold tbody tr")).to_have_count(30)


def _can_refund(page: Page) -> bool:
    page.reload()
    return page.locator("#kind-lines").count() == 1
