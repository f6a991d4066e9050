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


PROMOTION = {
    "title": {"en": "Winter sale"},
    "benefit": {"type": "percent", "percent": "10"},
    "applies_to": {"categories": ["home"]},
    "needs_code": True,
}


async def test_staff_set_a_promotion_and_change_it_by_its_etag(web: Web) -> None:
    async with web(EDITOR) as staff:
        path = "/v1/admin/promotions/route_sale"
        made = await staff.put(path, json=PROMOTION)
        assert (made.status_code, made.headers["etag"], made.json()["version"]) == (200, '"1"', 1)
        assert (await staff.put(path, json=PROMOTION)).status_code == 412
        changed = await staff.put(path, json=PROMOTION | {"active": False}, headers={"If-Match": '"1"'})
        assert changed.headers["etag"] == '"2"'
        listed = (await staff.get("/v1/admin/promotions")).json()["items"]
        assert changed.json() in listed


async def test_staff_make_codes_and_change_their_limits(web: Web) -> None:
    async with web(EDITOR) as staff:
        await staff.put("/v1/admin/promotions/coded", json=PROMOTION)
        codes = "/v1/admin/promotions/coded/codes"
        made = await staff.post(codes, json={"batch": "fair", "count": 3})
        assert (made.status_code, len(made.json()["items"])) == (201, 3)
        own = await staff.put(f"{codes}/spring26", json={"uses_max": 10, "customer_max": 1})
        assert own.json()["code"] == "SPRING26"
        listed = (await staff.get(codes)).json()
        assert len(listed["items"]) == 4
        assert (
            await staff.post("/v1/admin/promotions/none/codes", json={"batch": "", "count": 1})
        ).status_code == 404


async def test_a_preview_says_what_is_given_and_what_is_missing(web: Web) -> None:
    async with web(EDITOR) as staff:
        condition = {"conditions": {"items_min": {"EUR": 10_000}}, "needs_code": False}
        await staff.put("/v1/admin/promotions/from_hundred", json=PROMOTION | condition)
        body = {"items": [{"sku": "cup", "quantity": 2}], "currency": "EUR", "country": "DE"}
        preview = await staff.post("/v1/admin/promotions/preview", json=body)
        assert preview.status_code == 200
        told = {one["promotion_id"]: one for one in preview.json()["considered"]}["from_hundred"]
        assert (told["given"], told["reason"], told["missing"]) == (False, "too_little", 200)
        unknown = await staff.post("/v1/admin/promotions/preview", json=body | {"items": [{"sku": "x"}]})
        assert (unknown.status_code, unknown.json()["errors"][0]["path"]) == (422, "items.0.sku")


async def test_promotions_need_their_permissions(web: Web) -> None:
    async with web(VIEWER) as viewer, web(GUEST) as guest:
        assert (await viewer.get("/v1/admin/promotions")).status_code == 200
        assert (await viewer.put("/v1/admin/promotions/x", json=PROMOTION)).status_code == 403
        assert (await guest.get("/v1/admin/promotions")).status_code == 401
        assert (
            await guest.post("/v1/admin/promotions/x/codes", json={"batch": "", "count": 1})
        ).status_code == 401


@pytest.mark.parametrize(
    "changed",
    [
        {"benefit": {"type": "percent", "percent": "0"}},
        {"benefit": {"type": "gift"}},
        {"benefit": {"type": "buy_get", "buy": 10**30, "get": 1}},
        {"title": {"en": "\x00"}},
        {"conditions": {"starts_at": "tomorrow"}},
    ],
)
async def test_a_promotion_that_makes_no_sense_is_refused(web: Web, changed: dict[str, Any]) -> None:
    async with web(EDITOR) as staff:
        refused = await staff.put("/v1/admin/promotions/senseless", json=PROMOTION | changed)
        assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")
