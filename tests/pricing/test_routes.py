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
