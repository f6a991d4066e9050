"""The second step of signing in, and one's authenticator, on the web."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import post
from litestar.params import JSONBody

from rialto.identity.api import (
    CodeRefused,
    ConfirmTotp,
    EmailNotVerified,
    FinishSignIn,
    Identity,
    PasswordWrong,
    ProofNeeded,
    RecoveryCodes,
    SecondFactorOff,
    SecondFactorOn,
    TokenRefused,
    Tokens,
    TotpSetup,
)
from rialto.identity.routes.accounts import Short
from rialto.identity.routes.guards import NO_STORE, AnyRequest, account_of, proof_of, signed_in
from rialto.identity.routes.signing_in import TAG
from rialto.kernel.http import Injected, about, client_of, principal_of
from rialto.kernel.service import Frozen

Code = Annotated[str, msgspec.Meta(max_length=40)]


class SecondStepBody(Frozen):
    """`code` is what the authenticator shows, or a recovery code."""

    mfa_token: Short
    code: Code
    device: Short = ""


class TotpCode(Frozen):
    code: Code


class ProofBody(Frozen):
    """The password; may be left out within ten minutes after signing in."""

    password: Short | None = None


class PasswordBody(Frozen):
    password: Short


@post(
    "/v1/auth/totp/verify",
    status_code=200,
    cache_control=NO_STORE,
    **about(
        "finish_sign_in",
        "Finish signing in with a code",
        tag=TAG,
        refuses=[TokenRefused(signed_in=False), CodeRefused(signed_in=False)],
        goes_on=True,
    ),
)
async def finish_sign_in(
    data: JSONBody[SecondStepBody], request: AnyRequest, identity: Injected[Identity]
) -> Tokens:
    """The `mfa_token` is good for five minutes, each code once. After ten wrong codes each further one has to wait."""
    return await identity.finish_sign_in(
        FinishSignIn(mfa_token=data.mfa_token, code=data.code, client=client_of(request), device=data.device)
    )


@post(
    "/v1/auth/totp/enrol",
    status_code=200,
    guards=[signed_in],
    cache_control=NO_STORE,
    **about(
        "begin_totp",
        "Get a secret for an authenticator",
        tag=TAG,
        refuses=[ProofNeeded, PasswordWrong, EmailNotVerified, SecondFactorOn],
    ),
)
async def begin_totp(
    data: JSONBody[ProofBody], request: AnyRequest, identity: Injected[Identity]
) -> TotpSetup:
    """The secret as text, as an `otpauth` URI and as a QR code (SVG). It counts once it is confirmed."""
    return await identity.begin_totp(proof_of(request, data.password))


@post(
    "/v1/auth/totp/confirm",
    status_code=200,
    guards=[signed_in],
    cache_control=NO_STORE,
    **about(
        "confirm_totp",
        "Switch the second factor on",
        tag=TAG,
        refuses=[CodeRefused, SecondFactorOff, SecondFactorOn],
    ),
)
async def confirm_totp(
    data: JSONBody[TotpCode], request: AnyRequest, identity: Injected[Identity]
) -> RecoveryCodes:
    """With a code of the new secret. Answers ten recovery codes, which are not shown again; other sessions end."""
    return await identity.confirm_totp(
        ConfirmTotp(
            account_id=account_of(request), code=data.code, session_id=principal_of(request).session_id
        )
    )


@post(
    "/v1/auth/totp/disable",
    status_code=204,
    guards=[signed_in],
    **about("disable_totp", "Switch the second factor off", tag=TAG, refuses=[PasswordWrong]),
)
async def disable_totp(
    data: JSONBody[PasswordBody], request: AnyRequest, identity: Injected[Identity]
) -> None:
    """Needs the password. The recovery codes go with it."""
    await identity.disable_totp(proof_of(request, data.password))


@post(
    "/v1/auth/totp/recovery-codes",
    status_code=200,
    guards=[signed_in],
    cache_control=NO_STORE,
    **about(
        "renew_recovery_codes",
        "Get new recovery codes",
        tag=TAG,
        refuses=[ProofNeeded, PasswordWrong, SecondFactorOff],
    ),
)
async def renew_recovery_codes(
    data: JSONBody[ProofBody], request: AnyRequest, identity: Injected[Identity]
) -> RecoveryCodes:
    """Ten new ones; the old ones are good no more."""
    return await identity.renew_recovery_codes(proof_of(request, data.password))


ROUTES = [finish_sign_in, begin_totp, confirm_totp, disable_totp, renew_recovery_codes]
