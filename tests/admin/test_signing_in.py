from __future__ import annotations

from urllib.parse import urlsplit

import pyotp
import pytest

from rialto.admin.desk import local_path
from tests.admin.conftest import CUSTOMER
from tests.admin.working import Browser, email_of, form_of, now_of
from tests.api.people import PASSWORD, hire
from tests.api.serving import Served
from tests.storefront.shopping import Page


def test_a_page_sends_strangers_to_sign_in_and_back_again(browser: Browser) -> None:
    refused = browser.get("/admin/orders?stage=to_ship")
    assert refused.status_code == 303
    place = refused.headers["location"]
    assert urlsplit(place).path == "/admin/sign-in"
    door = browser.page(place)
    sent = form_of(door, "/admin/sign-in")
    assert sent["next"] == "/admin/orders?stage=to_ship"
    answer = browser.post("/admin/sign-in", sent | {"email": email_of("owner"), "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/orders?stage=to_ship")
    assert browser.get("/admin/orders").status_code == 200
    again = browser.get("/admin/sign-in?next=/admin/me")
    assert (again.status_code, again.headers["location"]) == (303, "/admin/me")


@pytest.mark.fast
@pytest.mark.parametrize(
    "text",
    [
        "https://evil.test/admin",
        "//evil.test/admin",
        "/\\evil.test/admin",
        "/en/cart",
        "/administration",
        "/admin/../en/cart",
        "/admin/sign-in?next=/admin/sign-in",
        "/admin/sign-out",
        "/admin\r\nSet-Cookie: x=1",
        "/admin/" + "x" * 2000,
        "",
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(text: str) -> None:
    assert local_path(text) == "/admin"


def test_a_customer_is_refused_as_a_stranger_is_and_has_no_session(browser: Browser) -> None:
    answers = [browser.sign_in(email) for email in (CUSTOMER, "nobody@example.org")]
    pages = [Page(answer.text) for answer in answers]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert pages[0].problems == pages[1].problems != ""
    assert not browser.client.cookies


def test_cookies_are_staffs_own_and_out_of_scripts_reach(browser: Browser) -> None:
    answer = browser.sign_in(email_of("viewer"))
    cookies = answer.headers.get_list("set-cookie")
    assert [cookie.partition("=")[0] for cookie in cookies] == ["staff_access", "staff_refresh"]
    assert all("HttpOnly" in cookie and "Path=/admin" in cookie for cookie in cookies)
    assert answer.headers["cache-control"] == "no-store"


def test_signing_out_ends_the_session(owner: Browser) -> None:
    token = owner.client.cookies["staff_refresh"]
    answer = owner.post("/admin/sign-out", {})
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/sign-in")
    assert owner.get("/admin").status_code == 303
    owner.client.cookies.set("staff_refresh", token, path="/admin")
    assert owner.get("/admin").status_code == 303


def test_posts_from_another_site_are_refused(owner: Browser) -> None:
    answer = owner.post("/admin/sign-out", {}, **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert owner.get("/admin").status_code == 200


def test_a_second_factor_is_set_up_asked_for_and_switched_off(served: Served, browser: Browser) -> None:
    email = "tess@staff.test"
    served.run(lambda shop: hire(shop, email, "fulfilment"))
    browser.sign_in(email)
    assert "second factor" in browser.page("/admin").one("p", class_="notice").text
    codes, totp = _set_up(served, browser)
    assert len(codes) == 10
    assert not browser.page("/admin").all("p", class_="notice")

    with Browser(served) as other:
        step = Page(other.sign_in(email).text)
        sent = form_of(step, "/admin/sign-in/code")
        assert not other.client.cookies
        wrong = other.post("/admin/sign-in/code", sent | {"code": "000000"})
        assert (wrong.status_code, Page(wrong.text).all("input", id="code") != []) == (403, True)
        served.shop.clock.advance(60)
        code = totp.at(now_of(served))
        right = other.post("/admin/sign-in/code", sent | {"code": code})
        assert (right.status_code, right.headers["location"]) == (303, "/admin")
        assert other.get("/admin").status_code == 200
        used = other.post("/admin/sign-in/code", sent | {"code": codes[0]})
        assert used.status_code == 403
        recovered = form_of(Page(other.sign_in(email).text), "/admin/sign-in/code") | {"code": codes[0]}
        assert other.post("/admin/sign-in/code", recovered).status_code == 303
        wrong = other.post("/admin/me/second-factor/off", {"password": "not this one"})
        assert (wrong.status_code, "not your password" in Page(wrong.text).problems) == (403, True)
        off = other.post("/admin/me/second-factor/off", {"password": PASSWORD})
        assert off.headers["location"] == "/admin/me?done=second_factor_off"
        assert "is off" in other.page("/admin/me?done=second_factor_off").one("p", role="status").text


def _set_up(served: Served, browser: Browser) -> tuple[list[str], pyotp.TOTP]:
    setup = browser.post("/admin/me/second-factor", {"password": PASSWORD})
    assert setup.status_code == 200
    secret = Page(setup.text).one("code").text
    totp = pyotp.TOTP(secret)
    refused = browser.post("/admin/me/second-factor/confirm", {"code": "000000"})
    assert refused.status_code == 403
    answer = browser.post("/admin/me/second-factor/confirm", {"code": totp.at(now_of(served))})
    assert answer.status_code == 200
    return [code.text for code in Page(answer.text).all("code")], totp


def test_a_password_is_changed_when_the_old_one_is_known(served: Served, browser: Browser) -> None:
    email, new = "paul@staff.test", "a much better sentence"
    served.run(lambda shop: hire(shop, email, "viewer"))
    browser.sign_in(email)
    both = {"new_password": new, "new_password_again": new}
    for sent, field in (
        (both | {"old_password": "wrong wrong wrong"}, "old_password"),
        ({"new_password": "short", "new_password_again": "short", "old_password": PASSWORD}, "new_password"),
        (both | {"old_password": PASSWORD, "new_password_again": "another one"}, "new_password_again"),
    ):
        answer = browser.post("/admin/me/password", sent)
        assert answer.status_code in {403, 422}, field
        assert Page(answer.text).one("input", id=field).attributes["aria-invalid"] == "true"
    changed = browser.post("/admin/me/password", both | {"old_password": PASSWORD})
    assert changed.headers["location"] == "/admin/me?done=password"
    with Browser(served) as other:
        assert other.sign_in(email).status_code == 403
        assert other.sign_in(email, new).status_code == 303


def test_the_language_follows_the_browser_until_one_is_chosen(served: Served) -> None:
    with Browser(served, "de-AT,de;q=0.9") as browser:
        assert browser.page("/admin/sign-in").one("html").attributes["lang"] == "de"
        answer = browser.post("/admin/language", {"language": "en", "back": "/admin/sign-in"})
        assert answer.headers["location"] == "/admin/sign-in"
        assert browser.page("/admin/sign-in").one("html").attributes["lang"] == "en"
        browser.post("/admin/language", {"language": "xx", "back": "//evil.test"})
        assert browser.page("/admin/sign-in").one("html").attributes["lang"] == "en"
