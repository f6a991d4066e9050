"""Making an account and proving its e-mail, on the web."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import post
from litestar.params import JSONBody

from rialto.identity.api import (
    AccountRef,
    EmailTaken,
    Identity,
    LinkRefused,
    LinkToken,
    PasswordWeak,
    Register,
)
from rialto.identity.routes.guards import (
    KEY_NOT_VALID,
    KEY_PARAMETER,
    NO_STORE,
    AnyRequest,
    account_of,
    key_of,
)
from rialto.kernel.http import Injected, about, client_of, customer_only
from rialto.kernel.service import Frozen

Short = Annotated[str, msgspec.Meta(max_length=2000)]
TAG = "account"


class Registration(Frozen):
    """`language` and `channel` are those of the shop front that mails should speak for."""

    email: Short
    password: Short
    name: Short
    language: Annotated[str, msgspec.Meta(max_length=35)] = "en"
    channel: Annotated[str, msgspec.Meta(max_length=60)] = "default"


class Link(Frozen):
    """The `token` of a link that was mailed."""

    token: Short


class Accepted(Frozen):
    """What follows comes by mail. The answer is the same whether there is an account or not."""

    status: str = "accepted"


@post(
    "/v1/auth/register",
    status_code=202,
    cache_control=NO_STORE,
    **about(
        "register",
        "Make an account",
        tag=TAG,
        refuses=[PasswordWeak, KEY_NOT_VALID],
        parameters=[KEY_PARAMETER],
    ),
)
async def register(
    data: JSONBody[Registration], request: AnyRequest, identity: Injected[Identity]
) -> Accepted:
    """Makes a customer's account and mails a link that verifies the e-mail.

    If the e-mail has an account the answer is the same, and its owner is mailed that there is one. One may sign in
    before the e-mail is verified.
    """
    await identity.register(
        Register(
            email=data.email,
            password=data.password,
            name=data.name,
            language=data.language,
            channel=data.channel,
            client=client_of(request),
            key=key_of(request),
        )
    )
    return Accepted()


@post(
    "/v1/auth/email/verify",
    status_code=204,
    **about("verify_email", "Verify an e-mail", tag=TAG, refuses=[LinkRefused, EmailTaken]),
)
async def verify_email(data: JSONBody[Link], identity: Injected[Identity]) -> None:
    """The link of a registration or of a change of the e-mail: good once and for 24 hours."""
    await identity.verify_email(LinkToken(token=data.token))


@post(
    "/v1/auth/email/resend",
    status_code=202,
    guards=[customer_only],
    cache_control=NO_STORE,
    **about("resend_verification", "Mail the link again", tag=TAG),
)
async def resend_verification(request: AnyRequest, identity: Injected[Identity]) -> Accepted:
    """Mails the link that verifies the e-mail once more. Verified already: nothing is mailed."""
    await identity.resend_verification(AccountRef(account_id=account_of(request)))
    return Accepted()


ROUTES = [register, verify_email, resend_verification]
