"""Making an account, getting in and out, and what strangers learn by it: nothing."""

from __future__ import annotations

import json
import re

import pyotp
import pytest

from rialto.identity.api import Identity, PutStaff
from rialto.kernel.db import DatabaseAddress
from tests.identity.authenticator import Authenticator
from tests.storefront.customers import PASSWORD, Browser, People, customers_of
from tests.storefront.shopping import Page

pytestmark = pytest.mark.anyio

EMAIL = "ada@example.org"
OTHER_PASSWORD = "another-boat-on-the-water-8"


async def test_from_registering_to_signing_out(postgres: DatabaseAddress) -> None:
    async with customers_of(postgres) as people:
        ada = people.browser()
        told = await people.register(ada, EMAIL)
        again = await people.register(people.browser(), EMAIL)
        assert told.one("main").text == again.one("main").text
        assert len(people.letters(EMAIL)) == 2
        empty = await ada.refused("account/register", status=422)
        assert len(empty.all("span", class_="field__error")) == 3
        await opening_a_link_uses_nothing_up(people, ada)
        await only_own_addresses_are_gone_back_to(people)
        await passwords_are_refused_and_throttled_kindly(people)
        # All of them come from one address, oftener than one may in the seconds that this takes.
        people.shop.clock.advance(60)
        await whoever_must_sign_in_is_led_there_and_back(people)
        await leaving_forgets_everything(people, ada)
        people.shop.clock.advance(60)
        await a_forgotten_password_is_set_by_a_mailed_link(people)
        await staff_are_shown_their_own_door(people)


async def opening_a_link_uses_nothing_up(people: People, ada: Browser) -> None:
    link = people.link(EMAIL)
    for _ in range(2):
        page = await ada.page(link)
    token = page.one("input", name="token").attributes["value"]
    assert "confirmed" in (await ada.sent("account/verify", {"token": token})).one("h1").text
    assert "not good" in (await ada.sent("account/verify", {"token": token})).one("h1").text
    assert (await ada.get("account/told/nonsense")).status_code == 404


async def only_own_addresses_are_gone_back_to(people: People) -> None:
    for asked, led in {
        "/en/cart": "/en/cart",
        "//evil.example/en/": "/en/account",
        "https://evil.example/en/": "/en/account",
        "/en/\\evil.example": "/en/account",
        "/en/\n": "/en/account",
        "/de/cart": "/de/cart",
        "/fr/cart": "/en/account",
        "": "/en/account",
    }.items():
        answer = await people.browser().sign_in(EMAIL, next=asked)
        assert (answer.status_code, answer.headers["location"]) == (303, led), asked


async def passwords_are_refused_and_throttled_kindly(people: People) -> None:
    stranger = people.browser()
    for email in (EMAIL, "nobody@example.org"):
        page = await stranger.refused("account/sign-in", {"email": email, "password": "no"}, status=401)
        assert page.problems.endswith("or have a new password mailed to you.")
        assert page.one("input", name="email").attributes["value"] == email
    statuses = [(await stranger.sign_in("nobody@example.org", "no")).status_code for _ in range(10)]
    assert statuses[-1] == 429
    page = await stranger.refused(
        "account/sign-in", {"email": "nobody@example.org", "password": "no"}, status=429
    )
    assert re.search(r"try again in (a|\d+) minutes?", page.problems)
    assert (await stranger.post("account/sign-in", {"email": "x\x00y"})).status_code < 500
    assert (await stranger.post("account/sign-in/passkey", {"credential": "{"})).status_code in {401, 429}
    assert (await stranger.post("account/sign-in/code", {"mfa_token": "x", "code": "1"})).status_code == 401


async def whoever_must_sign_in_is_led_there_and_back(people: People) -> None:
    guest = people.browser()
    answer = await guest.get("account/orders?cursor=x")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/en/account/sign-in?next=%2Fen%2Faccount%2Forders%3Fcursor%3Dx"
    page = await guest.page(answer.headers["location"])
    assert page.one("form", action="/en/account/sign-in")
    carried = page.all("input", name="next")[0].attributes["value"]
    signed = await guest.sign_in(EMAIL, next=carried)
    assert signed.headers["location"] == "/en/account/orders?cursor=x"
    again = await guest.get("account/sign-in?next=/en/cart")
    assert (again.status_code, again.headers["location"]) == (303, "/en/cart")
    stranger = people.browser()
    product = f"{people.shop.app.settings.public_url}/en/p/lamp"
    wish = await stranger.post("account/wishlist", {"sku": "LAMP"}, referer=product)
    assert wish.headers["location"] == "/en/account/sign-in?next=%2Fen%2Fp%2Flamp"
    foreign = await stranger.post("account/wishlist", {"sku": "LAMP"}, referer="https://evil.example/en/x")
    assert foreign.headers["location"] == "/en/account/sign-in?next=%2Fen%2Faccount"
    bad = await stranger.client.get("/en/account/sign-in", headers={"authorization": "Bearer x"})
    assert bad.status_code == 200


async def leaving_forgets_everything(people: People, ada: Browser) -> None:
    signed = await ada.sign_in(EMAIL)
    cookies = {line.partition("=")[0]: line for line in signed.headers.get_list("set-cookie")}
    assert {"access", "refresh", "member", "cart"} <= cookies.keys()
    assert all("HttpOnly" in cookies[name] for name in ("access", "refresh", "member", "cart"))
    old = ada.client.cookies["refresh"]
    assert "signed out" in (await ada.sent("account/sign-out")).one("h1").text
    assert not {"access", "refresh", "member", "cart"} & set(ada.client.cookies)
    thief = people.browser()
    thief.client.cookies.set("refresh", old, domain="127.0.0.1")
    assert (await thief.get("account")).status_code == 303


