"""Signing in on the web, the public keys, and staff's accounts."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, get, post, put
from litestar.connection import ASGIConnection
from litestar.datastructures import CacheControlHeader
from litestar.handlers.base import BaseRouteHandler
from litestar.params import JSONBody

from rialto.identity.api import Identity, Jwks, PutStaff, RefreshWith, SignIn, Staff, StaffList, Tokens
from rialto.kernel.errors import Denied
from rialto.kernel.http import Injected, principal_of, requires
from rialto.kernel.service import Frozen, Nothing

Short = Annotated[str, msgspec.Meta(max_length=2000)]
NO_STORE = CacheControlHeader(no_store=True)


class Login(Frozen, kw_only=True):
    email: Short
    password: Short
    device: Short = ""


class Refresh(Frozen, kw_only=True):
    refresh_token: Short


class NewStaff(Frozen, kw_only=True):
    """Creates the account of this e-mail, or sets its name, password and roles and makes it active."""

    email: Short
    name: Short
    password: Short
    roles: Annotated[list[Short], msgspec.Meta(max_length=50)]


class Me(Frozen, kw_only=True):
    """Who the access token says this is, and what it may do."""

    id: str
    kind: str
    roles: list[str]
    permissions: list[str]


def staff_only(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """A guard: any member of staff."""
    principal = principal_of(connection)
    if principal.kind == "guest":
        raise Denied("Please sign in.", signed_in=False, code="not_signed_in")
    if principal.kind != "staff":
        raise Denied("This is for staff.")


@post("/v1/auth/login", status_code=200, summary="Sign in", cache_control=NO_STORE)
async def login(
    data: JSONBody[Login], request: Request[Any, Any, Any], identity: Injected[Identity]
) -> Tokens:
    client = request.client.host if request.client else ""
    return await identity.sign_in(
        SignIn(email=data.email, password=data.password, client=client, device=data.device)
    )


@post("/v1/auth/refresh", status_code=200, summary="New tokens for a refresh token", cache_control=NO_STORE)
async def refresh(data: JSONBody[Refresh], identity: Injected[Identity]) -> Tokens:
    return await identity.refresh(RefreshWith(refresh_token=data.refresh_token))


@post("/v1/auth/logout", status_code=204, summary="End the session")
async def logout(data: JSONBody[Refresh], identity: Injected[Identity]) -> None:
    await identity.sign_out(RefreshWith(refresh_token=data.refresh_token))


@get(
    "/.well-known/jwks.json",
    summary="Public keys of access tokens",
    cache_control=CacheControlHeader(public=True, max_age=300),
)
async def read_keys(identity: Injected[Identity]) -> Jwks:
    return await identity.jwks(Nothing())


@get("/v1/admin/me", guards=[staff_only], summary="Who am I", cache_control=NO_STORE)
async def read_me(request: Request[Any, Any, Any]) -> Me:
    principal = principal_of(request)
    return Me(
        id=principal.id or "",
        kind=principal.kind,
        roles=list(principal.roles),
        permissions=sorted(principal.permissions),
    )


@get("/v1/admin/staff", guards=[requires("staff.write")], summary="All staff", cache_control=NO_STORE)
async def list_staff(identity: Injected[Identity]) -> StaffList:
    return await identity.list_staff(Nothing())


@put("/v1/admin/staff", guards=[requires("staff.write")], summary="Create or change a member of staff")
async def put_staff(data: JSONBody[NewStaff], identity: Injected[Identity]) -> Staff:
    return await identity.put_staff(
        PutStaff(email=data.email, name=data.name, password=data.password, roles=data.roles)
    )


ROUTES = [login, refresh, logout, read_keys, read_me, list_staff, put_staff]
