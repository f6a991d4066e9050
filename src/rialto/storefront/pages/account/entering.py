"""Getting in and out: with a password, a second step, or a passkey. What was in a guest's cart comes along."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect
from msgspec.structs import replace

from rialto.cart.api import (
    Cart,
    CartMerged,
    CartNotFound,
    CartOrdered,
    Carts,
    LineConflict,
    MergeCart,
)
from rialto.identity.api import (
    ClientRef,
    FinishSignIn,
    Identity,
    RefreshWith,
    SignIn,
    SignInWithPasskey,
    TokenRefused,
    Tokens,
)
from rialto.kernel import browser
from rialto.kernel.browser import SHOP
from rialto.kernel.errors import Denied, RialtoError, Unavailable
from rialto.kernel.http import GOES_ON, Injected, client_of, customer_of
from rialto.search.api import Search
from rialto.storefront.accounts import (
    Field,
    PlainForm,
    device_of,
    form_page,
    local_path,
)
from rialto.storefront.conflicts import conflict_query
from rialto.storefront.forms import credential_of, secret, typed
from rialto.storefront.pages.account.entry import Entry, ask_in
from rialto.storefront.pages.address import read_typed, take_up
from rialto.storefront.rendering import PAGE, go
from rialto.storefront.visit import (
    AnyRequest,
    Visit,
    forget_cart,
    open_cart,
    remember_cart,
    remember_member,
)


@get("/{lang:str}/account/sign-in")
async def sign_in_page(visit: Injected[Visit], search: Injected[Search]) -> PAGE | Redirect:
    asked = dict(visit.query)
    entry = Entry(next=local_path(asked.get("next", ""), visit))
    return go(entry.next) if visit.account_id is not None else await ask_in(visit, search, entry)


@post("/{lang:str}/account/sign-in", status_code=200, opt={GOES_ON: True})
async def sign_in(
    request: AnyRequest,
    visit: Injected[Visit],
    search: Injected[Search],
    carts: Injected[Carts],
    *,
    identity: Injected[Identity],
) -> PAGE | Redirect:
    """With e-mail and password; what is wrong is not said more exactly than the service does."""
    data = dict(await request.form())
    entry = _entry(data, visit)
    command = SignIn(
        email=entry.email,
        password=secret(data, "password"),
        client=client_of(request),
        device=device_of(request),
    )
    try:
        answer = await identity.sign_in(command)
    except RialtoError as error:
        return await ask_in(visit, search, entry, error=error)
    if answer.second_step is not None:
        return await _ask_code(visit, search, entry, answer.second_step.mfa_token)
    assert answer.tokens is not None
    return await _enter(request, visit, search, carts, identity=identity, tokens=answer.tokens, entry=entry)


@post("/{lang:str}/account/sign-in/code", status_code=200, opt={GOES_ON: True})
async def finish_sign_in(
    request: AnyRequest,
    visit: Injected[Visit],
    search: Injected[Search],
    carts: Injected[Carts],
    *,
    identity: Injected[Identity],
) -> PAGE | Redirect:
    """The second step: a code of the authenticator, or one of those for when it is lost."""
    data = dict(await request.form())
    entry, token = _entry(data, visit), secret(data, "mfa_token")
    command = FinishSignIn(
        mfa_token=token,
        code=typed(data, "code").strip(),
        client=client_of(request),
        device=device_of(request),
    )
    try:
        tokens = await identity.finish_sign_in(command)
    except TokenRefused as error:
        return await ask_in(visit, search, entry, error=error)
    except RialtoError as error:
        return await _ask_code(visit, search, entry, token, error=error)
    return await _enter(request, visit, search, carts, identity=identity, tokens=tokens, entry=entry)


@post("/{lang:str}/account/sign-in/passkey/options", status_code=200, opt={GOES_ON: True})
async def begin_passkey(
    request: AnyRequest, visit: Injected[Visit], identity: Injected[Identity]
) -> Response[dict[str, Any]]:
    """For the page's script: what the browser is asked with."""
    options = await identity.begin_passkey_sign_in(ClientRef(client=client_of(request), origin=visit.origin))
    return Response(options.public_key, headers={"Cache-Control": "no-store"})


@post("/{lang:str}/account/sign-in/passkey", status_code=200, opt={GOES_ON: True})
async def sign_in_with_passkey(
    request: AnyRequest,
    visit: Injected[Visit],
    search: Injected[Search],
    carts: Injected[Carts],
    *,
    identity: Injected[Identity],
) -> PAGE | Redirect:
    """What the browser answered, sent by our own form."""
    data = dict(await request.form())
    entry = _entry(data, visit)
    command = SignInWithPasskey(
        credential=credential_of(data),
        client=client_of(request),
        device=device_of(request),
        kind="customer",
        origin=visit.origin,
    )
    try:
        tokens = await identity.sign_in_with_passkey(command)
    except RialtoError as error:
        return await ask_in(visit, search, entry, error=error)
    return await _enter(request, visit, search, carts, identity=identity, tokens=tokens, entry=entry)


