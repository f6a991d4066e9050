"""Waiting for what is sold out, on pages and over the API: the form, the links from mails, and the mail in the end."""

from __future__ import annotations

import pytest

from rialto.kernel.db import DatabaseAddress
from tests.storefront.customers import Browser, People, customers_of
from tests.storefront.fixture_shop import FixtureShop
from tests.storefront.shopping import Shopper, product_with_options

ADA, BOB = "ada@example.org", "bob@example.org"
PAGE = "back-in-stock/for/bowl"


@pytest.mark.fast
def test_the_form_stands_where_a_variant_is_sold_out_and_is_seen_with_it(
    shop: FixtureShop, shopper: Shopper
) -> None:
    draft = product_with_options(shop)
    first, second = (variant.sku for variant in draft.variants[:2])
    for variant in draft.variants:
        shop.search.stock.left[variant.sku] = 9
    assert not shopper.page(f"p/{draft.slug}").all("form", class_="waiting")
    shop.search.stock.left[first] = 0
    form = shopper.page(f"p/{draft.slug}?sku={first}").one("form", class_="waiting")
    assert "hidden" not in form.attributes
    assert form.attributes["action"] == f"/en/back-in-stock/for/{draft.slug}"
    assert "hidden" in shopper.page(f"p/{draft.slug}?sku={second}").one("form", class_="waiting").attributes


@pytest.mark.fast
def test_a_variant_that_is_none_has_no_page(shop: FixtureShop, shopper: Shopper) -> None:
    slug = product_with_options(shop).slug
    assert shopper.get(f"back-in-stock/for/{slug}?sku=NONE").status_code == 404
    assert shopper.get(f"back-in-stock/for/{slug}").status_code == 404
    assert shopper.get("back-in-stock/told/nonsense").status_code == 404


async def sell_out(people: People, sku: str = "BOWL") -> None:
    await people.shop.put_stock(sku, 0, "rotterdam")
    await people.shop.settle()


async def ask(browser: Browser, email: str) -> str:
    """Where the form leads."""
    answer = await browser.post(PAGE, {"sku": "BOWL", "email": email})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def look(people: People) -> None:
    """Stock is heard of, whoever waits is looked for, and the mails are sent."""
    await people.shop.settle()
    while await people.shop.app.handlers["notifications"].mail_restocked():
        pass
    await people.shop.settle()


@pytest.mark.anyio
async def test_a_guest_asks_confirms_and_is_mailed_once(postgres: DatabaseAddress) -> None:
    async with customers_of(postgres) as people:
        await sell_out(people)
        bob = people.browser()
        assert await ask(bob, BOB) == "/en/back-in-stock/told/accepted"
        assert await ask(bob, BOB) == "/en/back-in-stock/told/accepted"
        await look(people)
        assert len(people.letters(BOB)) == 1
        link = people.link(BOB, "back-in-stock/confirm")
        page = await bob.page(link)
        token = page.one("input", name="token").attributes["value"]
        await people.shop.put_stock("BOWL", 3, "rotterdam")
        await look(people)
        assert len(people.letters(BOB)) == 1
        told = await bob.sent("back-in-stock/confirm", {"token": token})
        assert told.one("h1").text == "We will tell you"
        await look(people)
        assert len(people.letters(BOB)) == 2
        assert "/en/p/bowl?sku=BOWL" in people.letters(BOB)[1]
        again = await bob.sent("back-in-stock/confirm", {"token": token})
        assert again.one("h1").text == "This link is not valid any more"
        await people.shop.put_stock("BOWL", 8, "rotterdam")
        await look(people)
        assert len(people.letters(BOB)) == 2


