"""The outermost skin: names each request, finds out whose it is, and lets nobody in too often.

The client is the peer's address, or behind a trusted proxy the last address in X-Forwarded-For that is not a
trusted proxy itself: whatever stands before that could have been written by anybody.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address, ip_network

import structlog

from rialto.edge.admission import Refusals
from rialto.edge.cached import App, CachedPages, Message, Receive, Scope, Send, route_of
from rialto.edge.classes import class_of
from rialto.edge.cross_origin import CrossOrigin
from rialto.edge.hardened import answer_problem
from rialto.edge.principals import Principals
from rialto.edge.traced import note_answer, note_kept_answer, request_entry
from rialto.kernel.auth import TokenVerifier
from rialto.kernel.clock import Clock
from rialto.kernel.errors import Overloaded
from rialto.kernel.ids import Ids
from rialto.kernel.limits import RateLimiter, SharedLimiter
from rialto.kernel.reaching import Outage
from rialto.kernel.resilience import deadline
from rialto.kernel.roles import RoleBook
from rialto.kernel.telemetry import Metrics
from rialto.kernel.tracing import NO_TRACER, Tracer

REQUEST_ID_MAX = 64
BUSY = (
    b'{"type":"urn:rialto:problem:rate_limited","title":"Too many requests","status":429,'
    b'"detail":"Too many requests; please wait a moment.","code":"rate_limited"}'
)

TWO_HOSTS = (
    b'{"type":"urn:rialto:problem:malformed","title":"Bad request","status":400,'
    b'"detail":"A request has one Host header.","code":"malformed"}'
)


class Gate:
    """The ASGI application that the server runs. Adds `rialto.*` entries to the scope."""

    def __init__(
        self,
        app: App,
        *,
        clock: Clock,
        ids: Ids,
        metrics: Metrics,
        verifier: TokenVerifier,
        limiter: RateLimiter | SharedLimiter | None,
        trusted_proxies: tuple[str, ...],
        kept: CachedPages | None = None,
        roles: RoleBook | None = None,
        origins: tuple[str, ...] = (),
        refusals: Refusals | None = None,
        outage: Callable[[], Outage | None] = lambda: None,
        tracer: Tracer = NO_TRACER,
    ) -> None:
        """`kept` is asked first: what is kept ready is sent before anything is made for the request.

        `roles` is what the verifier asks; here it is kept fresh, before a member of staff is let in. `origins`: of which
        other sites scripts may use the API. `outage`: whether the shop's database is away. `refusals` tell those whom the
        application would not take in.
        """
        self._app = app
        self._clock = clock
        self._ids = ids
        self._metrics = metrics
        self._verifier = verifier
        self._limiter = limiter
        self._kept = kept
        self._roles = roles
        self._refusals = refusals
        self._outage = outage
        self._tracer = tracer
        self._cross_origin = CrossOrigin(origins) if origins else None
        self._trusted = [ip_network(network) for network in trusted_proxies]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        trusted = bool(self._trusted) and self._is_trusted((scope.get("client") or ("", 0))[0])
        client = self._client(scope, trusted=trusted)
        if self._cross_origin is not None:
            send = self._cross_origin.telling(scope, headers, send)
        wait_s = self._limiter.take(client) if self._limiter is not None else 0.0
        # A header given twice is looked at with care, below.
        began = self._tracer.monotonic()
        plain = not wait_s and len(headers) == len(scope["headers"])
        if plain and self._kept is not None and await self._kept.answer_fresh(scope, headers, send):
            if self._tracer.on:
                note_kept_answer(self._tracer, scope, headers, trusted=trusted, began=began)
            return
        request_id = headers.get(b"x-request-id", b"").decode("latin-1") if trusted else ""
        if not request_id or len(request_id) > REQUEST_ID_MAX or not request_id.isalnum():
            request_id = ""
        entry = request_entry(self._tracer, scope, headers, request_id, trusted=trusted)
        request_id = request_id or entry.trace_id or self._ids.token(80)
        scope["rialto.request_id"] = request_id
        scope["rialto.client"] = client
        principals = scope["rialto.principal"] = Principals(self._verifier, headers, scope["path"])
        if wait_s:
            seconds = str(max(1, round(wait_s))).encode()
            named = ((b"retry-after", seconds), (b"x-request-id", request_id.encode()))
            await answer_problem(send, 429, BUSY, named)
            return
        # Which of two names a request is for would be decided differently by caches and shop (RFC 9112, 3.2).
        if len(headers) < len(scope["headers"]) and _hosts(scope) > 1:
            await answer_problem(send, 400, TWO_HOSTS, ((b"x-request-id", request_id.encode()),))
            return
        if self._cross_origin is not None and await self._cross_origin.answer_preflight(scope, headers, send):
            return
        scope["rialto.outage"] = self._outage()
        with (
            entry,
            structlog.contextvars.bound_contextvars(request_id=request_id),
            deadline(self._clock, class_of(scope).seconds),
        ):
            if self._roles is not None and principals.is_staff():
                await self._roles.refresh()
            await self._timed(scope, receive, send)

    async def _timed(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = self._clock.monotonic()
        status = 500
        without_body = scope["method"] == "HEAD"
        if without_body:
            # Every GET answers HEAD too: made as a GET, sent without its body (RFC 9110 section 9.3.2). The server
            # keeps its own scope: told that this was a GET, it would miss the body and drop the connection.
            scope = {**scope, "method": "GET"}

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                header = (b"x-request-id", scope["rialto.request_id"].encode())
                message = {**message, "headers": [*message["headers"], header]}
            elif without_body:
                message = {**message, "body": b""}
            await send(message)

        self._metrics.in_flight += 1
        try:
            await self._app(scope, receive, watched)
        except Overloaded as error:
            if self._refusals is None:
                raise
            await self._refusals.answer(scope, watched, error)
        finally:
            self._metrics.in_flight -= 1
            route = route_of(scope)
            note_answer(scope, route, status)
            self._metrics.requests.labels(route, scope["method"], str(status)).inc()
            self._metrics.request_seconds.labels(route).observe(self._clock.monotonic() - begun)

    def _client(self, scope: Scope, *, trusted: bool) -> str:
        """Decided here for everybody: services ask `kernel.http.client_of`."""
        peer: str = (scope.get("client") or ("", 0))[0]
        if not trusted:
            return peer
        # A proxy may add a line of its own instead of lengthening the one it got: both mean the same.
        lines = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        for text in reversed(b",".join(lines).decode("latin-1").split(",")):
            address = text.strip()
            if _is_address(address) and not self._is_trusted(address):
                return address
        return peer

    def _is_trusted(self, address: str) -> bool:
        return _is_address(address) and any(ip_address(address) in network for network in self._trusted)


def _hosts(scope: Scope) -> int:
    return sum(name == b"host" for name, _ in scope["headers"])


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
