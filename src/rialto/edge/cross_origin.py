"""Which other web sites' scripts may use the API (CORS, fetch.spec.whatwg.org). None, unless a setting names their origins.

For `/v1` only, where cookies never count: so nothing here allows credentials, and what a browser would send by itself opens
nothing. Origins are compared as they stand; there is no wildcard. Pages, the back office and the operations port are for
nobody else's scripts.
"""

from __future__ import annotations

from collections.abc import Collection

from rialto.edge.cached import Message, Scope, Send

UNDER = "/v1/"
METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE"
# What the API reads beyond what scripts may always send, and what it answers beyond what they may always read.
SENT = b"Authorization, Content-Type, Accept-Language, Idempotency-Key, If-Match, If-None-Match"
READ = b"ETag, Location, Retry-After, WWW-Authenticate, X-Request-Id"
REMEMBERED_S = b"600"


class CrossOrigin:
    """Tells browsers what `origins` may do."""

    def __init__(self, origins: Collection[str]) -> None:
        self._origins = frozenset(origin.encode() for origin in origins)

    def telling(self, scope: Scope, headers: dict[bytes, bytes], send: Send) -> Send:
        """`send`, with the headers that let a script of an allowed origin read the answer."""
        if not scope["path"].startswith(UNDER):
            return send
        # Also on answers to nobody in particular: a cache must not hand one of them to a script.
        told = [(b"vary", b"Origin"), *self._allowance(headers.get(b"origin"))]

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *told]}
            await send(message)

        return telling

    async def answer_preflight(self, scope: Scope, headers: dict[bytes, bytes], send: Send) -> bool:
        """Answer the question that a browser asks before a script's request, if it is one and the origin is allowed."""
        asked = scope["method"] == "OPTIONS" and b"access-control-request-method" in headers
        if not asked or not scope["path"].startswith(UNDER) or headers.get(b"origin") not in self._origins:
            return False
        told = [
            (b"access-control-allow-methods", METHODS),
            (b"access-control-allow-headers", SENT),
            (b"access-control-max-age", REMEMBERED_S),
        ]
        await send({"type": "http.response.start", "status": 204, "headers": told})
        await send({"type": "http.response.body", "body": b""})
        return True

    def _allowance(self, origin: bytes | None) -> list[tuple[bytes, bytes]]:
        if origin not in self._origins or origin is None:
            return []
        return [(b"access-control-allow-origin", origin), (b"access-control-expose-headers", READ)]
