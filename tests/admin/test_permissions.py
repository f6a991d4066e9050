"""Who may see and do what, from what the routes declare: each role at each address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from litestar.handlers import HTTPRouteHandler

from rialto.admin.routes import ROUTES
from rialto.kernel.roles import BUILT_IN, grants
from tests.admin.conftest import CUSTOMER
from tests.admin.working import Browser, email_of
from tests.api.people import sign_in
from tests.api.serving import Served

OPEN = {
    ("GET", "/admin/sign-in"),
    ("POST", "/admin/sign-in"),
    ("POST", "/admin/sign-in/code"),
    ("POST", "/admin/sign-in/passkey"),
    ("POST", "/admin/sign-in/passkey/options"),
    ("POST", "/admin/sign-out"),
    ("POST", "/admin/language"),
    ("GET", "/assets/admin/{name:str}"),
}
ANYBODY = "any member of staff"
PEOPLE = ("guest", "customer", *sorted(BUILT_IN))


def addresses() -> Iterator[tuple[str, str, str | None]]:
    """Method, address and permission of every route of the back office."""
    for router in ROUTES:
        for handler in [one for route in router.routes for one in getattr(route, "route_handlers", ())]:
            if not isinstance(handler, HTTPRouteHandler) or "OPTIONS" in handler.http_methods:
                continue
            found = [guard.permission for guard in handler.guards or () if hasattr(guard, "permission")]
            for method in handler.http_methods:
                yield str(method), min(handler.paths), found[0] if found else None


ADDRESSES = sorted(addresses(), key=str)


@pytest.fixture(scope="module")
def people(served: Served) -> Iterator[Mapping[str, Browser]]:
    browsers = {who: Browser(served) for who in PEOPLE}
    for role in BUILT_IN:
        assert browsers[role].sign_in(email_of(role)).status_code == 303
    # A customer's tokens in the place of staff's: whatever brought them there, they open nothing.
    tokens = served.run(lambda shop: sign_in(shop, CUSTOMER))
    browsers["customer"].client.cookies.set("staff_access", tokens.access_token, path="/admin")
    yield browsers
    for browser in browsers.values():
        browser.client.close()


@pytest.mark.fast
def test_every_address_has_a_permission_but_the_door() -> None:
    assert {(method, path) for method, path, permission in ADDRESSES if permission is None} == OPEN
    assert all(path.startswith("/admin") for _, path, _ in ADDRESSES if not path.startswith("/assets"))


@pytest.mark.fast
def test_nothing_is_changed_with_a_permission_to_read() -> None:
    changing = {(path, permission) for method, path, permission in ADDRESSES if method == "POST"}
    # Views are kept for oneself and change nothing of the shop.
    read_only = {path for path, permission in changing if permission and permission.endswith(".read")}
    assert {path for path in read_only if not path.startswith("/admin/orders/views")} == set()


@pytest.mark.parametrize(("method", "path", "permission"), [one for one in ADDRESSES if one[2]], ids=str)
def test_whoever_asks_is_let_in_as_the_route_declares(
    people: Mapping[str, Browser], method: str, path: str, permission: str
) -> None:
    address = path.replace("{order_id:str}", "ord_06bqk3v1m5g7r0z2x4c6n8p0qs")
    for who, browser in people.items():
        answer = browser.client.request(method, address)
        assert answer.status_code < 500, who
        assert answer.headers["cache-control"] == "no-store", who
        allowed = who in BUILT_IN and (permission == ANYBODY or grants(BUILT_IN[who], permission))
        if who == "guest":
            assert answer.headers["location"].startswith("/admin/sign-in"), address
        elif allowed:
            assert answer.status_code not in {401, 403} or address.startswith("/admin/me"), (who, address)
        else:
            assert answer.status_code == 403, (who, address)
            assert permission == ANYBODY or permission in answer.text, (who, address)


@pytest.mark.parametrize("role", sorted(BUILT_IN))
def test_the_navigation_shows_what_opens_and_nothing_else(people: Mapping[str, Browser], role: str) -> None:
    browser = people[role]
    links = {
        link.attributes["href"]
        for link in browser.page("/admin").all("a")
        if link.attributes.get("href", "").startswith("/admin")
    }
    assert links >= {"/admin", "/admin/me"}
    assert all(browser.get(link).status_code == 200 for link in links)
    assert ("/admin/orders" in links) is grants(BUILT_IN[role], "orders.read")
