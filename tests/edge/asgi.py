"""Asking an ASGI application without a server, bytes in and bytes out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote

from rialto.edge.cached import App, Message

Pairs = Sequence[tuple[bytes, bytes]]


class Reply(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def is_problem(self) -> bool:
        return (
            self.header("content-type") == "application/problem+json" and self.json()["status"] == self.status
        )


async def ask(
    app: App,
    target: str,
    *,
    method: str = "GET",
    headers: Pairs = (),
    body: bytes = b"",
    client: str = "203.0.113.9",
) -> Reply:
    """`target` is an ASCII path, percent-encoded, with its query."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"shop.example"), *headers],
        "client": (client, 50000),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }
    sent: list[Message] = []
    given = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return given.pop() if given else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start = sent[0]
    return Reply(
        start["status"],
        [
            (bytes(key).decode("latin-1").lower(), bytes(value).decode("latin-1"))
            for key, value in start["headers"]
        ],
        b"".join(message.get("body", b"") for message in sent[1:]),
    )
