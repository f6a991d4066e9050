"""A customer's own pages: profile, addresses, wishlist, data; each in both languages with all that holds for pages."""

from __future__ import annotations

import io
import zipfile
from urllib.parse import quote

import pytest

from rialto.kernel.db import DatabaseAddress
from tests.storefront.customers import NAME, PASSWORD, Browser, People, customers_of
from tests.storefront.shopping import Page
from tests.storefront.test_account_shopping import SAVED

pytestmark = pytest.mark.anyio

EMAIL = "ada@example.org"
FORMS = (
    "account/sign-in",
    "account/sign-in/code",
    "account/sign-in/passkey",
    "account/register",
    "account/verify",
    "account/take-back",
    "account/forgot",
    "account/reset",
    "account/profile",
    "account/profile/email",
    "account/profile/password",
    "account/profile/consents",
    "account/security/sessions",
    "account/security/totp",
    "account/security/totp/confirm",
    "account/security/totp/disable",
    "account/security/recovery-codes",
    "account/security/passkeys/new",
    "account/security/passkeys",
    "account/security/passkeys/x",
    "account/addresses/new",
    "account/addresses/x",
    "account/addresses/%00/remove",
    "account/addresses/%00/default",
    "account/wishlist",
    "account/wishlist/remove",
    "account/wishlist/move",
    "account/data/export",
    "account/data/erase",
    "orders/%00/reorder",
    "checkout/address",
)
PLACES = (
    "account",
    "account/orders",
    "account/wishlist",
    "account/reviews",
    "account/addresses",
    "account/addresses/new",
    "account/profile",
    "account/security",
    "account/data",
)


async def test_what_a_customer_keeps_here(postgres: DatabaseAddress) -> None:
    async with customers_of(postgres) as people:
        ada = people.browser()
        await people.register(ada, EMAIL)
        await ada.sign_in(EMAIL)
        await an_unproven_email_is_told_and_the_link_sent_again(people, ada)
        await every_place_holds_what_pages_hold(people)
        await the_profile_is_changed(people, ada)
        await addresses_are_kept(ada)
        await products_are_remembered(ada)
        await no_form_fails_over_what_is_sent(people, ada)
        await data_is_handed_out_and_erased(people, ada)


async def no_form_fails_over_what_is_sent(people: People, ada: Browser) -> None:
    fields = (
        "name email password old_password new_password token code mfa_token credential word sku item key next"
    )
    fields += " typed session language newsletter remove saved shipping-name shipping-country"
    odd = ["\x00", "\x1b[31m", "x" * 30_000, "%ED%A0%80", "{}", '{"values": {}}']
    for browser in (people.browser(), ada):
        for path in FORMS:
            for value in odd:
                body = "&".join(f"{name}={quote(value, safe='%')}" for name in fields.split())
                answer = await browser.client.post(
                    f"/en/{path}",
                    content=body,
                    headers={"content-type": "application/x-www-form-urlencoded"},
                )
                assert answer.status_code < 500, (path, value[:20])


async def an_unproven_email_is_told_and_the_link_sent_again(people: People, ada: Browser) -> None:
    assert EMAIL in (await ada.page("account")).one("div", class_="notice").text
    refused = await ada.refused("account/security/totp", status=403)
    assert "confirm your e-mail first" in refused.problems
    before = len(people.letters(EMAIL))
    await ada.sent("account/profile/verification")
    await people.shop.settle()
    assert len(people.letters(EMAIL)) == before + 1
    await ada.sent("account/verify", {"token": people.token(EMAIL)})
    assert not (await ada.page("account")).all("div", class_="notice")


async def every_place_holds_what_pages_hold(people: People) -> None:
    for language in ("en", "de"):
        browser = people.browser(language)
        await browser.sign_in(EMAIL)
        for path in PLACES:
            answer = await browser.get(path)
            page = Page(answer.text)
            assert (answer.status_code, len(page.all("h1"))) == (200, 1), path
            assert answer.headers["cache-control"] == "no-store", path
            assert page.one("html").attributes["lang"] == language
            assert page.one("meta", name="robots").attributes["content"] == "noindex"
            labelled = {label.attributes.get("for") for label in page.all("label")}
            fields = [
                one
                for one in page.all("input") + page.all("select")
                if one.attributes.get("type") != "hidden"
            ]
            assert {one.attributes["id"] for one in fields} <= labelled, path
            ids = [one.attributes["id"] for one in page.elements if "id" in one.attributes]
            assert len(ids) == len(set(ids)), path
            assert not [one for one in page.elements if "style" in one.attributes], path


