"""The real ASGI app on books in memory, called without a socket."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

from rialto.sandbox.asgi import DROP_EXTENSION
from rialto.sandbox.http import App, Keys
from rialto.sandbox.server import Parts, assembled
from tests.sandbox.builders import BACK, Shop

KEYS = Keys(publishable_key="pk_test", secret_key="sk_test", webhook_secret="whsec_c2VjcmV0")
HOST = "sandbox.test"


class Reply:
    """One answer; `dropped` when the connection was cut."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.dropped = False

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


class Client:
    """Sends requests to the app; as the merchant unless told otherwise."""

    def __init__(self, parts: Parts, shop: Shop, posted: list[tuple[bytes, dict[str, str]]]) -> None:
        self.parts = parts
        self.shop = shop
        self.posted = posted

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str = "",
        headers: dict[str, str] | None = None,
    ) -> Reply:
        sent = {"authorization": f"Bearer {KEYS.secret_key}", "host": HOST} | (headers or {})
        if key:
            sent["idempotency-key"] = key
        content = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        return await send(self.parts.app, method, path, content, headers=sent)

    async def authorise(
        self, token: str = "tok_success", *, key: str = "k", changes: dict[str, object] | None = None
    ) -> Reply:
        body: dict[str, object] = {
            "reference": "ord_1",
            "amount": 1000,
            "currency": "EUR",
            "token": token,
            "return_url": BACK,
        }
        return await self.call("POST", "/v1/payment_intents", body | (changes or {}), key=key)

    async def submit(self, path: str, **fields: str) -> Reply:
        return await self.call("POST", path, urlencode(fields).encode(), headers={"authorization": ""})


async def send(app: App, method: str, path: str, body: bytes, *, headers: dict[str, str]) -> Reply:
    reply = Reply()

    def abort() -> None:
        reply.dropped = True

    plain, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "path": plain,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "extensions": {DROP_EXTENSION: abort},
    }

    async def receive() -> dict[str, Any]:
        if reply.dropped:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": body}

    async def take(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            reply.status = message["status"]
            reply.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            reply.body += message["body"]

    await app(scope, receive, take)
    return reply


@asynccontextmanager
async def a_client(
    *, answers: list[int] | None = None, webhook_url: str = "http://shop.test/hook"
) -> AsyncIterator[Client]:
    """`answers`: what the shop says to webhooks, one after the other, then 200."""
    shop = Shop()
    statuses = list(answers or [])
    posted: list[tuple[bytes, dict[str, str]]] = []

    async def post(url: str, body: bytes, headers: dict[str, str]) -> int:
        assert url == webhook_url
        posted.append((body, headers))
        return statuses.pop(0) if statuses else 200

    parts = assembled(shop.sandbox, shop.clock, KEYS, post, webhook_url=webhook_url)
    try:
        yield Client(parts, shop, posted)
    finally:
        await parts.writer.close()
        shop.books.close()
