"""Identity on the web for a test: its routes with as much of the edge as they need."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import ValidationException
from litestar.types import ASGIApp, Receive, Scope, Send

from rialto.identity.routes import ROUTES
from rialto.kernel.auth import GUEST, TokenVerifier
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import RialtoError
from rialto.kernel.http import handle_rialto_error, handle_validation
from rialto.kernel.service import Nothing
from tests.identity.desk import EMAIL, PASSWORD, Desk, anna, open_identity
from tests.support.values import built_in

Client = httpx.AsyncClient


def knowing(verifier: TokenVerifier) -> Any:
    """As much of the edge as guards need: the principal of the bearer token."""

    def middleware(app: ASGIApp) -> ASGIApp:
        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            header = dict(scope.get("headers", [])).get(b"authorization", b"").decode()
            token = header.removeprefix("Bearer ")
            client = dict(scope.get("headers", [])).get(b"x-forwarded-for", b"").decode()
            scope["rialto.client"] = client or "192.0.2.1"  # type: ignore[typeddict-unknown-key]
            scope["rialto.principal"] = lambda: verifier.verify(token) if token else GUEST  # type: ignore[typeddict-unknown-key]
            await app(scope, receive, send)

        return call

    return middleware


@asynccontextmanager
async def open_web(postgres: DatabaseAddress) -> AsyncIterator[Client]:
    """With Anna, who owns the shop."""
    async with open_identity(postgres) as desk, web_of(desk) as client:
        await desk.handlers.put_staff(anna())
        yield client


@asynccontextmanager
async def web_of(desk: Desk) -> AsyncIterator[Client]:
    keys = (await desk.handlers.jwks(Nothing())).keys
    verifier = TokenVerifier(
        keys, issuer=desk.env.settings.public_url, clock=desk.env.clock, permissions_of=built_in
    )
    app = Litestar(
        ROUTES,
        middleware=[knowing(verifier)],
        dependencies={"identity": Provide(lambda: desk.handlers, sync_to_thread=False)},
        exception_handlers={RialtoError: handle_rialto_error, ValidationException: handle_validation},
        openapi_config=None,
    )
    # In this loop: the database's connections belong to it.
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.example") as client:
        yield client


async def signed_in(client: Client, email: str = EMAIL, password: str = PASSWORD) -> dict[str, str]:
    answer = await client.post("/v1/auth/login", json={"email": email, "password": password})
    assert answer.status_code == 200
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}
