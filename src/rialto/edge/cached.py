"""Kept answers, served before the framework.

An answer is kept when it says so itself (`Cache-Control: public` with `s-maxage`) and its address is one of the
anonymous ones below. By construction it cannot be personal: the application sees such a request without its
cookies, but for language and currency, which are part of the key. What a hit costs is one dictionary look-up
and two ASGI messages.

After its time an answer is made anew by one request while the others wait; when the shop behind cannot answer,
the old one is served for as long as its `stale-if-error` allows.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec

from rialto import __version__
from rialto.kernel.auth import GUEST, Principal
from rialto.kernel.cache import Cache, CacheEngine, Entry, SecondLevel
from rialto.kernel.clock import Clock
from rialto.kernel.errors import Unavailable
from rialto.kernel.ids import Ids
from rialto.kernel.keyvalue import KeyValues
from rialto.kernel.shared_answers import SharedAnswers
from rialto.kernel.telemetry import Metrics

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# Addresses whose answers are the same for everybody. Everything else is never coalesced, let alone kept.
ANONYMOUS = re.compile(
    rb"^/(?:v1/(?:products|categories|collections|suggest)(?:/|$)|[a-z]{2}/(?:$|c/|p/|collections/|search$|pages/)"
    rb"|docs$|openapi\.json$)"
)
S_MAXAGE = re.compile(rb"s-maxage=(\d{1,7})")
COOKIE = re.compile(r"(?:^|;\s*)(currency|language)=([A-Za-z-]{2,8})(?=;|$)")
GZIP = re.compile(rb"(?:^|[\s,])gzip(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")
# What costs more to make than to fetch from another process: 3 ms of CPU for a page against 0.2 ms. One product of the API
# costs the same either way.
DEAR = re.compile(rb"^/(?!v1/products/[^/]+/?$)")
SHAPE = 2  # of what is shared; another number for another shape
QUERY_MAX = 2000
ROUTE = "rialto.route"  # in a scope: the route behind a kept answer, which the framework did not see
GZIP_FROM = 500
STALE_IF_ERROR_S = 3600.0


def route_of(scope: Scope) -> str:
    """The template of the route that answered: label values must stay bounded."""
    paths = getattr(scope.get("route_handler"), "paths", None)
    found: str = min(paths) if isinstance(paths, set) and paths else scope.get(ROUTE, "other")
    return found


class Kept:
    """An answer in the forms it is sent in: ready-made ASGI messages, plain and gzipped."""

    __slots__ = ("etag", "gzipped", "hits", "not_modified", "plain", "route", "seconds", "status", "tags")

    def __init__(
        self, status: int, headers: list[tuple[bytes, bytes]], body: bytes, *, route: str, metrics: Metrics
    ) -> None:
        """`route` is the template of the route that made it."""
        self.route = route
        self.hits = metrics.cached.labels("hit", route)
        self.status = status
        found = dict(headers)
        self.seconds = _kept_for(status, found)
        # Several may be waiting for this answer; a cookie made for one of them is for none.
        headers = [pair for pair in headers if pair[0] != b"set-cookie"]
        self.tags = tuple(found.get(b"surrogate-key", b"").decode().split())
        self.etag = b'"' + hashlib.blake2b(body, digest_size=12).hexdigest().encode() + b'"'
        if self.seconds:
            headers = [pair for pair in headers if pair[0] not in {b"etag", b"content-length"}]
            headers.append((b"etag", self.etag))
        self.not_modified: Message = {"type": "http.response.start", "status": 304, "headers": headers}
        self.plain = _messages(status, headers, body)
        self.gzipped = self.plain
        if len(body) >= GZIP_FROM and b"content-encoding" not in found:
            packed = gzip.compress(body, 6, mtime=0)
            self.gzipped = _messages(status, [*headers, (b"content-encoding", b"gzip")], packed)


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    route: str


def pages_of_others(
    key_values: KeyValues,
    *,
    secret: str,
    clock: Clock,
    as_of: Callable[[], Mapping[int, int] | None],
    metrics: Metrics,
) -> SecondLevel[Kept] | None:
    """What processes of this release that share `key_values` made; None where they share nothing."""
    if not key_values.shared:
        return None

    def unpack(packed: bytes) -> Kept:
        found = msgspec.msgpack.decode(packed, type=_Packed)
        metrics.cached.labels("shared", found.route).inc()
        return Kept(found.status, found.headers, found.body, route=found.route, metrics=metrics)

    return SharedAnswers(
        f"pages:{__version__}:{SHAPE}",
        key_values,
        secret=secret,
        clock=clock,
        encode=_pack,
        decode=unpack,
        as_of=as_of,
    )


def _pack(kept: Kept) -> bytes:
    start, body = kept.plain
    return msgspec.msgpack.encode(
        _Packed(status=start["status"], headers=start["headers"], body=body["body"], route=kept.route)
    )


def _messages(status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> tuple[Message, Message]:
    without = [pair for pair in headers if pair[0] != b"content-length"]
    start = {
        "type": "http.response.start",
        "status": status,
        "headers": [*without, (b"content-length", str(len(body)).encode())],
    }
    return start, {"type": "http.response.body", "body": body}


def _kept_for(status: int, headers: dict[bytes, bytes]) -> float:
    control = headers.get(b"cache-control", b"")
    found = S_MAXAGE.search(control)
    if status != 200 or b"public" not in control or found is None or b"set-cookie" in headers:
        return 0.0
    return float(found[1])


class CachedPages:
    """The ASGI application in front of the shop's."""

    def __init__(
        self,
        app: App,
        engine: CacheEngine[Entry[Kept]],
        *,
        clock: Clock,
        ids: Ids,
        metrics: Metrics,
        beyond: SecondLevel[Kept] | None = None,
    ) -> None:
        """`beyond` is what other processes made."""
        self._app = app
        self._beyond = beyond
        self._cache: Cache[Kept] = Cache(engine, clock, ids, ttl_s=2, stale_if_error_s=STALE_IF_ERROR_S)
        self._metrics = metrics

    def clear(self) -> None:
        """Forget what was made before: the catalogue or the stock changed."""
        self._cache.expire()

    async def answer_fresh(self, scope: Scope, headers: dict[bytes, bytes], send: Send) -> bool:
        """Answer from what is fresh and kept, if it is, and say so: for whoever stands in front and has more to do."""
        if not _is_anonymous(scope, headers):
            return False
        kept = self._cache.peek(_key(scope, headers, _cookies(headers)))
        if kept is None:
            return False
        kept.hits.inc()
        await _answer(kept, headers, send)
        return True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if not _is_anonymous(scope, headers):
            await self._app(scope, receive, send)
        elif not await self.answer_fresh(scope, headers, send):
            cookies = _cookies(headers)
            kept = await self._fetch(_key(scope, headers, cookies), scope, cookies)
            scope[ROUTE] = kept.route
            self._metrics.cached.labels("miss", kept.route).inc()
            await _answer(kept, headers, send)

    async def _fetch(self, key: str, scope: Scope, cookies: list[tuple[str, str]]) -> Kept:
        try:
            return await self._cache.get(
                key,
                lambda: self._make(scope, cookies),
                tags=lambda made: made.tags,
                ttl_s=lambda made: made.seconds,
                beyond=self._beyond if DEAR.match(scope["raw_path"]) else None,
            )
        except FailedAnswer as failed:
            return failed.kept

    async def _make(self, scope: Scope, cookies: list[tuple[str, str]]) -> Kept:
        """Ask the application as nobody in particular."""
        anonymous = dict(scope)
        anonymous["headers"] = [
            pair for pair in scope["headers"] if pair[0] not in {b"cookie", b"if-none-match"}
        ]
        if cookies:
            text = "; ".join(f"{name}={value}" for name, value in cookies)
            anonymous["headers"].append((b"cookie", text.encode()))
        anonymous["rialto.principal"] = _nobody
        anonymous.pop("rialto.has_left", None)  # others may be waiting for the same
        collected = _Collected()
        await self._app(anonymous, _nothing_more, collected)
        kept = Kept(
            collected.status,
            collected.headers,
            b"".join(collected.parts),
            route=route_of(anonymous),
            metrics=self._metrics,
        )
        if kept.status >= 500:
            raise FailedAnswer(kept)
        return kept