@post("/{lang:str}/account/sign-out", status_code=200, opt={GOES_ON: True})
async def sign_out(
    request: AnyRequest, visit: Injected[Visit], carts: Injected[Carts], identity: Injected[Identity]
) -> Redirect:
    """What is in the cart of this browser alone is put into the account's first."""
    if visit.account_id is not None:
        await _bring_cart(visit, carts)
    token = request.cookies.get(SHOP.refresh, "")
    answer = go(visit.url("account/told/signed-out"))
    left(answer, visit)
    if token:
        with suppress(Unavailable):  # the browser forgets the session all the same
            await identity.sign_out(RefreshWith(refresh_token=token))
    return answer


def left(response: Response[Any], visit: Visit) -> None:
    """The browser knows nobody any more; what is in the account's cart waits there."""
    response.cookies.extend(browser.signed_out(SHOP, secure=visit.settings.secure))
    remember_member(response, visit, known=False)
    if visit.account_id is not None or visit.lapsed:
        forget_cart(response, visit)


async def _ask_code(
    visit: Visit, search: Search, entry: Entry, token: str, *, error: RialtoError | None = None
) -> PAGE:
    code = Field(
        name="code",
        label="account.field.code",
        autocomplete="one-time-code",
        hint="account.hint.code",
        length_max=40,
    )
    form = PlainForm(
        name="code",
        action=visit.url("account/sign-in/code"),
        fields=[code],
        hidden=entry.hidden | {"mfa_token": token},
        links={visit.url("account/sign-in", next=entry.next): "account.code.again"},
    )
    return await form_page(visit, search, form, error=error)


async def _enter(
    request: AnyRequest,
    visit: Visit,
    search: Search,
    carts: Carts,
    *,
    identity: Identity,
    tokens: Tokens,
    entry: Entry,
) -> PAGE | Redirect:
    """Signed in: the cookies, the cart, and on to where it was wanted."""
    request.scope["rialto.principal"].take(tokens.access_token)  # type: ignore[typeddict-item]
    account_id = customer_of(request)
    if account_id is None:
        await identity.sign_out(RefreshWith(refresh_token=tokens.refresh_token))
        return await ask_in(visit, search, entry, error=Denied(code="staff_here"))
    inside = replace(visit, account_id=account_id, lapsed=False)
    cart, conflicts = await _bring_cart(inside, carts)
    if cart is not None:
        inside = replace(inside, cart_id=cart.id)
    answer = await _go_on(inside, search, carts, identity=identity, entry=entry, conflicts=conflicts)
    answer.cookies.extend(
        browser.signed_in(
            SHOP,
            access=tokens.access_token,
            refresh=tokens.refresh_token,
            expires_in=tokens.expires_in,
            secure=visit.settings.secure,
        )
    )
    remember_member(answer, visit, known=True)
    if cart is not None:
        remember_cart(answer, visit, cart.id)
    return answer


async def _bring_cart(visit: Visit, carts: Carts) -> tuple[Cart | None, list[LineConflict]]:
    """The guest's lines into the account's cart. While carts do not answer the guest's goes on being used as it is."""
    assert visit.account_id is not None
    try:
        if visit.cart_id is not None:
            merged = await carts.merge(
                MergeCart(cart_id=visit.cart_id, account_id=visit.account_id, language=visit.language)
            )
            return merged.cart, merged.conflicts
    except (CartNotFound, CartOrdered, CartMerged):
        visit = replace(visit, cart_id=None)
    except Unavailable:
        return None, []
    try:
        return await open_cart(visit, carts), []
    except Unavailable:
        return None, []


async def _go_on(
    visit: Visit,
    search: Search,
    carts: Carts,
    *,
    identity: Identity,
    entry: Entry,
    conflicts: list[LineConflict],
) -> PAGE | Redirect:
    form = read_typed(entry.typed)
    if form is not None:
        return await take_up(visit, search, carts, identity, form=form)
    notes = conflict_query(conflicts)
    return go(visit.url("cart") + f"?{notes}") if notes else go(entry.next)


def _entry(data: Mapping[str, object], visit: Visit) -> Entry:
    return Entry(
        next=local_path(typed(data, "next"), visit),
        email=typed(data, "email").strip(),
        typed=secret(data, "typed"),
    )
