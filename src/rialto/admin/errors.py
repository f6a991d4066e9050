"""What staff see when something is wrong, made without asking any service; and the way to sign in."""

from __future__ import annotations

from typing import Any

from litestar import Response
from litestar.handlers import HTTPRouteHandler

from rialto.admin.desk import AnyRequest, language_of, sign_in_url
from rialto.admin.rendering import bare_frame, go, render
from rialto.kernel.errors import Denied
from rialto.kernel.http import principal_of
from rialto.kernel.roles import grants
from rialto.storefront.security import harden

KINDS = {404: "missing", 403: "denied", 405: "missing", 410: "missing", 429: "busy", 503: "away"}


def render_error(request: AnyRequest, status: int, error: BaseException | None = None) -> Response[Any]:
    """The page for a failed request below `/admin`; whoever is not signed in is sent to do so and comes back."""
    if status == 401:
        return harden(go(sign_in_url(request), 303))
    kind = KINDS.get(status, "missing" if 400 <= status < 500 else "broken")
    context = bare_frame(language_of(request), request.scope["path"])
    permission = _missing_permission(request) if status == 403 else ""
    response = render(
        "pages/error.html",
        {**context, "kind": kind, "status": status, "permission": permission},
        status=status,
    )
    if status in {429, 503}:
        wait_s = getattr(error, "retry_after_s", None)
        response.headers["Retry-After"] = str(max(1, round(wait_s or 5)))
    return harden(response)


def _missing_permission(request: AnyRequest) -> str:
    """The permission this address needs and the visitor has not; empty where that is not what was wrong."""
    handler = request.scope.get("route_handler")
    if not isinstance(handler, HTTPRouteHandler):
        return ""
    try:
        granted = principal_of(request).permissions
    except Denied:
        return ""
    needed = [str(guard.permission) for guard in handler.resolve_guards() if hasattr(guard, "permission")]
    return next((one for one in needed if "." in one and not grants(granted, one)), "")
