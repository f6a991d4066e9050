"""While the maintenance sign is up, what would change something for customers is answered 503.

Reading goes on, staff go on, and so does what a route declares with `goes_on`: signing in and out, refreshing a
session, and the payment providers' messages, without which money that moved meanwhile would not be noticed.
Background work is not asked: what was begun is settled.
"""

from __future__ import annotations

from typing import Any

from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from rialto.kernel.auth import Principal
from rialto.kernel.browser import ADMIN
from rialto.kernel.errors import Denied
from rialto.kernel.http import GOES_ON
from rialto.kernel.maintenance import MaintenanceSign

READING = frozenset({"GET", "HEAD", "OPTIONS"})
BACK_OFFICE = ADMIN.path  # pages that know their staff by a cookie, and let nobody else in


def maintained(sign: MaintenanceSign) -> Any:
    """Middleware for Litestar. Raises InMaintenance into the application's error handling."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            if scope.get("method") not in READING and not _goes_on(scope):
                await sign.check()
            await app(scope, receive, send)

        return call

    return wrap


def stops_in_maintenance(handler: HTTPRouteHandler) -> bool:
    """Whether the route answers customers with 503 then, for those who describe it."""
    for_staff = any(hasattr(guard, "permission") for guard in handler.resolve_guards())
    return not (for_staff or handler.opt.get(GOES_ON) or READING & {*handler.http_methods})


def _goes_on(scope: Scope) -> bool:
    handler: Any = scope.get("route_handler")
    if handler is not None and handler.opt.get(GOES_ON):
        return True
    path = scope["path"]
    return path == BACK_OFFICE or path.startswith(f"{BACK_OFFICE}/") or _is_staff(scope)


def _is_staff(scope: Scope) -> bool:
    try:
        principal: Principal = scope["rialto.principal"]()  # type: ignore[typeddict-item]
    except Denied:
        return False
    return principal.kind == "staff"
