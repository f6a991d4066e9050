"""Signing in on the web, and the public keys."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import CacheControlHeader
from litestar.params import JSONBody

from rialto.identity.api import (
    Identity,
    Jwks,
    RefreshWith,
    SignedIn,
    SignIn,
    SignInRefused,
    TokenRefused,
    Tokens,
)
from rialto.identity.routes.guards import NO_STORE
from rialto.kernel.http import Injected, about, client_of
from rialto.kernel.service import Frozen, Nothing

Short = Annotated[str, msgspec.Meta(max_length=2000)]
TAG = "sign-in"


class Login(Frozen, kw_only=True):
    email: Short
    password: Short
    device: Short = ""


class Refresh(Frozen, kw_only=True):
    refresh_token: Short


class MfaRequired(Frozen):
    """The password is right, `factor` is missing: a `code`, or a `passkey`. `expires_in` is the token's life in seconds."""

    mfa_token: str
    expires_in: int
    mfa_required: bool = True
    factor: str = "code"


@post(
    "/v1/auth/login",
    status_code=200,
    cache_control=NO_STORE,
    **about(
        "login",
        "Sign in",
        tag=TAG,
        answers={202: MfaRequired},
        refuses=[SignInRefused(signed_in=False)],
        goes_on=True,
    ),
)
async def login(
    data: JSONBody[Login], request: Request[Any, Any, Any], identity: Injected[Identity]
) -> Response[Tokens]:
    """Tokens for e-mail and password. A wrong password and an unknown account are told alike, after the same work.

    `expires_in` is the access token's life in seconds. After ten failures each further attempt has to wait. An
    account with a second factor answers 202 with an `mfa_token` instead: send it with a code to
    `/v1/auth/totp/verify`. With `factor` `passkey` (staff without codes who have one) sign in by
    `/v1/auth/passkeys/sign-in/verify`, which needs no password.
    """
    answer = await identity.sign_in(
        SignIn(email=data.email, password=data.password, client=client_of(request), device=data.device)
    )
    return signed_in_response(answer)


@post(
    "/v1/auth/refresh",
    status_code=200,
    cache_control=NO_STORE,
    **about("refresh", "Get new tokens", tag=TAG, refuses=[TokenRefused(signed_in=False)], goes_on=True),
)
async def refresh(data: JSONBody[Refresh], identity: Injected[Identity]) -> Tokens:
    """A refresh token is good once; one used twice ends its session. Within 30 seconds a repeat is forgiven."""
    return await identity.refresh(RefreshWith(refresh_token=data.refresh_token))


@post("/v1/auth/logout", status_code=204, **about("logout", "Sign out", tag=TAG, goes_on=True))
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


def signed_in_response(answer: SignedIn) -> Response[Tokens]:
    if answer.second_step is not None:
        step = answer.second_step
        waiting = MfaRequired(mfa_token=step.mfa_token, expires_in=step.expires_in, factor=step.factor)
        return Response(waiting, status_code=202)  # type: ignore[arg-type]
    assert answer.tokens is not None
    return Response(answer.tokens)


ROUTES = [login, refresh, logout, read_keys]
