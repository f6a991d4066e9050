"""Staying signed in: a page asked for with a session whose access token has run out gets a new one on the way.

Two tabs that do so at once get the same successor (identity forgives a repeat for half a minute). A session that has
ended takes its cookies with it, and the page is a guest's.
"""

from __future__ import annotations

from typing import Any

from litestar.datastructures import Cookie
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from rialto.edge.principals import Principals, cookies_of
from rialto.identity.api import Identity, RefreshWith, TokenRefused
from rialto.kernel import browser
from rialto.kernel.browser import ADMIN, jar_of

# Of routes, as they are declared: pictures, styles and the like belong to nobody.
OF_SOMEBODY = ("/{lang", ADMIN.path)


def staying_signed_in(identity: Identity, *, secure: bool) -> Any:
    """Middleware for Litestar, to stand before whatever asks who is there. `secure` as the cookies have it."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            cookies = await _renewed(scope, identity, secure=secure) if _is_page(scope) else []
            if not cookies:
                await app(scope, receive, send)
                return
            headers = [(b"set-cookie", cookie.to_encoded_header()[1]) for cookie in cookies]

            async def with_cookies(message: Message) -> None:
                if message["type"] == "http.response.start" and not _says_otherwise(message, cookies):
                    message["headers"] = [*message["headers"], *headers]
                await send(message)

            await app(scope, receive, with_cookies)

        return call

    return wrap


def _is_page(scope: Scope) -> bool:
    paths: set[str] = getattr(scope.get("route_handler"), "paths", set())
    return any(path.startswith(OF_SOMEBODY) for path in paths)


async def _renewed(scope: Scope, identity: Identity, *, secure: bool) -> list[Cookie]:
    """New cookies where the old ones did not do. Raises Unavailable: whose page it is cannot be told then."""
    headers = dict(scope["headers"])
    jar = jar_of(scope["path"])
    token = cookies_of(headers).get(jar.refresh) if b"cookie" in headers else None
    if not token:
        return []
    principals: Principals = scope["rialto.principal"]  # type: ignore[typeddict-item]
    if principals().kind != "guest":
        return []
    try:
        tokens = await identity.refresh(RefreshWith(refresh_token=token))
    except TokenRefused:
        return browser.signed_out(jar, secure=secure)
    principals.take(tokens.access_token)
    return browser.signed_in(
        jar,
        access=tokens.access_token,
        refresh=tokens.refresh_token,
        expires_in=tokens.expires_in,
        secure=secure,
    )


def _says_otherwise(message: Message, cookies: list[Cookie]) -> bool:
    """Whether the page itself signs in or out: then that counts."""
    names = tuple(f"{cookie.key}=".encode() for cookie in cookies)
    headers = message["headers"]  # type: ignore[typeddict-item]
    return any(name.lower() == b"set-cookie" and value.startswith(names) for name, value in headers)
