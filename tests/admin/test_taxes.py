"""Tax rates at the desk: by country, at once in quotes, never over somebody else's change."""

from __future__ import annotations

import pytest

from rialto.kernel.money import EUR, Money
from rialto.kernel.service import Nothing
from rialto.pricing.api import CountryRef, ItemToPrice, Pricing, QuoteFor
from tests.admin.merchants_desk import Browser

pytestmark = pytest.mark.anyio

LIST = "/settings/taxes"


async def tax_of(desk: Browser, country: str) -> int:
    """What is inside 100.00 of a lamp that goes there."""
    lamp = ItemToPrice(key="1", sku="LAMP", quantity=1, unit_price=Money(10_000, EUR))
    quote = await desk.shop.app[Pricing].quote(QuoteFor(items=[lamp], currency=EUR, country=country))
    return quote.totals.tax.amount


async def rates_of(desk: Browser, country: str) -> dict[str, str]:
    return (await desk.shop.app[Pricing].country_taxes(CountryRef(country=country))).rates


async def test_rates_are_listed_changed_and_taken_away(desk: Browser) -> None:
    page = await desk.get(LIST)
    assert 'href="/admin/settings/taxes/DE"' in page
    assert "25.5%" in page, "Finland's"
    assert await tax_of(desk, "DE") == 1597
    form = await desk.form(f"{LIST}/DE", "/admin/settings/taxes/DE")
    assert (form["rate-standard"], form["rate-reduced"]) == ("19", "7")
    changed = {"rate-standard": "20,5 %", "rate-reduced": "", "class_new": "books", "rate_new": "0"}
    assert await desk.post(f"{LIST}/DE", form | changed) == "/admin/settings/taxes/DE?done=taxes_saved"
    assert await rates_of(desk, "DE") == {"standard": "0.205", "books": "0"}
    assert await tax_of(desk, "DE") == 1701, "it counts at once"
    again = await desk.form(f"{LIST}/DE", "/admin/settings/taxes/DE")
    assert (again["rate-standard"], again["rate-reduced"], again["rate-books"]) == ("20.5", "", "0")
    await desk.post(f"{LIST}/DE", again)
    assert (await desk.form(f"{LIST}/DE", "/admin/settings/taxes/DE")) == again, "a round trip"

    remove = await desk.form(f"{LIST}/DE", "/admin/settings/taxes/DE/remove")
    assert "done=terms_changed" in await desk.post(f"{LIST}/DE/remove", {"version": "0"})
    assert "done=taxes_removed" in await desk.post(f"{LIST}/DE/remove", remove)
    assert await tax_of(desk, "DE") == 0
    assert 'href="/admin/settings/taxes/DE"' not in await desk.get(LIST)


async def test_a_country_is_added(desk: Browser) -> None:
    place = await desk.web.get("/admin/settings/taxes?country=CH")
    assert (place.status_code, place.headers["location"]) == (303, "/admin/settings/taxes/CH")
    form = await desk.form(f"{LIST}/CH", "/admin/settings/taxes/CH")
    await desk.post(f"{LIST}/CH", form | {"rate-standard": "8.1"})
    assert await tax_of(desk, "CH") == 749
    assert 'href="/admin/settings/taxes/CH"' in await desk.get(LIST)
    await desk.get(f"{LIST}/XX", 404)
    await desk.post(f"{LIST}/XX", form, 404)
    await desk.post(f"{LIST}/XX/remove", form, 404)


@pytest.mark.parametrize(
    "odd",
    [
        {"rate-standard": "much"},
        {"rate-standard": "101"},
        {"rate-standard": "-1"},
        {"rate-standard": "1.23456"},
        {"rate-standard": "1.000,5"},
        {"rate-standard": "١٩"},
        {"class_new": "books", "rate_new": ""},
        {"class_new": "", "rate_new": "5"},
        {"class_new": "standard", "rate_new": "5"},
        {"class_new": "Not a class", "rate_new": "5"},
        {"class_new": "a" * 61, "rate_new": "5"},
        {"version": "x"},
    ],
)
async def test_what_is_no_rate_is_refused_where_it_stands(desk: Browser, odd: dict[str, str]) -> None:
    before = (await desk.shop.app[Pricing].all_taxes(Nothing())).items
    form = await desk.form(f"{LIST}/FR", "/admin/settings/taxes/FR")
    page = await desk.post(f"{LIST}/FR", form | odd, 422)
    assert 'id="problems"' in page
    assert all(f'value="{typed}"' in page for typed in odd.values() if typed), "what was typed is kept"
    assert (await desk.shop.app[Pricing].all_taxes(Nothing())).items == before


async def test_of_two_who_change_a_country_the_second_chooses(desk: Browser) -> None:
    first = await desk.form(f"{LIST}/AT", "/admin/settings/taxes/AT")
    second = dict(first)
    await desk.post(f"{LIST}/AT", first | {"rate-standard": "21"})
    mine = second | {"rate-standard": "22", "class_new": "books", "rate_new": "5"}
    page = await desk.post(f"{LIST}/AT", mine, 409)
    assert "Somebody else was quicker" in page
    for name in ("rate-standard-yours", "rate-standard-theirs", "class_new-yours"):
        assert f'id="{name}"' in page
    assert await rates_of(desk, "AT") == {"standard": "0.21", "reduced": "0.1"}, "nothing was overwritten"