@pytest.mark.anyio
async def test_a_customers_address_is_prefilled_and_needs_no_confirming(postgres: DatabaseAddress) -> None:
    async with customers_of(postgres) as people:
        ada = people.browser("de")
        await people.join(ada, ADA)
        await sell_out(people)
        before = len(people.letters(ADA))
        field = (await ada.page(f"{PAGE}?sku=BOWL")).one("input", name="email")
        assert field.attributes["value"] == ADA
        guests = (await people.browser().page(f"{PAGE}?sku=BOWL")).one("input", name="email")
        assert guests.attributes["value"] == ""
        assert await ask(ada, ADA) == "/de/back-in-stock/told/waiting"
        await look(people)
        assert len(people.letters(ADA)) == before
        await people.shop.put_stock("BOWL", 3, "rotterdam")
        await look(people)
        assert "Es ist wieder da." in people.letters(ADA)[before]


@pytest.mark.anyio
async def test_the_link_in_a_mail_ends_the_waiting_by_a_button(postgres: DatabaseAddress) -> None:
    async with customers_of(postgres) as people:
        await sell_out(people)
        bob = people.browser()
        await ask(bob, BOB)
        await people.shop.settle()
        page = await bob.page(people.link(BOB, "back-in-stock/end"))
        assert len(await people.shop.sql("SELECT 1 FROM notifications.waiting")) == 1
        token = page.one("input", name="token").attributes["value"]
        for _ in range(2):
            told = await bob.sent("back-in-stock/end", {"token": token})
            assert told.one("h1").text == "You wait for nothing any more"
        assert await people.shop.sql("SELECT 1 FROM notifications.waiting") == []
        refused = await bob.sent("back-in-stock/end", {"token": "made-up"})
        assert refused.one("h1").text == "This link is not valid any more"


@pytest.mark.anyio
async def test_what_cannot_be_waited_for_is_told_on_the_form(postgres: DatabaseAddress) -> None:
    async with customers_of(postgres) as people:
        bob = people.browser()
        page = await bob.refused(PAGE, {"sku": "BOWL", "email": BOB}, status=422)
        assert "It can be bought right now: you do not have to wait." in page.problems
        await sell_out(people)
        page = await bob.refused(PAGE, {"sku": "BOWL", "email": "bob"}, status=422)
        assert page.one("input", name="email").attributes["value"] == "bob"
        assert page.one("input", name="email").attributes["aria-invalid"] == "true"
        for number in range(8):
            await ask(bob, f"{number}@example.org")
        page = await bob.refused(PAGE, {"sku": "BOWL", "email": BOB}, status=422)
        assert "Please try again in 10 minutes." in page.problems


@pytest.mark.anyio
async def test_programs_wait_as_people_do(postgres: DatabaseAddress) -> None:
    async with customers_of(postgres) as people:
        web = people.shop.web
        wish = {"sku": "BOWL", "email": BOB, "language": "de"}
        refused = await web.post("/v1/back-in-stock", json=wish)
        assert (refused.status_code, refused.json()["code"]) == (409, "available_now")
        unknown = await web.post("/v1/back-in-stock", json=wish | {"sku": "NONE"})
        assert (unknown.status_code, unknown.json()["code"]) == (422, "sku_not_sold")
        await sell_out(people)
        for _ in range(2):
            answer = await web.post("/v1/back-in-stock", json=wish)
            assert (answer.status_code, answer.json()) == (202, {"status": "accepted"})
            assert answer.headers["cache-control"] == "no-store"
        await people.shop.settle()
        confirm = {"token": people.token(BOB, "back-in-stock/confirm")}
        assert (await web.post("/v1/back-in-stock/confirm", json=confirm)).status_code == 204
        end = {"token": people.token(BOB, "back-in-stock/end")}
        assert (await web.post("/v1/back-in-stock/confirm", json=end)).json()["code"] == "link_not_valid"
        assert (await web.post("/v1/back-in-stock/end", json=end)).status_code == 204
        for _ in range(7):
            answer = await web.post("/v1/back-in-stock", json=wish)
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
        assert int(answer.headers["retry-after"]) > 0
