"""Passkeys on the web."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import delete, get, patch, post
from litestar.params import FromPath, JSONBody

from rialto.identity.api import (
    AccountRef,
    AddPasskey,
    ClientRef,
    EmailNotVerified,
    Identity,
    Passkey,
    PasskeyKnown,
    PasskeyList,
    PasskeyOptions,
    PasskeyRef,
    PasskeyRefused,
    PasskeysFull,
    PasswordWrong,
    ProofNeeded,
    RenamePasskey,
    SignInWithPasskey,
    Tokens,
)
from rialto.identity.routes.accounts import Short
from rialto.identity.routes.guards import NO_STORE, AnyRequest, account_of, proof_of, signed_in
from rialto.identity.routes.second_factors import ProofBody
from rialto.identity.routes.signing_in import TAG
from rialto.kernel.http import Injected, about, client_of
from rialto.kernel.ids import PASSKEY
from rialto.kernel.service import Frozen

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]


class NewPasskeyBody(Frozen):
    """`credential` is the browser's answer, by its `toJSON()`."""

    credential: dict[str, Any]
    name: Name


class PasskeyAnswer(Frozen):
    """`credential` is the browser's answer, by its `toJSON()`."""

    credential: dict[str, Any]
    device: Short = ""


class PasskeyName(Frozen):
    name: Name


@post(
    "/v1/auth/passkeys/register/options",
    status_code=200,
    guards=[signed_in],
    cache_control=NO_STORE,
    **about(
        "begin_passkey",
        "Get what a browser makes a passkey with",
        tag=TAG,
        refuses=[ProofNeeded, PasswordWrong, EmailNotVerified, PasskeysFull],
    ),
)
async def begin_passkey(
    data: JSONBody[ProofBody], request: AnyRequest, identity: Injected[Identity]
) -> PasskeyOptions:
    """For `navigator.credentials.create`. Good once and for five minutes."""
    return await identity.begin_passkey(proof_of(request, data.password))


@post(
    "/v1/auth/passkeys/register/verify",
    status_code=200,
    guards=[signed_in],
    cache_control=NO_STORE,
    **about("add_passkey", "Add a passkey", tag=TAG, refuses=[PasskeyRefused, PasskeyKnown, PasskeysFull]),
)
async def add_passkey(
    data: JSONBody[NewPasskeyBody], request: AnyRequest, identity: Injected[Identity]
) -> Passkey:
    """What the browser answered. At most twenty."""
    return await identity.add_passkey(
        AddPasskey(account_id=account_of(request), credential=data.credential, name=data.name)
    )


@post(
    "/v1/auth/passkeys/sign-in/options",
    status_code=200,
    cache_control=NO_STORE,
    **about("begin_passkey_sign_in", "Get what a browser signs in with", tag=TAG, goes_on=True),
)
async def begin_passkey_sign_in(request: AnyRequest, identity: Injected[Identity]) -> PasskeyOptions:
    """For `navigator.credentials.get`: the browser offers the passkeys it has. Good once and for five minutes."""
    return await identity.begin_passkey_sign_in(ClientRef(client=client_of(request)))


@post(
    "/v1/auth/passkeys/sign-in/verify",
    status_code=200,
    cache_control=NO_STORE,
    **about(
        "sign_in_with_passkey",
        "Sign in with a passkey",
        tag=TAG,
        refuses=[PasskeyRefused(signed_in=False)],
        goes_on=True,
    ),
)
async def sign_in_with_passkey(
    data: JSONBody[PasskeyAnswer], request: AnyRequest, identity: Injected[Identity]
) -> Tokens:
    """Without password and code: the device has verified its user."""
    return await identity.sign_in_with_passkey(
        SignInWithPasskey(credential=data.credential, client=client_of(request), device=data.device)
    )


@get(
    "/v1/auth/passkeys",
    guards=[signed_in],
    cache_control=NO_STORE,
    **about("list_passkeys", "List one's passkeys", tag=TAG),
)
async def list_passkeys(request: AnyRequest, identity: Injected[Identity]) -> PasskeyList:
    """The oldest first."""
    return await identity.list_passkeys(AccountRef(account_id=account_of(request)))


@patch(
    "/v1/auth/passkeys/{passkey_id:str}",
    guards=[signed_in],
    cache_control=NO_STORE,
    **about("rename_passkey", "Name a passkey", tag=TAG),
)
async def rename_passkey(
    data: JSONBody[PasskeyName], request: AnyRequest, identity: Injected[Identity], passkey_id: FromPath[str]
) -> Passkey:
    """So that one knows which device it is on."""
    return await identity.rename_passkey(
        RenamePasskey(account_id=account_of(request), passkey_id=passkey_id, name=data.name)
    )


@delete(
    "/v1/auth/passkeys/{passkey_id:str}",
    status_code=204,
    guards=[signed_in],
    **about("remove_passkey", "Remove a passkey", tag=TAG),
)
async def remove_passkey(
    request: AnyRequest, identity: Injected[Identity], passkey_id: FromPath[str]
) -> None:
    """One that is not there: nothing. Sessions that it began go on."""
    found = PASSKEY.parse(passkey_id)
    await identity.remove_passkey(PasskeyRef(account_id=account_of(request), passkey_id=found))


ROUTES = [
    begin_passkey,
    add_passkey,
    begin_passkey_sign_in,
    sign_in_with_passkey,
    list_passkeys,
    rename_passkey,
    remove_passkey,
]
