"""Staff's passkeys at the desk: added, named and removed at one's own account, and used at the door."""

from __future__ import annotations

import json

import httpx
import pytest

from rialto.identity.api import Identity, ListStaffActions, StaffAction
from tests.admin.conftest import CUSTOMER
from tests.admin.working import Browser, email_of, form_of
from tests.api.people import PASSWORD, hire, sign_in
from tests.api.serving import Served
from tests.identity.authenticator import Authenticator
from tests.storefront.shopping import Page
from tests.support.shop import Shop


def newcomer(served: Served, browser: Browser, name: str) -> str:
    """Hired and at the desk."""
    email = f"{name}@staff.test"
    served.run(lambda shop: hire(shop, email, "viewer"))
    assert browser.sign_in(email).status_code == 303
    return email


def asked(browser: Browser, **sent: str) -> dict[str, object]:
    answer = browser.post("/admin/me/passkeys/new", {"name": "My phone", **sent})
    assert answer.status_code == 200, answer.text
    [options] = [script.text for script in Page(answer.text).all("script", type="application/json")]
    found: dict[str, object] = json.loads(options)
    return found


def add(browser: Browser, name: str = "My phone") -> Authenticator:
    device = Authenticator(origin=browser.served.shop.app.settings.public_url)
    credential = json.dumps(device.create(asked(browser)))
    added = browser.post("/admin/me/passkeys", {"name": name, "credential": credential})
    assert added.headers["location"] == "/admin/me?done=passkey"
    return device


def present(browser: Browser, device: Authenticator, **sent: str) -> httpx.Response:
    options = browser.post("/admin/sign-in/passkey/options", {}).json()
    return browser.post("/admin/sign-in/passkey", {"credential": json.dumps(device.get(options)), **sent})


def logged(served: Served, operation: str) -> list[StaffAction]:
    async def read(shop: Shop) -> list[StaffAction]:
        return (await shop.app[Identity].list_staff_actions(ListStaffActions(operation=operation))).items

    return served.run(read)


def test_a_passkey_is_added_named_used_and_removed(served: Served, browser: Browser) -> None:
    email = newcomer(served, browser, "pia")
    assert browser.page("/admin").all("p", class_="notice")
    device = add(browser)
    assert not browser.page("/admin").all("p", class_="notice")  # more than a password keeps it now
    page = browser.page("/admin/me?done=passkey")
    [field] = [one for one in page.all("input", name="name") if one.attributes["value"] == "My phone"]
    place = f"/admin/me/passkeys/{field.attributes['id']}"
    renamed = browser.post(place, {"name": "Old phone"})
    assert renamed.headers["location"] == "/admin/me?done=passkey_renamed"
    unnamed = browser.post(place, {"name": ""})
    assert unnamed.status_code == 422
    told = Page(unnamed.text).one("input", id=field.attributes["id"]).attributes
    assert (told["aria-invalid"], told["value"]) == ("true", "Old phone")

    with Browser(served) as other:
        step = other.sign_in(email)
        assert (step.status_code, "Now your passkey" in step.text) == (200, True)
        assert not other.client.cookies
        answer = present(other, device, next="/admin/me")
        assert (answer.status_code, answer.headers["location"]) == (303, "/admin/me")
        assert "Last used" in other.page("/admin/me").one("ul", class_="passkeys").text
        assert logged(served, "sign_in")[0].path == "/admin/sign-in/passkey"

    for _ in range(2):
        removed = browser.post(place, {"remove": "1"})
        assert removed.headers["location"] == "/admin/me?done=passkey_removed"
    assert browser.post(place, {"name": "New"}).headers["location"] == "/admin/me"
    assert browser.post("/admin/me/passkeys/nonsense", {"name": "New"}).status_code == 404
    with Browser(served) as other:
        assert present(other, device).status_code in {401, 403}
        assert other.sign_in(email).status_code == 303
    for operation in ("begin_passkey", "add_passkey", "change_passkey"):
        assert any(one.path.startswith("/admin/me/passkeys") for one in logged(served, operation)), operation


