"""One's own passkeys: added, named, removed. For everybody who works here."""

from __future__ import annotations

from litestar import post
from litestar.params import FromPath
from litestar.response import Redirect

from rialto.admin.desk import AnyRequest, Desk
from rialto.admin.pages.me import ME, own_page, proof_of
from rialto.admin.rendering import PAGE, go, page
from rialto.identity.api import AddPasskey, Identity, PasskeyNotFound, PasskeyRef, RenamePasskey
from rialto.kernel.errors import RialtoError
from rialto.kernel.http import Injected, staff_only
from rialto.kernel.ids import PASSKEY
from rialto.storefront.forms import credential_of, typed

NAME_LENGTH_MAX = 60


@post(f"{ME}/passkeys/new", guards=[staff_only], status_code=200)
async def begin_passkey(request: AnyRequest, desk: Injected[Desk], identity: Injected[Identity]) -> PAGE:
    """A page that holds what the browser is asked with: its script asks when the button is pressed.

    Needs the password, unless the session began a moment ago.
    """
    data = dict(await request.form())
    name = typed(data, "name").strip()[:NAME_LENGTH_MAX] or desk.texts("me.passkeys.unnamed")
    try:
        options = await identity.begin_passkey(proof_of(request, desk, typed(data, "password") or None))
    except RialtoError as error:
        return await own_page(desk, identity, error=error, field="passkey_password")
    return page(desk, "pages/passkey.html", section="me", problems=[], name=name, options=options.public_key)


@post(f"{ME}/passkeys", guards=[staff_only], status_code=200)
async def add_passkey(
    request: AnyRequest, desk: Injected[Desk], identity: Injected[Identity]
) -> PAGE | Redirect:
    """What the browser answered, sent by our own form."""
    data = dict(await request.form())
    command = AddPasskey(
        account_id=desk.staff.id, credential=credential_of(data), name=typed(data, "name").strip()
    )
    try:
        await identity.add_passkey(command)
    except RialtoError as error:
        return await own_page(desk, identity, error=error, field=None)
    return go(f"{ME}?done=passkey")


@post(f"{ME}/passkeys/{{passkey_id:str}}", guards=[staff_only], status_code=200)
async def change_passkey(
    passkey_id: FromPath[str], request: AnyRequest, desk: Injected[Desk], identity: Injected[Identity]
) -> PAGE | Redirect:
    """Another name, or with `remove` gone. Raises NotFound for what cannot be a passkey's id."""
    data = dict(await request.form())
    ref = PasskeyRef(account_id=desk.staff.id, passkey_id=PASSKEY.parse(passkey_id))
    if typed(data, "remove"):
        await identity.remove_passkey(ref)
        return go(f"{ME}?done=passkey_removed")
    name = typed(data, "name").strip()
    try:
        await identity.rename_passkey(
            RenamePasskey(account_id=ref.account_id, passkey_id=ref.passkey_id, name=name)
        )
    except PasskeyNotFound:
        return go(ME)  # removed in another tab
    except RialtoError as error:
        return await own_page(desk, identity, error=error, field=ref.passkey_id)
    return go(f"{ME}?done=passkey_renamed")
