"""Who may pass, where it is not a permission that decides; and from where somebody asks."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import CacheControlHeader
from litestar.handlers.base import BaseRouteHandler
from litestar.params import HeaderParameter

from rialto.kernel.auth import Principal
from rialto.kernel.errors import Denied
from rialto.kernel.http import principal_of

AnyRequest = Request[Any, Any, Any]
NO_STORE = CacheControlHeader(no_store=True)

Key = Annotated[str | None, HeaderParameter(name="Idempotency-Key")]


def client_of(request: AnyRequest) -> str:
    """The caller's network address, as the edge found it behind trusted proxies."""
    found: str | None = request.scope.get("rialto.client")  # type: ignore[assignment]
    return found or (request.client.host if request.client else "")


def owner_of(request: AnyRequest) -> Principal:
    """Who is asking, behind a guard that lets no guest pass."""
    principal = principal_of(request)
    assert principal.id is not None, "a route for somebody signed in has no guard"
    return principal


async def signed_in(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """A guard: any customer or member of staff."""
    if principal_of(connection).kind not in {"customer", "staff"}:
        raise Denied("Please sign in.", signed_in=False, code="not_signed_in")


async def customer_only(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """A guard: any customer."""
    principal = principal_of(connection)
    if principal.kind == "guest":
        raise Denied("Please sign in.", signed_in=False, code="not_signed_in")
    if principal.kind != "customer":
        raise Denied("This is for customers.")


async def staff_only(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """A guard: any member of staff."""
    principal = principal_of(connection)
    if principal.kind == "guest":
        raise Denied("Please sign in.", signed_in=False, code="not_signed_in")
    if principal.kind != "staff":
        raise Denied("This is for staff.")


staff_only.permission = "any member of staff"  # type: ignore[attr-defined]
signed_in.permission = "anybody signed in"  # type: ignore[attr-defined]
customer_only.permission = "any customer"  # type: ignore[attr-defined]