def test_adding_needs_the_password_or_a_fresh_session(served: Served, browser: Browser) -> None:
    newcomer(served, browser, "quinn")
    wrong = browser.post("/admin/me/passkeys/new", {"name": "x", "password": "not this one"})
    assert wrong.status_code == 403
    assert Page(wrong.text).one("input", id="passkey_password").attributes["aria-invalid"] == "true"
    served.shop.clock.advance(601)
    stale = browser.post("/admin/me/passkeys/new", {"name": "x"})
    assert (stale.status_code, "enter your password" in Page(stale.text).problems) == (403, True)
    assert asked(browser, password=PASSWORD)["challenge"]


@pytest.mark.parametrize("credential", ["", "{", "{}", '{"id": 7}', "null"])
def test_what_is_no_answer_is_told_in_a_sentence(served: Served, browser: Browser, credential: str) -> None:
    door = browser.post("/admin/sign-in/passkey", {"credential": credential})
    assert (door.status_code, "not accepted" in Page(door.text).problems) == (403, True)
    browser.sign_in(email_of("viewer"))
    added = browser.post("/admin/me/passkeys", {"name": "x", "credential": credential})
    assert (added.status_code, "not accepted" in Page(added.text).problems) == (403, True)


def test_a_customers_passkey_opens_the_shop_and_not_the_desk(served: Served, browser: Browser) -> None:
    device = Authenticator(origin=served.shop.app.settings.public_url)
    token = served.run(lambda shop: sign_in(shop, CUSTOMER)).access_token
    own = {"Authorization": f"Bearer {token}"}
    options = browser.client.post("/v1/auth/passkeys/register/options", json={}, headers=own).json()
    body = {"credential": device.create(options["public_key"]), "name": "x"}
    assert browser.client.post("/v1/auth/passkeys/register/verify", json=body, headers=own).status_code == 200
    refused = present(browser, device)
    assert (refused.status_code, "customer's account" in Page(refused.text).problems) == (403, True)
    assert not browser.client.cookies


def test_staffs_passkey_does_not_open_the_shop(served: Served, browser: Browser) -> None:
    newcomer(served, browser, "rita")
    device = add(browser)
    with Browser(served) as other:
        options = other.post("/en/account/sign-in/passkey/options", {}).json()
        answer = other.post("/en/account/sign-in/passkey", {"credential": json.dumps(device.get(options))})
        assert (answer.status_code, "account of staff" in Page(answer.text).problems) == (401, True)
        assert "access" not in other.client.cookies


def test_the_api_writes_what_staff_do_to_their_passkeys_into_the_log(
    served: Served, browser: Browser
) -> None:
    served.run(lambda shop: hire(shop, "sam@staff.test", "viewer"))
    token = served.run(lambda shop: sign_in(shop, "sam@staff.test")).access_token
    own = {"Authorization": f"Bearer {token}"}
    device, path = Authenticator(origin=served.shop.app.settings.public_url), "/v1/auth/passkeys"
    options = browser.client.post(f"{path}/register/options", json={}, headers=own).json()
    body = {"credential": device.create(options["public_key"]), "name": "desk"}
    added = browser.client.post(f"{path}/register/verify", json=body, headers=own).json()
    one = f"{path}/{added['id']}"
    browser.client.patch(one, json={"name": "old desk"}, headers=own)
    browser.client.delete(one, headers=own)
    for operation, object_id in (
        ("begin_passkey", ""),
        ("add_passkey", ""),
        ("rename_passkey", added["id"]),
        ("remove_passkey", added["id"]),
    ):
        assert any(
            (one.path.startswith(path), one.object_id) == (True, object_id)
            for one in logged(served, operation)
        ), operation


def test_the_door_shows_the_way_by_passkey(browser: Browser) -> None:
    page = browser.page("/admin/sign-in?next=/admin/orders")
    assert form_of(page, "/admin/sign-in/passkey") == {"next": "/admin/orders", "credential": ""}
