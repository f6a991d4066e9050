"""What an answer to a program says about itself when its route does not: never sniffed, framed or kept.

Pages have their own, more generous headers (storefront/security.py).
"""

from __future__ import annotations

from rialto.edge.cached import App, Message, Receive, Scope, Send

# Addresses that programs use: their errors are problem details, all others' are pages.
FOR_PROGRAMS = ("/v1/", "/health/", "/.well-known/", "/openapi.json", "/internal/", "/metrics")
# They live on the operations port. Here they are not, whatever a route's placeholder might make of them.
ELSEWHERE = ("/internal/", "/metrics", "/health/details")
NOTHING_HERE = (
    b'{"type":"urn:rialto:problem:not_found","title":"Not found","status":404,'
    b'"detail":"There is nothing at this address.","code":"not_found"}'
)

DEFAULTS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)


class Hardened:
    """The ASGI application with these headers on every answer for programs."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if not path.startswith(FOR_PROGRAMS):
            await self._app(scope, receive, send)
            return
        if path.startswith(ELSEWHERE):
            await answer_problem(send, 404, NOTHING_HERE)
            return

        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": with_defaults(message["headers"])}
            await send(message)

        await self._app(scope, receive, hardened)


async def answer_problem(
    send: Send, status: int, body: bytes, headers: tuple[tuple[bytes, bytes], ...] = ()
) -> None:
    """A problem that is told before the application is asked."""
    told = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        *headers,
        *DEFAULTS,
    ]
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": body})


def with_defaults(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    given = {name.lower() for name, _ in headers}
    return [*headers, *(pair for pair in DEFAULTS if pair[0] not in given)]
