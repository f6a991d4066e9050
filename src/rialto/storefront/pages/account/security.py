"""What keeps others out: sessions, the second factor, passkeys."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from rialto.identity.api import (
    AccountRef,
    AddPasskey,
    ConfirmTotp,
    EndSession,
    Identity,
    OwnSession,
    PasskeyRef,
    Proof,
    RecoveryCodes,
    RenamePasskey,
    TotpSetup,
)
from rialto.kernel.errors import NotFound, RialtoError
from rialto.kernel.http import Injected, customer_only, principal_of, status_of
from rialto.kernel.ids import PASSKEY
from rialto.search.api import Search
from rialto.storefront.accounts import device_of, own_account, proven, refusal, told_done
from rialto.storefront.forms import credential_of, typed
from rialto.storefront.problems import Problem
from rialto.storefront.rendering import PAGE, go, private_page
from rialto.storefront.visit import AnyRequest, Visit

NAME_LENGTH_MAX = 60


@get("/{lang:str}/account/security", guards=[customer_only])
async def security_page(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], identity: Injected[Identity]
) -> PAGE:
    return await _page(request, visit, search, identity)


@post("/{lang:str}/account/security/sessions", status_code=200, guards=[customer_only])
async def end_session(request: AnyRequest, visit: Injected[Visit], identity: Injected[Identity]) -> Redirect:
    """One session, or without a name all the others. One that is over already: nothing."""
    named = typed(dict(await request.form()), "session")
    account_id = own_account(visit)
    if not named:
        await identity.end_other_sessions(
            OwnSession(account_id=account_id, session_id=principal_of(request).session_id)
        )
        return go(visit.url("account/security", done="sessions"))
    with suppress(NotFound):
        await identity.end_session(EndSession(account_id=account_id, session_id=named))
    return go(visit.url("account/security", done="session"))


@post("/{lang:str}/account/security/totp", status_code=200, guards=[customer_only])
async def begin_totp(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], identity: Injected[Identity]
) -> PAGE:
    """A secret to be shown once; it counts when a code of it was given."""
    try:
        setup = await proven(request, visit, search, identity.begin_totp)
    except RialtoError as error:
        return await _page(request, visit, search, identity, error=error)
    return await _totp(visit, search, setup=setup) if isinstance(setup, TotpSetup) else setup


@post("/{lang:str}/account/security/totp/confirm", status_code=200, guards=[customer_only])
async def confirm_totp(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], identity: Injected[Identity]
) -> PAGE:
    command = ConfirmTotp(
        account_id=own_account(visit),
        code=typed(dict(await request.form()), "code").strip(),
        session_id=principal_of(request).session_id,
    )
    try:
        return await _codes(visit, search, await identity.confirm_totp(command))
    except RialtoError as error:
        return await _totp(visit, search, error=error)


@post("/{lang:str}/account/security/totp/disable", status_code=200, guards=[customer_only])
async def disable_totp(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], identity: Injected[Identity]
) -> PAGE | Redirect:
    """Always asks for the password."""
    answer = await proven(request, visit, search, identity.disable_totp)
    return answer if isinstance(answer, Response) else go(visit.url("account/security", done="totp_off"))


@post("/{lang:str}/account/security/recovery-codes", status_code=200, guards=[customer_only])
async def renew_recovery_codes(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], identity: Injected[Identity]
) -> PAGE:
    try:
        codes = await proven(request, visit, search, identity.renew_recovery_codes)
    except RialtoError as error:
        return await _page(request, visit, search, identity, error=error)
    return await _codes(visit, search, codes) if isinstance(codes, RecoveryCodes) else codes


@post("/{lang:str}/account/security/passkeys/new", status_code=200, guards=[customer_only])
async def begin_passkey(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], identity: Injected[Identity]
) -> PAGE:
    """A page that holds what the browser is asked with: its script asks when the button is pressed."""
    name = typed(dict(await request.form()), "name").strip()[:NAME_LENGTH_MAX]

    async def begin(proof: Proof) -> dict[str, Any]:
        return (await identity.begin_passkey(proof)).public_key

    try:
        options = await proven(request, visit, search, begin, keep=("name",))
    except RialtoError as error:
        return await _page(request, visit, search, identity, error=error)
    if isinstance(options, Response):
        return options
    return await private_page(
        visit,
        "pages/account/passkey.html",
        search=search,
        place="security",
        problems=[],
        name=name or device_of(request) or visit.texts("account.passkeys.unnamed"),
        options=options,
    )


@post("/{lang:str}/account/security/passkeys", status_code=200, guards=[customer_only])
async def add_passkey(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], identity: Injected[Identity]
) -> PAGE | Redirect:
    data = dict(await request.form())
    command = AddPasskey(
        account_id=own_account(visit),
        credential=credential_of(data),
        name=typed(data, "name").strip(),
        origin=visit.origin,
    )
    try:
        await identity.add_passkey(command)
    except RialtoError as error:
        return await _page(request, visit, search, identity, error=error)
    return go(visit.url("account/security", done="passkey"))


@post("/{lang:str}/account/security/passkeys/{passkey_id:str}", status_code=200, guards=[customer_only])
async def change_passkey(
    passkey_id: FromPath[str],
    request: AnyRequest,
    visit: Injected[Visit],
    search: Injected[Search],
    *,
    identity: Injected[Identity],
) -> PAGE | Redirect:
    """Another name, or with `remove` gone. Raises NotFound for what cannot be a passkey's id."""
    data = dict(await request.form())
    ref = PasskeyRef(account_id=own_account(visit), passkey_id=PASSKEY.parse(passkey_id))
    if typed(data, "remove"):
        await identity.remove_passkey(ref)
        return go(visit.url("account/security", done="passkey_removed"))
    name = typed(data, "name").strip()
    try:
        await identity.rename_passkey(
            RenamePasskey(account_id=ref.account_id, passkey_id=ref.passkey_id, name=name)
        )
    except NotFound:
        return go(visit.url("account/security"))  # removed in another tab
    except RialtoError as error:
        return await _page(request, visit, search, identity, error=error)
    return go(visit.url("account/security", done="passkey_renamed"))


async def _page(
    request: AnyRequest,
    visit: Visit,
    search: Search,
    identity: Identity,
    *,
    error: RialtoError | None = None,
) -> PAGE:
    ref = AccountRef(account_id=own_account(visit))
    own = OwnSession(account_id=ref.account_id, session_id=principal_of(request).session_id)
    return await private_page(
        visit,
        "pages/account/security.html",
        search=search,
        status=200 if error is None else status_of(error),
        place="security",
        account=await identity.account(ref),
        sessions=(await identity.list_sessions(own)).items,
        passkeys=(await identity.list_passkeys(ref)).items,
        device=device_of(request),
        done=told_done(visit),
        problems=[] if error is None else [refusal(error, visit.texts)],
    )


async def _totp(
    visit: Visit, search: Search, *, setup: TotpSetup | None = None, error: RialtoError | None = None
) -> PAGE:
    """After a wrong code without the secret, which is shown once: the authenticator has it."""
    problems = [] if error is None else [Problem(text=refusal(error, visit.texts).text, field="code")]
    return await private_page(
        visit,
        "pages/account/totp.html",
        search=search,
        status=200 if error is None else status_of(error),
        place="security",
        setup=setup,
        problems=problems,
    )


async def _codes(visit: Visit, search: Search, codes: RecoveryCodes) -> PAGE:
    return await private_page(
        visit,
        "pages/account/codes.html",
        search=search,
        place="security",
        codes=codes.codes,
        problems=[],
    )
