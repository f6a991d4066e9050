"""The staff's side of pricing on the web."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import HTTPException, ValidationException

from rialto.kernel.auth import GUEST, Principal
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import RialtoError
from rialto.kernel.http import handle_http_error, handle_rialto_error, handle_validation
from rialto.pricing.routes import ROUTES
from rialto.pricing.service import SERVICE
from tests.pricing.peers import ChannelsOnly
from tests.support.env import open_service

pytestmark = pytest.mark.anyio

RULES = "/v1/admin/pricing/rules"
VIEWER = Principal(kind="staff", permissions=frozenset({"*.read"}))
EDITOR = Principal(kind="staff", permissions=frozenset({"pricing.*"}))
NEW_RATE = {"country": "CH", "tax_class": "standard", "rate": "0.081"}

Web = Callable[[Principal], AbstractAsyncContextManager[httpx.AsyncClient]]


# One shop for all of these: each compares with what it found.
@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def web(postgres: DatabaseAddress) -> AsyncIterator[Web]:
    async with open_service(SERVICE, postgres, peers={need: ChannelsOnly() for need in SERVICE.needs}) as env:
        app = Litestar(
            ROUTES,
            dependencies={"pricing": Provide(lambda: env.handlers, sync_to_thread=False)},
            exception_handlers={
                RialtoError: handle_rialto_error,
                ValidationException: handle_validation,
                HTTPException: handle_http_error,
            },
        )

        @asynccontextmanager
        async def as_principal(principal: Principal) -> AsyncIterator[httpx.AsyncClient]:
            async def with_principal(scope: Any, receive: Any, send: Any) -> None:
                scope["rialto.principal"] = lambda: principal
                await app(scope, receive, send)

            transport = httpx.ASGITransport(with_principal)
            async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
                yield client

        yield as_principal


async def test_rules_are_read_and_set_by_staff(web: Web) -> None:
    async with web(EDITOR) as staff:
        before = (await staff.get(RULES)).json()
        answer = await staff.put(RULES, json={"tax_rates": [NEW_RATE], "delivery_methods": []})
        assert answer.status_code == 200
        assert NEW_RATE in answer.json()["tax_rates"]
        assert answer.json()["delivery_methods"] == before["delivery_methods"]
        assert (await staff.get(RULES)).json() == answer.json()


async def test_setting_rules_needs_its_permission(web: Web) -> None:
    body = {"tax_rates": [NEW_RATE], "delivery_methods": []}
    async with web(VIEWER) as viewer, web(GUEST) as guest:
        assert (await viewer.get(RULES)).status_code == 200
        assert (await viewer.put(RULES, json=body)).status_code == 403
        assert (await guest.get(RULES)).status_code == 401
        assert (await guest.put(RULES, json=body)).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"tax_rates": [NEW_RATE | {"rate": "19"}], "delivery_methods": []},
        {"tax_rates": [NEW_RATE | {"country": None}], "delivery_methods": []},
        {"tax_rates": [], "delivery_methods": [{"id": "x"}]},
        {
            "tax_rates": [],
            "delivery_methods": [
                {"id": "x", "title": {"en": "X"}, "countries": ["DE"], "prices": {"EUR": 10**40}}
            ],
        },
    ],
)
async def test_rules_that_make_no_sense_are_refused(web: Web, body: Any) -> None:
    async with web(EDITOR) as staff:
        before = (await staff.get(RULES)).json()
        refused = await staff.put(RULES, json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")
        assert (await staff.get(RULES)).json() == before


PROMOTIONS = "/v1/admin/promotions"
SPRING: dict[str, Any] = {
    "title": {"en": "Spring"},
    "benefit": {"type": "percent", "percent": "10"},
    "needs_code": True,
}


async def test_a_promotion_is_made_read_changed_ended_and_removed(web: Web) -> None:
    async with web(EDITOR) as staff:
        made = await staff.post(PROMOTIONS, json={"id": "spring", **SPRING})
        assert (made.status_code, made.headers["etag"]) == (201, '"1"')
        assert (await staff.post(PROMOTIONS, json={"id": "spring", **SPRING})).headers["etag"] == '"1"'
        taken = await staff.post(PROMOTIONS, json={"id": "spring", **SPRING, "position": 3})
        assert (taken.status_code, taken.json()["code"]) == (409, "promotion_taken")
        place = f"{PROMOTIONS}/spring"
        based = {"If-Match": '"1"'}
        assert (await staff.put(place, json=SPRING)).json()["code"] == "if_match_missing"
        changed = await staff.put(place, json={**SPRING, "position": 3}, headers=based)
        assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
        assert (await staff.put(place, json=SPRING, headers=based)).status_code == 412
        assert (await staff.post(f"{place}/end", headers=based)).status_code == 412
        ended = await staff.post(f"{place}/end", headers={"If-Match": '"2"'})
        assert ended.json()["promotion"]["active"] is False
        listed = (await staff.get(PROMOTIONS)).json()["items"]
        assert [(one["promotion"]["id"], one["version"]) for one in listed] == [("spring", 3)]
        assert (await staff.get(place)).json() == listed[0]
        assert (await staff.delete(place, headers={"If-Match": '"3"'})).status_code == 204
        assert (await staff.get(place)).status_code == 404
        assert (await staff.put(place, json=SPRING, headers=based)).status_code == 404


async def test_codes_are_made_listed_changed_and_blocked(web: Web) -> None:
    async with web(EDITOR) as staff:
        await staff.post(PROMOTIONS, json={"id": "codes", **SPRING})
        codes = f"{PROMOTIONS}/codes/codes"
        made = await staff.post(codes, json={"batch": "fair", "count": 3})
        assert (made.status_code, made.json()) == (
            201,
            {"promotion_id": "codes", "batch": "fair", "count": 3},
        )
        assert (await staff.post(codes, json={"batch": "fair", "count": 3})).json()["code"] == "batch_taken"
        named = await staff.put(f"{codes}/SPRING27", json={"uses_max": 500, "customer_max": 1})
        assert (named.json()["code"], named.json()["uses"], named.json()["active"]) == ("SPRING27", 0, True)
        page = (await staff.get(codes, params={"limit": 2})).json()
        rest = (await staff.get(codes, params={"limit": 2, "cursor": page["next_cursor"]})).json()
        found = [code["code"] for code in [*page["items"], *rest["items"]]]
        assert (len(set(found)), found[0], rest["next_cursor"]) == (4, "SPRING27", None)
        assert len((await staff.get(codes, params={"batch": "fair"})).json()["items"]) == 3
        assert (await staff.post(f"{codes}/spring27/block")).json()["active"] is False
        assert (await staff.post(f"{codes}/NONE/block")).status_code == 404
        far = await staff.put(f"{codes}/FAR", json={"ends_at": "0001-01-01T00:00:00+14:00"})
        assert far.status_code == 422


async def test_a_preview_tells_of_each_promotion_what_became_of_it(web: Web) -> None:
    async with web(EDITOR) as staff, web(VIEWER) as viewer:
        await staff.post(PROMOTIONS, json={"id": "tried", **SPRING, "position": 9})
        await staff.put(f"{PROMOTIONS}/tried/codes/TRIED", json={})
        cart = {"items": [{"sku": "cup", "quantity": 2}], "currency": "EUR"}
        plain = (await viewer.post(f"{PROMOTIONS}/preview", json=cart)).json()
        assert plain["considered"][-1]["reason"] == "code_missing"
        given = (await viewer.post(f"{PROMOTIONS}/preview", json={**cart, "codes": ["tried"]})).json()
        assert given["considered"][-1]["amount"] == {"amount": 980, "currency": "EUR"}
        assert given["quote"]["totals"]["items"]["amount"] == 9800
        for odd in (
            {"currency": "EURO"},
            {"items": [{"sku": "\x00"}]},
            {"items": [{"sku": "cup", "quantity": 0}]},
            {"items": [{"sku": "unknown"}]},
            {"at": "2026-01-01T00:00:00"},
            {"at": "9999-12-31T00:00:00Z"},
            {"codes": ["A"] * 6},
            {"country": "XX"},
            {"channel": "none"},
            {"delivery_option_id": "none"},
        ):
            assert (await viewer.post(f"{PROMOTIONS}/preview", json={**cart, **odd})).status_code == 422, odd


async def test_promotions_need_the_permissions_of_prices(web: Web) -> None:
    async with web(VIEWER) as viewer, web(GUEST) as guest:
        for address in (PROMOTIONS, f"{PROMOTIONS}/x", f"{PROMOTIONS}/x/codes"):
            assert (await viewer.get(address)).status_code in {200, 404}
            assert (await guest.get(address)).status_code == 401
        assert (await viewer.post(PROMOTIONS, json={"id": "x", **SPRING})).status_code == 403
        assert (await viewer.post(f"{PROMOTIONS}/x/end", headers={"If-Match": "1"})).status_code == 403
        assert (await viewer.delete(f"{PROMOTIONS}/x", headers={"If-Match": "1"})).status_code == 403


@pytest.mark.parametrize(
    "odd",
    [
        {"id": "preview"},
        {"id": "Spring"},
        {"title": {}},
        {"benefit": {"type": "percent", "percent": "0"}},
        {"benefit": {"type": "sorcery"}},
        {"benefit": {"type": "tiers", "tiers": [{"percent": "5"}]}},
        {"not_with": ["spring"]},
        {"not_with": ["a", "a"]},
        {"applies_to": {"products": ["\x00"]}},
        {"conditions": {"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"}},
        {"conditions": {"ends_at": "0001-01-01T00:00:00+14:00"}},
    ],
)
async def test_a_promotion_that_cannot_be_is_refused(web: Web, odd: dict[str, Any]) -> None:
    async with web(EDITOR) as staff:
        before = (await staff.get(PROMOTIONS)).json()
        answer = await staff.post(PROMOTIONS, json={"id": "spring", **SPRING, **odd})
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
        assert (await staff.get(PROMOTIONS)).json() == before
