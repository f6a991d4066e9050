"""The thinnest layer over ASGI that the sandbox needs: a request, a response, a table of routes.

Not a framework. It exists because an authorisation should cost the books' time
and little else; the routes are few and fixed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from rialto.sandbox.errors import STATUS, Invalid, Refused

BODY_BYTES_MAX = 64 * 1024
SEGMENTS_MAX = 4
DROP_EXTENSION = "rialto.drop"

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


class Request:
    """One HTTP request with its whole body."""

    __slots__ = ("_scope", "argument", "body", "headers", "method", "path")

    def __init__(self, scope: Scope, body: bytes) -> None:
        """`argument` is what stood in the route's `*`, set by the router."""
        self._scope = scope
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.body = body
        self.argument = ""

    def header(self, name: bytes) -> str:
        """A header's text, empty when it is absent."""
        return self.headers.get(name, b"").decode("latin-1")

    def query(self) -> dict[str, str]:
        """Query parameters; of a repeated one the last counts."""
        return pairs(self._scope["query_string"])

    def form(self) -> dict[str, str]:
        """The fields of a posted form."""
        return pairs(self.body)


class Response(msgspec.Struct, frozen=True):
    """What is sent back. `dropped` means: nothing at all, the connection is cut."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    dropped: bool = False


Handler = Callable[[Request], Awaitable[Response]]
Routes = Mapping[tuple[str, ...], Mapping[str, Handler]]

_JSON = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))
_PROBLEM = ((b"content-type", b"application/problem+json"), (b"cache-control", b"no-store"))
_TITLES = {
    400: "Bad request",
    401: "Unauthorised",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
} | {
    409: "Conflict",
    413: "Too large",
    422: "Cannot be processed",
    500: "Internal error",
    503: "Unavailable",
}


def json_response(status: int, value: object) -> Response:
    """A JSON answer."""
    return Response(status, msgspec.json.encode(value), _JSON)


def problem(error: Refused, **extra: object) -> Response:
    """A refusal as problem details (RFC 9457) with its stable `code`."""
    status = STATUS[error.code]
    value: dict[str, object] = {
        "type": f"urn:rialto-sandbox:{error.code}",
        "title": _TITLES[status],
        "status": status,
        "code": error.code,
        "detail": error.detail,
    }
    if isinstance(error, Invalid):
        value["errors"] = [{"field": each.field, "code": each.code} for each in error.problems]
    body = msgspec.json.encode(value | extra)
    more = ((b"retry-after", b"1"),) if status == 503 else ()
    return Response(status, body, _PROBLEM + more)


def find(routes: Routes, path: str) -> tuple[Mapping[str, Handler], str] | None:
    """The methods of a path and what its `*` stands for; `*` is any segment but the first."""
    segments = tuple(path.split("/", SEGMENTS_MAX + 1)[1:])
    if segments in routes:
        return routes[segments], ""
    for place in range(len(segments) - 1, 0, -1):
        if segments[place]:
            pattern = (*segments[:place], "*", *segments[place + 1 :])
            if pattern in routes:
                return routes[pattern], segments[place]
    return None


async def read_body(scope: Scope, receive: Receive) -> bytes:
    """The whole body; raises `body_too_large` past `BODY_BYTES_MAX`."""
    if scope["method"] == "GET":
        return b""
    message = await receive()
    if message["type"] == "http.disconnect":
        return b""
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > BODY_BYTES_MAX:
            break
    if len(body) > BODY_BYTES_MAX:
        raise Refused("body_too_large", f"A body has at most {BODY_BYTES_MAX} bytes.")
    return body


async def respond(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a response, or cut the connection where that is what was decided."""
    if response.dropped:
        await _drop(scope, receive)
        return
    length = str(len(response.body)).encode()
    headers = [*response.headers, (b"content-length", length)]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    body = b"" if scope["method"] == "HEAD" else response.body
    await send({"type": "http.response.body", "body": body})


async def _drop(scope: Scope, receive: Receive) -> None:
    abort: Callable[[], None] | None = (scope.get("extensions") or {}).get(DROP_EXTENSION)
    if abort is None:
        raise ConnectionAbortedError
    abort()
    while (await receive())["type"] != "http.disconnect":
        pass


def pairs(encoded: bytes) -> dict[str, str]:
    """A query string or urlencoded form as a dict; nonsense is an empty one."""
    try:
        return dict(parse_qsl(encoded.decode("ascii"), keep_blank_values=True, max_num_fields=50))
    except ValueError:
        return {}
