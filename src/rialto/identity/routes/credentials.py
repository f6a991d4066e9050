"""Passwords and e-mails on the web: forgotten, reset, changed, taken back."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import post
from litestar.params import JSONBody

from rialto.identity.api import (
    ChangeEmail,
    ChangePassword,
    ForgotPassword,
    Identity,
    LinkRefused,
    LinkToken,
    PasswordWeak,
    PasswordWrong,
    ResetPassword,
)
from rialto.identity.routes.accounts import TAG, Accepted, Link, Short
from rialto.identity.routes.guards import (
    NO_STORE,
    AnyRequest,
    account_of,
    signed_in,
)
from rialto.kernel.errors import Conflict
from rialto.kernel.http import Injected, about, client_of, customer_only, principal_of
from rialto.kernel.service import Frozen

Email = Annotated[str, msgspec.Meta(max_length=2000)]


class Forgotten(Frozen):
    email: Email


class NewPassword(Frozen):
    """The `token` of the mailed link, and the password to set."""

    token: Short
    password: Short


class PasswordChange(Frozen):
    old_password: Short
    new_password: Short


class EmailChange(Frozen):
    """`password` is the account's."""

    email: Email
    password: Short


@post(
    "/v1/auth/password/forgot",
    status_code=202,
    cache_control=NO_STORE,
    **about("forgot_password", "Have a link mailed that sets another password", tag=TAG),
)
async def forgot_password(
    data: JSONBody[Forgotten], request: AnyRequest, identity: Injected[Identity]
) -> Accepted:
    """The link is good once and for an hour. Without an account nothing is mailed, and the answer is the same."""
    await identity.forgot_password(ForgotPassword(email=data.email, client=client_of(request)))
    return Accepted()


@post(
    "/v1/auth/password/reset",
    status_code=204,
    **about(
        "reset_password", "Set another password by the link", tag=TAG, refuses=[LinkRefused, PasswordWeak]
    ),
)
async def reset_password(data: JSONBody[NewPassword], identity: Injected[Identity]) -> None:
    """Ends all sessions. The e-mail counts as verified, since the link went there."""
    await identity.reset_password(ResetPassword(token=data.token, password=data.password))


@post(
    "/v1/account/password",
    status_code=204,
    guards=[signed_in],
    **about(
        "change_password",
        "Change one's password",
        tag=TAG,
        refuses=[
            PasswordWrong,
            PasswordWeak,
            Conflict("Your password was changed elsewhere in the meantime."),
        ],
    ),
)
async def change_password(
    data: JSONBody[PasswordChange], request: AnyRequest, identity: Injected[Identity]
) -> None:
    """Needs the old one. The session that asks goes on, all others end."""
    await identity.change_password(
        ChangePassword(
            account_id=account_of(request),
            old_password=data.old_password,
            new_password=data.new_password,
            session_id=principal_of(request).session_id,
            client=client_of(request),
        )
    )


@post(
    "/v1/account/email",
    status_code=202,
    guards=[customer_only],
    cache_control=NO_STORE,
    **about("change_email", "Change one's e-mail", tag=TAG, refuses=[PasswordWrong]),
)
async def change_email(
    data: JSONBody[EmailChange], request: AnyRequest, identity: Injected[Identity]
) -> Accepted:
    """Mails a link to the new address, which counts once it is used, and one to the old that takes it back."""
    await identity.change_email(
        ChangeEmail(
            account_id=account_of(request),
            email=data.email,
            password=data.password,
            client=client_of(request),
        )
    )
    return Accepted()


@post(
    "/v1/auth/email/take-back",
    status_code=204,
    **about("take_back_email", "Take a change of the e-mail back", tag=TAG, refuses=[LinkRefused]),
)
async def take_back_email(data: JSONBody[Link], identity: Injected[Identity]) -> None:
    """For 72 hours after it was asked for. Sign-in starts anew from the old address: a link for that is mailed."""
    await identity.take_back_email(LinkToken(token=data.token))


ROUTES = [forgot_password, reset_password, change_password, change_email, take_back_email]
