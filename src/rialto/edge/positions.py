"""Reading one's own writes over several requests: browsers carry their position in a cookie, programs in a header.

A request that changed something is answered with the position of the database after it. A browser sends it back by
itself for a minute, far longer than a standby may be behind (kernel/standbys.py), so a browser without the cookie has
written nothing that a standby could miss. A program may send the header `Rialto-Position` back; one that does not is
answered by the primary.
"""

from __future__ import annotations

from typing import Any

from litestar.datastructures import Cookie
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from rialto.edge.principals import cookies_of
from rialto.kernel.errors import RialtoError
from rialto.kernel.positions import Seen, parse_lsn, seeing, write_lsn
from rialto.kernel.standbys import Standbys

COOKIE = "position"
HEADER = b"rialto-position"
KEPT_S = 60
# Something was written, and how far the database was then could not be found out.
UNKNOWN = "unknown"


def following(standbys: Standbys, *, secure: bool) -> Any:
    """Middleware for Litestar, to stand before whatever asks a database. `secure` as the other cookies have it."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            with seeing(_position_of(dict(scope["headers"]))) as seen:

                async def telling(message: Message) -> None:
                    if message["type"] == "http.response.start" and seen.wrote:
                        told = await _told(standbys, seen)
                        cookie = Cookie(
                            key=COOKIE,
                            value=told,
                            max_age=KEPT_S,
                            httponly=True,
                            secure=secure,
                            samesite="lax",
                        )
                        message["headers"] = [
                            *message["headers"],
                            (b"set-cookie", cookie.to_encoded_header()[1]),
                            (HEADER, told.encode()),
                        ]
                    await send(message)

                await app(scope, receive, telling)

        return call

    return wrap


def _position_of(headers: dict[bytes, bytes]) -> int | None:
    """What the client says it has seen. Made up, it can only be too much: the primary answers then."""
    told = headers.get(HEADER)
    if told is not None:
        return parse_lsn(told.decode("latin-1"))
    if b"cookie" not in headers:
        return None
    cookie = cookies_of(headers).get(COOKIE)
    return 0 if cookie is None else parse_lsn(cookie.strip('"'))


async def _told(standbys: Standbys, seen: Seen) -> str:
    try:
        position = await standbys.position()
    except RialtoError:
        return UNKNOWN
    seen.position, seen.wrote = position, False
    return write_lsn(position)
