"""Signing in on the web, the public keys, and staff's accounts."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, get, post, put
from litestar.connection import ASGIConnection
from litestar.datastructures import CacheControlHeader
from litestar.handlers.base import BaseRouteHandler
from litestar.params import JSONBody

from rialto.identity.api import (
    EmailTaken,
    Identity,
    Jwks,
    PasswordWeak,
    PutStaff,
    RefreshWith,
    SignIn,
    SignInRefused,
    Staff,
    StaffList,
    TokenRefused,
    Tokens,
)
from rialto.kernel.errors import Denied
from rialto.kernel.http import Injected, about, client_of, principal_of, requires
from rialto.kernel.service import Frozen, Nothing

Short = Annotated[str, msgspec.Meta(max_length=2000)]
NO_STORE = CacheControlHeader(no_store=True)
TAG = "sign-in"
PEOPLE = "staff: people"


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


async def staff_only(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """A guard: any member of staff."""
    principal = principal_of(connection)
    if principal.kind == "guest":
        raise Denied("Please sign in.", signed_in=False, code="not_signed_in")
    if principal.kind != "staff":
        raise Denied("This is for staff.")


staff_only.permission = "any member of staff"  # type: ignore[attr-defined]


@post(
    "/v1/auth/login",
    status_code=200,
    cache_control=NO_STORE,
    **about("login", "Sign in", tag=TAG, refuses=[SignInRefused(signed_in=False)]),
)
async def login(
    data: JSONBody[Login], request: Request[Any, Any, Any], identity: Injected[Identity]
) -> Tokens:
    """Tokens for e-mail and password. A wrong password and an unknown account are told alike, after the same work.

    `expires_in` is the access token's life in seconds. After ten failures each further attempt has to wait.
    """
    client = client_of(request)
    return await identity.sign_in(
        SignIn(email=data.email, password=data.password, client=client, device=data.device)
    )


@post(
    "/v1/auth/refresh",
    status_code=200,
    cache_control=NO_STORE,
    **about("refresh", "Get new tokens", tag=TAG, refuses=[TokenRefused(signed_in=False)]),
)
async def refresh(data: JSONBody[Refresh], identity: Injected[Identity]) -> Tokens:
    """A refresh token is good once; one used twice ends its session. Within 30 seconds a repeat is forgiven."""
    return await identity.refresh(RefreshWith(refresh_token=data.refresh_token))


@post("/v1/auth/logout", status_code=204, **about("logout", "Sign out", tag=TAG))
async def logout(data: JSONBody[Refresh], identity: Injected[Identity]) -> None:
    """Ends the session of a refresh token. Access tokens that are out run for their few minutes."""
    await identity.sign_out(RefreshWith(refresh_token=data.refresh_token))


@get(
    "/.well-known/jwks.json",
    cache_control=CacheControlHeader(public=True, max_age=300),
    **about("read_keys", "Read the public keys", tag=TAG),
)
async def read_keys(identity: Injected[Identity]) -> Jwks:
    """The keys (RFC 7517) that access tokens are signed with."""
    return await identity.jwks(Nothing())


@get(
    "/v1/admin/me",
    guards=[staff_only],
    cache_control=NO_STORE,
    **about("read_me", "Who am I", tag=PEOPLE),
)
async def read_me(request: Request[Any, Any, Any]) -> Me:
    """Whom the access token belongs to, and what it allows."""
    principal = principal_of(request)
    return Me(
        id=principal.id or "",
        kind=principal.kind,
        roles=list(principal.roles),
        permissions=sorted(principal.permissions),
    )


@get(
    "/v1/admin/staff",
    guards=[requires("staff.write")],
    cache_control=NO_STORE,
    **about("list_staff", "List staff", tag=PEOPLE),
)
async def list_staff(identity: Injected[Identity]) -> StaffList:
    """Everybody who may sign in, and who may no more."""
    return await identity.list_staff(Nothing())


@put(
    "/v1/admin/staff",
    guards=[requires("staff.write")],
    **about("put_staff", "Create or change a member", tag=PEOPLE, refuses=[PasswordWeak, EmailTaken]),
)
async def put_staff(data: JSONBody[NewStaff], identity: Injected[Identity]) -> Staff:
    """By e-mail: makes the account, or sets its name, password and roles; another password ends its sessions."""
    return await identity.put_staff(
        PutStaff(email=data.email, name=data.name, password=data.password, roles=data.roles)
    )


ROUTES = [login, refresh, logout, read_keys, read_me, list_staff, put_staff]
