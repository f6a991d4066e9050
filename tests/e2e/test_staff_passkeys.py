"""A member of staff gives a device a passkey and comes in by it, with password and code left out."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from tests.e2e.judging import objections
from tests.e2e.running_shop import RunningShop, running_shop
from tests.e2e.scenes.working import enter, hire, sign_out
from tests.e2e.test_account import with_device
from tests.e2e.windows import watched_window


def test_staff_add_a_passkey_and_come_in_by_it(browser: Browser, email: str) -> None:
    staff = email.replace("@example.org", "@staff.test")
    with running_shop("localhost") as shop, watched_window(browser, shop.origins, locale="en") as page:
        with_device(page)
        hire(shop, staff, "owner")
        page.goto(f"{shop.url}/admin/orders")
        enter(page, staff)
        expect(page).to_have_url(f"{shop.url}/admin/orders")
        expect(page.locator(".notice")).to_have_count(1)
        add_a_passkey(page, shop)
        sign_out(page)
        come_in_by_it(page, shop)
        sign_out(page)
        be_asked_for_it_after_the_password(page, shop, staff)
        take_it_away(page, shop)
        sign_out(page)
        page.locator("[data-passkey] .button").click()
        expect(page.locator("#problems")).to_contain_text("not accepted")
        enter(page, staff)
        expect(page).to_have_url(f"{shop.url}/admin")
        page.goto(f"{shop.url}/admin/log?operation=add_passkey")
        expect(page.locator(".table tbody tr")).to_have_count(1)


def add_a_passkey(page: Page, shop: RunningShop) -> None:
    page.locator(".notice a").click()
    page.fill("#passkey_name", "My laptop")
    page.locator("form[action$='/passkeys/new'] .button").click()
    page.locator("[data-passkey] .button").click()
    expect(page).to_have_url(f"{shop.url}/admin/me?done=passkey")
    expect(page.locator(".passkeys input[name=name]")).to_have_value("My laptop")
    assert objections(page) == []
    page.goto(f"{shop.url}/admin")
    expect(page.locator(".notice")).to_have_count(0)


def come_in_by_it(page: Page, shop: RunningShop) -> None:
    page.goto(f"{shop.url}/admin/orders")
    expect(page).to_have_url(re.compile("/admin/sign-in"))
    page.locator("[data-passkey] .button").click()
    expect(page).to_have_url(f"{shop.url}/admin/orders")


def be_asked_for_it_after_the_password(page: Page, shop: RunningShop, staff: str) -> None:
    enter(page, staff)
    expect(page.locator(".lead")).to_contain_text("Now your passkey")
    page.locator("[data-passkey] .button").click()
    expect(page).to_have_url(f"{shop.url}/admin")


def take_it_away(page: Page, shop: RunningShop) -> None:
    page.goto(f"{shop.url}/admin/me")
    page.locator(".passkeys [name=remove]").click()
    expect(page).to_have_url(f"{shop.url}/admin/me?done=passkey_removed")
    expect(page.locator(".passkeys")).to_have_count(0)