async def the_profile_is_changed(people: People, ada: Browser) -> None:
    changed = await ada.sent("account/profile", {"name": "Ada King", "language": "de"})
    assert changed.one("input", id="name").attributes["value"] == "Ada King"
    assert [one.attributes["value"] for one in changed.all("option") if "selected" in one.attributes][
        :1
    ] != []
    refused = await ada.refused("account/profile", {"name": "\x00"}, status=422)
    assert refused.problems
    assert refused.one("span", id="name-error")
    agreed = await ada.sent("account/profile/consents", {"newsletter": "1"})
    assert "checked" in agreed.one("input", id="newsletter").attributes
    assert (
        "checked" not in (await ada.sent("account/profile/consents")).one("input", id="newsletter").attributes
    )
    wrong = await ada.refused(
        "account/profile/email", {"email": "new@example.org", "password": "no"}, status=403
    )
    assert wrong.one("input", id="email").attributes["value"] == "new@example.org"
    pending = await ada.sent("account/profile/email", {"email": "new@example.org", "password": PASSWORD})
    assert "new@example.org takes its place" in pending.one("main").text
    short = {"old_password": PASSWORD, "new_password": "short"}
    assert (await ada.refused("account/profile/password", short, status=422)).one(
        "span", id="new_password-error"
    )
    other = people.browser()
    await other.sign_in(EMAIL)
    await ada.sent("account/profile/password", {"old_password": PASSWORD, "new_password": PASSWORD + "x"})
    await ada.sent("account/profile/password", {"old_password": PASSWORD + "x", "new_password": PASSWORD})
    await people.shop.settle()
    token = people.token(EMAIL, "account/take-back")
    assert "input" in {
        one.tag for one in (await other.page(people.link(EMAIL, "account/take-back"))).elements
    }
    assert token


async def addresses_are_kept(ada: Browser) -> None:
    empty = await ada.refused("account/addresses/new", {"shipping-country": "DE", "key": "k"}, status=422)
    assert "postal code" in empty.problems
    book = await ada.sent("account/addresses/new", SAVED | {"key": "one"})
    book = await ada.sent("account/addresses/new", SAVED | {"key": "one"})  # pressed twice
    first = ids_of(book)
    assert len(first) == 1
    book = await ada.sent("account/addresses/new", SAVED | {"shipping-line1": "Gasse 2", "key": "two"})
    [second] = set(ids_of(book)) - set(first)
    book = await ada.sent(f"account/addresses/{second}/default")
    assert book.one("main").text.count("Used first") == 1
    form = await ada.page(f"account/addresses/{second}")
    assert form.one("input", id="shipping-line1").attributes["value"] == "Gasse 2"
    changed = await ada.sent(f"account/addresses/{second}", SAVED | {"shipping-line1": "Gasse 3"})
    assert "Gasse 3" in changed.one("main").text
    left = await ada.sent(f"account/addresses/{first[0]}/remove")
    assert ids_of(left) == [second]
    for path in ("account/addresses/adr_nonsense", f"account/addresses/{first[0]}"):
        assert (await ada.get(path)).status_code == 404
        assert (await ada.post(path, SAVED)).status_code == 404


def ids_of(book: Page) -> list[str]:
    prefix = "/en/account/addresses/"
    links = [link.attributes["href"] for link in book.all("a", class_="link")]
    return [href.removeprefix(prefix) for href in links if href.startswith(prefix)]


async def products_are_remembered(ada: Browser) -> None:
    listed = await ada.sent("account/wishlist", {"sku": "LAMP"})
    assert "Lamp" in listed.one("main").text
    await ada.sent("account/wishlist", {"sku": "VASE"})
    for sku in ("NOTHING", "\x00", ""):
        assert (await ada.refused("account/wishlist", {"sku": sku}, status=422)).problems
    cart = await ada.sent("account/wishlist/move", {"item": "LAMP", "sku": "LAMP"})
    assert "Lamp" in cart.one("p", class_="confirmation").text
    left = await ada.page("account/wishlist")
    assert [one.attributes["value"] for one in left.all("input", name="sku")] == ["VASE"]
    again = await ada.post("account/wishlist/move", {"item": "LAMP", "sku": "LAMP"})
    assert again.headers["location"] == "/en/account/wishlist"
    gone = await ada.sent("account/wishlist/remove", {"item": "VASE"})
    assert "Nothing is remembered yet" in gone.one("main").text


async def data_is_handed_out_and_erased(people: People, ada: Browser) -> None:
    people.shop.clock.advance(1200)  # the session is not fresh any more
    asked = await ada.refused("account/data/export", status=200)
    assert asked.one("h1").text == "Your password, please"
    answer = await ada.post("account/data/export", {"password": PASSWORD})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert "attachment" in answer.headers["content-disposition"]
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert EMAIL.encode() in b"".join(archive.read(name) for name in archive.namelist())
    wrong = await ada.refused("account/data/erase", {"word": "yes"}, status=422)
    assert "type the word" in wrong.problems
    proof = await ada.refused("account/data/erase", {"word": "Erase"}, status=200)
    assert proof.one("input", name="word").attributes["value"] == "Erase"
    gone = await ada.sent("account/data/erase", {"word": "Erase", "password": PASSWORD})
    assert gone.one("h1").text == "Your account is erased"
    assert not {"access", "refresh", "member", "cart"} & set(ada.client.cookies)
    assert (await ada.sign_in(EMAIL)).status_code == 401
    assert NAME not in (await ada.page("")).one("main").text
