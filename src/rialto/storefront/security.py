"""The one place for what a browser is told not to do, and for refusing posts that come from elsewhere.

There is no token against forged posts: cookies are SameSite=Lax and a post must come from our own origin,
which the browser states itself (Sec-Fetch-Site, Origin). Neither header: not a browser, nothing to forge.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from litestar import Response
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from rialto.kernel.errors import Denied

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

HEADERS: dict[str, str] = {
    "Referrer-Policy": "same-origin",  # a guest's order address holds its key
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class ForeignPost(Denied):
    code = "foreign_post"
    message = "This form was sent from another site."


def content_policy(provider: str | None = None, *, styles: str = "'self'") -> str:
    """The Content-Security-Policy; `provider` is the one other origin: its card frame and its hosted page.

    `styles` is where styles may come from.
    """
    foreign = f" {provider}" if provider else ""
    frames = foreign or " 'none'"
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            f"style-src {styles}",
            "img-src 'self' data:",
            f"frame-src{frames}",
            f"form-action 'self'{foreign}",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "object-src 'none'",
        )
    )


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


async def own_posts_only(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Guard: raises ForeignPost for a changing request that another site caused.

    A coroutine, because Litestar sends plain functions through a thread at each request.
    """
    if connection.scope["method"] in SAFE_METHODS:  # type: ignore[typeddict-item]
        return
    site, origin = connection.headers.get("sec-fetch-site"), connection.headers.get("origin")
    if site is not None:
        own = site in {"same-origin", "none"}
    else:
        own = origin is None or urlsplit(origin).netloc == connection.headers.get("host", "")
    if not own:
        raise ForeignPost


def harden(response: Response[Any]) -> Response[Any]:
    """After every request: the headers that hold for pages, pictures and redirects alike."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", content_policy())
    return response
