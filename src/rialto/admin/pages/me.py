"""One's own account: password, second factor and the list of passkeys. For everybody who works here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import get, post
from litestar.response import Redirect
from markupsafe import Markup

from rialto.admin.desk import HOME, AnyRequest, Desk
from rialto.admin.problems import Problem, problems_of, status_of
from rialto.admin.rendering import PAGE, go, page
from rialto.identity.api import (
    AccountRef,
    ChangePassword,
    ConfirmTotp,
    Identity,
    PasswordWeak,
    PasswordWrong,
    Proof,
    RecoveryCodes,
)
from rialto.kernel.errors import RialtoError
from rialto.kernel.http import Injected, client_of, staff_only
from rialto.storefront.forms import typed

ME = f"{HOME}/me"


@get(ME, guards=[staff_only])
async def me(desk: Injected[Desk], identity: Injected[Identity]) -> PAGE:
    return await own_page(desk, identity)


@post(f"{ME}/password", guards=[staff_only], status_code=200)
async def change_password(
    request: AnyRequest, desk: Injected[Desk], identity: Injected[Identity]
) -> PAGE | Redirect:
    """All other sessions end."""
    data = dict(await request.form())
    new = typed(data, "new_password")
    if new != typed(data, "new_password_again"):
        same = Problem(text=desk.texts("me.password.not_the_same"), field="new_password_again")
        return await own_page(desk, identity, problems=[same], status=422)
    try:
        await identity.change_password(
            ChangePassword(
                account_id=desk.staff.id,
                old_password=typed(data, "old_password"),
                new_password=new,
                session_id=desk.session_id,
                client=client_of(request),
            )
        )
    except RialtoError as error:
        fields = {PasswordWrong: "old_password", PasswordWeak: "new_password"}
        return await own_page(desk, identity, error=error, field=fields.get(type(error)))
    return go(f"{ME}?done=password")


@post(f"{ME}/second-factor", guards=[staff_only], status_code=200)
async def begin_second_factor(
    request: AnyRequest, desk: Injected[Desk], identity: Injected[Identity]
) -> PAGE:
    """A secret for an authenticator, shown once; it counts when a code of it was given."""
    data = dict(await request.form())
    try:
        setup = await identity.begin_totp(proof_of(request, desk, typed(data, "password")))
    except RialtoError as error:
        return await own_page(desk, identity, error=error, field="totp_password")
    return _setup(desk, secret=setup.secret, uri=setup.uri, svg=setup.svg)


@post(f"{ME}/second-factor/confirm", guards=[staff_only], status_code=200)
async def confirm_second_factor(
    request: AnyRequest, desk: Injected[Desk], identity: Injected[Identity]
) -> PAGE:
    """From now on signing in has a second step. Shows the recovery codes, this once."""
    data = dict(await request.form())
    command = ConfirmTotp(account_id=desk.staff.id, code=typed(data, "code"), session_id=desk.session_id)
    try:
        codes = await identity.confirm_totp(command)
    except RialtoError as error:
        problems = [Problem(text=one.text, field="code") for one in problems_of(error, desk.texts)]
        return _setup(desk, problems=problems, status=status_of(error))
    return _codes(desk, codes)


@post(f"{ME}/second-factor/off", guards=[staff_only], status_code=200)
async def end_second_factor(
    request: AnyRequest, desk: Injected[Desk], identity: Injected[Identity]
) -> PAGE | Redirect:
    """Needs the password."""
    data = dict(await request.form())
    try:
        await identity.disable_totp(proof_of(request, desk, typed(data, "password")))
    except RialtoError as error:
        return await own_page(desk, identity, error=error, field="totp_password")
    return go(f"{ME}?done=second_factor_off")


@post(f"{ME}/recovery-codes", guards=[staff_only], status_code=200)
async def renew_recovery_codes(
    request: AnyRequest, desk: Injected[Desk], identity: Injected[Identity]
) -> PAGE:
    """Ten new ones, shown this once; the old ones are good no more."""
    data = dict(await request.form())
    try:
        codes = await identity.renew_recovery_codes(proof_of(request, desk, typed(data, "password")))
    except RialtoError as error:
        return await own_page(desk, identity, error=error, field="totp_password")
    return _codes(desk, codes)


async def own_page(
    desk: Desk,
    identity: Identity,
    *,
    error: RialtoError | None = None,
    field: str | None = None,
    problems: Sequence[Problem] = (),
    status: int = 200,
) -> PAGE:
    """The page of one's account; a refusal is told above it and beside the field."""
    told = list(problems)
    if error is not None:
        told = [Problem(text=one.text, field=field) for one in problems_of(error, desk.texts)]
        status = status_of(error)
    passkeys = await identity.list_passkeys(AccountRef(account_id=desk.staff.id))
    return page(desk, "pages/me.html", section="me", status=status, problems=told, passkeys=passkeys.items)


def _setup(desk: Desk, *, secret: str = "", uri: str = "", svg: str = "", **more: Any) -> PAGE:
    """After a wrong code the secret is not shown again: the authenticator has it, or one begins anew."""
    status, problems = more.get("status", 200), more.get("problems", [])
    picture = Markup(svg)  # noqa: S704  made by identity's own library from a secret of ours
    return page(
        desk,
        "pages/second_factor.html",
        section="me",
        status=status,
        problems=problems,
        secret=secret,
        uri=uri,
        picture=picture,
    )


def _codes(desk: Desk, codes: RecoveryCodes) -> PAGE:
    return page(desk, "pages/recovery_codes.html", section="me", codes=codes.codes)


def proof_of(request: AnyRequest, desk: Desk, password: str | None) -> Proof:
    """By the password that was typed; None: by the session, if it began a moment ago."""
    return Proof(
        account_id=desk.staff.id,
        session_id=desk.session_id,
        password=password,
        client=client_of(request),
    )
