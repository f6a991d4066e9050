"""In the back office: what goods are taxed, how they are delivered, what a parcel costs, and what mails say."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import Page, expect

from tests.e2e.scenes.scene import Scene, Tour
from tests.e2e.scenes.working import enter, hire, of_admin

TAXES = of_admin("taxes", "taxes/list", ".table tbody tr")
TAXES_OF = of_admin("taxes-of-a-country", "taxes/country", "#remove-title")
TAXES_PROBLEMS = of_admin("taxes-problems", "taxes/country", "#problems")
WAYS = of_admin("delivery", "delivery/list", ".table tbody tr")
WAY = of_admin("delivery-way", "delivery/edit", "#remove-title")
WAY_PROBLEMS = of_admin("delivery-problems", "delivery/edit", "#problems")
PARCEL = of_admin("parcel", "delivery/preview", "#found-title")
PARCEL_NONE = of_admin("parcel-none", "delivery/preview", "#found-title ~ .lead")

CURRENCIES = of_admin("currencies", "currencies", ".table tbody tr")
CURRENCY_MORE = of_admin("currency-to-add", "currencies", "#offered-CHF")
CURRENCIES_PROBLEMS = of_admin("currencies-problems", "currencies", "#problems")
FRONTS = of_admin("fronts", "channels/list", ".table tbody tr")
FRONT = of_admin("front", "channels/edit", "main form.form--wide")
FRONT_PROBLEMS = of_admin("front-problems", "channels/edit", "#problems")
MAILS = of_admin("mails", "mails/list", ".table tbody tr")
MAIL = of_admin("mail", "mails/edit", "#placeholders-title")
MAIL_PROBLEMS = of_admin("mail-problems", "mails/edit", "#problems")
MAIL_LOOK = of_admin("mail-preview", "mails/edit", "#preview-title")
MAIL_OWN = of_admin("mail-own", "mails/edit", "#reset-title")


def set_terms(tour: Tour) -> Iterator[Scene]:
    page, place = tour.page, f"{tour.shop.url}/admin/settings"
    staff = f"{tour.name('terms')}@staff.test"
    hire(tour.shop, staff, "owner")
    page.goto(f"{place}/taxes")
    enter(page, staff)
    yield TAXES
    page.goto(f"{place}/taxes/DE")
    yield TAXES_OF
    page.fill("#rate-standard", "a fifth")
    page.locator("main form.form--wide .button").click()
    yield TAXES_PROBLEMS
    page.goto(f"{place}/delivery")
    yield WAYS
    page.goto(f"{place}/delivery/ways/world_standard")
    yield WAY
    page.fill("#countries", "Everywhere")
    page.fill("#days_max", "0")
    page.locator("main form.form--wide .button").click()
    yield WAY_PROBLEMS
    page.goto(f"{place}/delivery/preview?weight_g=1200&worth=45&currency=EUR&country=DE")
    yield PARCEL
    page.goto(f"{place}/delivery/preview?weight_g=999999&worth=45&currency=EUR&country=AT")
    yield PARCEL_NONE
    yield from _choose_currencies(page, place)
    yield from _look_at_fronts(page, place)
    yield from _say_it_otherwise(page, place)


def _choose_currencies(page: Page, place: str) -> Iterator[Scene]:
    page.goto(f"{place}/currencies")
    yield CURRENCIES
    page.select_option("#add", "CHF")
    page.locator("main form.finder .button").last.click()
    yield CURRENCY_MORE
    page.uncheck("#offered-EUR")
    page.locator("main form.form--wide .button").click()
    yield CURRENCIES_PROBLEMS


def _look_at_fronts(page: Page, place: str) -> Iterator[Scene]:
    page.goto(f"{place}/channels")
    yield FRONTS
    page.goto(f"{place}/channels/new")
    yield FRONT
    page.fill("#code", "trade")
    page.fill("#hosts", "no host name")
    page.locator("main form.form--wide .button").click()
    yield FRONT_PROBLEMS


def _say_it_otherwise(page: Page, place: str) -> Iterator[Scene]:
    page.goto(f"{place}/mails")
    yield MAILS
    page.goto(f"{place}/mails/email_change/en")
    if page.locator("#reset-title").count():  # somebody who walked before left it so
        page.locator("section .button--danger").click()
        page.goto(f"{place}/mails/email_change/en")
    yield MAIL
    page.fill("#closing", "See you, {nmae}!")
    page.locator("main .form .button").first.click()
    yield MAIL_PROBLEMS
    page.fill("#closing", "See you at {shop_name}!")
    page.locator("main .form .button--quiet").click()
    page.locator("main details summary").click()
    shown = page.frame_locator(".mail-frame")
    expect(shown.get_by_text("See you at")).to_be_visible()
    ground = shown.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
    assert ground not in {"rgba(0, 0, 0, 0)", "rgb(255, 255, 255)"}, "the mail has its own style"
    yield MAIL_LOOK
    # By key: right after the window was another size, a pointer may still meet the frame where it was.
    page.locator("main .form .button").first.press("Enter")
    yield MAIL_OWN