class FailedAnswer(Unavailable):
    """The application failed; what it said is sent when there is no older answer."""

    def __init__(self, kept: Kept) -> None:
        super().__init__()
        self.kept = kept


class _Collected:
    """Takes the application's messages."""

    def __init__(self) -> None:
        self.status = 500
        self.headers: list[tuple[bytes, bytes]] = []
        self.parts: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [(bytes(name).lower(), bytes(value)) for name, value in message["headers"]]
        elif message["type"] == "http.response.body":
            self.parts.append(message.get("body", b""))


def _is_anonymous(scope: Scope, headers: dict[bytes, bytes]) -> bool:
    return (
        scope["method"] == "GET"
        and ANONYMOUS.match(scope["raw_path"]) is not None
        and len(scope["query_string"]) <= QUERY_MAX
        and b"authorization" not in headers
    )


def _cookies(headers: dict[bytes, bytes]) -> list[tuple[str, str]]:
    """Those that shape an anonymous page."""
    found: list[tuple[str, str]] = COOKIE.findall(headers.get(b"cookie", b"").decode("latin-1"))
    return found


def _nobody() -> Principal:
    """Found out from the cookies that were taken away, it would be somebody."""
    return GUEST


async def _nothing_more() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _answer(kept: Kept, headers: dict[bytes, bytes], send: Send) -> None:
    if kept.seconds and _has(headers.get(b"if-none-match"), kept.etag):
        await send(kept.not_modified)
        await send({"type": "http.response.body", "body": b""})
        return
    start, body = kept.gzipped if GZIP.search(headers.get(b"accept-encoding", b"")) else kept.plain
    await send(start)
    await send(body)


def _has(asked: bytes | None, etag: bytes) -> bool:
    """Weak comparison with any of those listed (RFC 9110, 13.1.2): proxies that compress make tags weak."""
    return asked is not None and (etag in asked or asked == b"*")


def _key(scope: Scope, headers: dict[bytes, bytes], cookies: list[tuple[str, str]]) -> str:
    query = scope["query_string"]
    if query:
        query = urlencode(sorted(parse_qsl(query.decode("latin-1"), keep_blank_values=True))).encode()
    # In a page's address the language stands already; the API goes by the header.
    language = headers.get(b"accept-language", b"")[:64] if scope["raw_path"].startswith(b"/v1/") else b""
    parts = (
        scope["raw_path"],
        query,
        headers.get(b"host", b""),
        language,
        repr(cookies).encode() if cookies else b"",
    )
    return b"\n".join(parts).decode("latin-1")
