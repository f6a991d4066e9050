"""In the back office: what goods are taxed, how they are delivered, and what a parcel costs."""

from __future__ import annotations

from collections.abc import Iterator

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
