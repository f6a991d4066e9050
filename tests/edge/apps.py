"""Applications to stand behind the edge in its tests."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from rialto.edge.cached import App, Message, Receive, Scope, Send
from rialto.edge.web import AnyRequest, web_app
from rialto.kernel.errors import Conflict, Denied, FieldProblem, Invalid, NotFound, TooMany, Unavailable
from rialto.kernel.http import about, requires
from rialto.kernel.service import Frozen


class Answering:
    """Answers what it is told to, and remembers what it was asked."""

    def __init__(
        self, body: bytes = b"hello", *, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        self.body = body
        self.status = status
        self.headers = headers or {}
        self.asked: list[Scope] = []

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        self.asked.append(scope)
        headers = [(key.encode(), value.encode()) for key, value in self.headers.items()]
        await send(_start(self.status, headers))
        await send({"type": "http.response.body", "body": self.body})

    def header_asked(self, name: bytes) -> bytes | None:
        return dict(self.asked[-1]["headers"]).get(name)


def _start(status: int, headers: list[tuple[bytes, bytes]]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": headers}


class Mug(Frozen):
    colour: Annotated[str, msgspec.Meta(max_length=10)]
    handles: int = 1


class Shelf(Frozen):
    mugs: list[Mug]
    prices: dict[str, int] = {}


REFUSALS = {
    "missing": NotFound(),
    "wrong": Invalid(fields=(FieldProblem(path="mugs.0", code="chipped", message="It is chipped."),)),
    "clash": Conflict(extra={"items": [1]}),
    "stranger": Denied(signed_in=False),
    "forbidden": Denied(),
    "busy": TooMany(retry_after_s=3.4),
    "away": Unavailable(),
    "key": Invalid(code="idempotency_key_missing"),
}


@get("/v1/refusals/{name:str}", **about("refuse", "Refuse", tag="health"))
async def refuse(name: FromPath[str]) -> Mug:
    if name == "bug":
        raise ZeroDivisionError("secret")
    raise REFUSALS[name]


@post("/v1/shelves", **about("fill", "Fill a shelf", tag="health"))
async def fill(data: JSONBody[Shelf]) -> Shelf:
    return data


@delete("/v1/shelves", **about("clear", "Clear the shelves", tag="health"))
async def clear() -> None:
    return None


@get("/v1/mugs", **about("list_mugs", "List mugs", tag="health"))
async def list_mugs(colour: Annotated[str, QueryParameter(max_length=5)]) -> Mug:
    return Mug(colour=colour)


@get("/v1/secrets", guards=[requires("orders.read")], **about("secrets", "Read secrets", tag="health"))
async def secrets() -> Mug:
    return Mug(colour="black")


@get("/{lang:str}/refusals/{name:str}")
async def refuse_page(lang: FromPath[str], name: FromPath[str]) -> str:
    if name == "bug":
        raise ZeroDivisionError("secret")
    raise REFUSALS[name]


@get("/{lang:str}/orders/{name:str}")
async def placeholder(lang: FromPath[str], name: FromPath[str]) -> str:
    return lang + name


def render_error(_request: AnyRequest, status: int, _error: BaseException | None) -> Response[Any]:
    return Response(f"<h1>{status}</h1>", status_code=status, media_type="text/html")


def a_web_app(*, ready: bool = True) -> App:
    return web_app(
        [refuse, fill, clear, list_mugs, secrets, refuse_page, placeholder],
        dependencies={},
        render_error=render_error,
        is_ready=lambda: ready,
    )