async def a_forgotten_password_is_set_by_a_mailed_link(people: People) -> None:
    browser = people.browser()
    known = await browser.sent("account/forgot", {"email": EMAIL})
    unknown = await browser.sent("account/forgot", {"email": "nobody@example.org"})
    assert known.one("main").text == unknown.one("main").text
    await people.shop.settle()
    token = people.token(EMAIL, "account/reset")
    short = await browser.refused("account/reset", {"token": token, "password": "short"}, status=422)
    assert short.problems.endswith("at least twelve characters.")
    assert short.one("input", name="token").attributes["value"] == token
    assert (
        "counts"
        in (await browser.sent("account/reset", {"token": token, "password": OTHER_PASSWORD})).one("h1").text
    )
    assert (
        "not good"
        in (await browser.sent("account/reset", {"token": token, "password": PASSWORD})).one("h1").text
    )
    assert (await browser.sign_in(EMAIL, OTHER_PASSWORD)).status_code == 303


async def staff_are_shown_their_own_door(people: People) -> None:
    staff = PutStaff(email="anna@rialto.test", name="Anna", password=PASSWORD, roles=["owner"])
    await people.shop.app[Identity].put_staff(staff)
    browser = people.browser()
    page = await browser.refused("account/sign-in", {"email": staff.email, "password": PASSWORD}, status=403)
    assert "back office" in page.problems
    assert "access" not in browser.client.cookies


async def test_a_second_step_and_a_passkey_open_the_account(postgres: DatabaseAddress) -> None:
    async with customers_of(postgres) as people:
        ada = people.browser()
        await people.join(ada, EMAIL)
        codes = await switch_on(people, ada)
        other = people.browser()
        page = await other.refused("account/sign-in", {"email": EMAIL, "password": PASSWORD}, status=200)
        token = page.one("input", name="mfa_token").attributes["value"]
        assert "access" not in other.client.cookies
        wrong = await other.refused(
            "account/sign-in/code", {"mfa_token": token, "code": "000000"}, status=401
        )
        assert wrong.one("input", name="mfa_token").attributes["value"] == token
        done = await other.post(
            "account/sign-in/code", {"mfa_token": token, "code": codes[0], "next": "/en/cart"}
        )
        assert (done.status_code, done.headers["location"]) == (303, "/en/cart")
        device = await add_a_passkey(ada)
        await sign_in_with(device, people)
        await sessions_are_ended_from_here(people, ada, other)
        off = await ada.refused("account/security/totp/disable", status=200)
        assert off.one("h1").text == "Your password, please"
        wrong_password = await ada.refused("account/security/totp/disable", {"password": "no"}, status=403)
        assert "not your password" in wrong_password.problems
        await ada.sent("account/security/totp/disable", {"password": PASSWORD})
        assert (await people.browser().sign_in(EMAIL)).status_code == 303


async def switch_on(people: People, ada: Browser) -> list[str]:
    """Sets up the second step; its recovery codes."""
    setup = await ada.refused("account/security/totp", status=200)
    assert setup.all("svg")
    secret = setup.one("p", class_="totp__secret").text
    wrong = await ada.refused("account/security/totp/confirm", {"code": "12"}, status=403)
    assert not wrong.all("p", class_="totp__secret")
    code = pyotp.TOTP(secret).at(people.shop.clock.now())
    shown = await ada.refused("account/security/totp/confirm", {"code": code}, status=200)
    codes = [item.text for item in shown.all("li") if re.fullmatch(r"\w{4}(-\w{4})+", item.text)]
    assert len(codes) == 10
    assert secret not in (await ada.get("account/security")).text
    return codes


async def add_a_passkey(ada: Browser) -> Authenticator:
    page = await ada.refused("account/security/passkeys/new", {"name": "My phone"}, status=200)
    [options] = [script.text for script in page.all("script", type="application/json")]
    device = Authenticator()
    credential = json.dumps(device.create(json.loads(options)))
    added = await ada.sent("account/security/passkeys", {"name": "My phone", "credential": credential})
    assert added.one("p", class_="confirmation")
    [field] = [one for one in added.all("input", name="name") if one.attributes["value"] == "My phone"]
    passkey = field.attributes["id"]
    renamed = await ada.sent(f"account/security/passkeys/{passkey}", {"name": "Old phone"})
    assert renamed.one("input", id=passkey).attributes["value"] == "Old phone"
    unnamed = await ada.refused(f"account/security/passkeys/{passkey}", {"name": ""}, status=422)
    assert unnamed.problems
    return device


async def sign_in_with(device: Authenticator, people: People) -> None:
    browser = people.browser()
    options = (await browser.post("account/sign-in/passkey/options")).json()
    credential = json.dumps(device.get(options))
    answer = await browser.post("account/sign-in/passkey", {"credential": credential, "next": "/en/cart"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/cart")
    refused = await people.browser().post("account/sign-in/passkey", {"credential": credential})
    assert (refused.status_code, Page(refused.text).problems != "") == (401, True)


async def sessions_are_ended_from_here(people: People, ada: Browser, other: Browser) -> None:
    page = await ada.page("account/security")
    named = [one.attributes["value"] for one in page.all("input", name="session")]
    assert len(named) == 2
    assert page.one("main").text.count("Firefox, Linux") >= 3
    for session in (named[0], named[0], "ses_nonsense"):
        await ada.sent("account/security/sessions", {"session": session})
    left = await ada.sent("account/security/sessions")
    assert not left.all("input", name="session")
    people.shop.clock.advance(700)  # access tokens that were out have ended
    assert (await other.get("account")).status_code == 303
    assert (await ada.get("account")).status_code == 200
