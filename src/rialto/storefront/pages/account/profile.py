"""The account's first page, and what it says about its owner: name, e-mail, password, language, consents."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.response import Redirect

from rialto.identity.api import (
    Account,
    AccountRef,
    ChangeAccount,
    ChangeEmail,
    ChangePassword,
    GiveConsent,
    Identity,
)
from rialto.kernel.errors import RialtoError, Unavailable
from rialto.kernel.http import Injected, client_of, customer_only, principal_of, status_of
from rialto.orders.api import Orders, OwnOrders
from rialto.search.api import Search
from rialto.storefront.accounts import (
    Field,
    PlainForm,
    field_faults,
    own_account,
    password_field,
    refusal,
    told_done,
    with_faults,
)
from rialto.storefront.forms import secret, typed
from rialto.storefront.problems import Problem
from rialto.storefront.rendering import PAGE, go, private_page
from rialto.storefront.visit import AnyRequest, Visit

# Which sentence was agreed to: raised with every change of `account.newsletter`.
NEWSLETTER, NEWSLETTER_TEXT = "newsletter", "2026-11"
SHOWN_AT_HOME = 3


@get("/{lang:str}/account", guards=[customer_only])
async def home(
    visit: Injected[Visit],
    search: Injected[Search],
    identity: Injected[Identity],
    orders: Injected[Orders],
) -> PAGE:
    account = await identity.account(AccountRef(account_id=own_account(visit)))
    try:
        latest = (await orders.own(OwnOrders(account_id=own_account(visit), limit=SHOWN_AT_HOME))).items
    except Unavailable:
        latest = []
    return await private_page(
        visit,
        "pages/account/home.html",
        search=search,
        place="home",
        account=account,
        orders=latest,
        done=told_done(visit),
        problems=[],
    )


@get("/{lang:str}/account/profile", guards=[customer_only])
async def profile_page(
    visit: Injected[Visit], search: Injected[Search], identity: Injected[Identity]
) -> PAGE:
    return await _page(visit, search, identity)


@post("/{lang:str}/account/profile", status_code=200, guards=[customer_only])
async def save_profile(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], identity: Injected[Identity]
) -> PAGE | Redirect:
    """Name, and the language that mails come in."""
    data = dict(await request.form())
    name, language = typed(data, "name"), typed(data, "language")
    try:
        await identity.change_account(
            ChangeAccount(
                account_id=own_account(visit),
                name=name,
                language=language if language in visit.languages else None,
            )
        )
    except RialtoError as error:
        return await _page(visit, search, identity, error=error, form="profile", values={"name": name})
    return go(visit.url("account/profile", done="profile"))


@post("/{lang:str}/account/profile/email", status_code=200, guards=[customer_only])
async def change_email(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], identity: Injected[Identity]
) -> PAGE | Redirect:
    """It counts once the link that is mailed to it was followed. Told alike when the address has an account."""
    data = dict(await request.form())
    email = typed(data, "email").strip()
    try:
        await identity.change_email(
            ChangeEmail(
                account_id=own_account(visit),
                email=email,
                password=secret(data, "password"),
                client=client_of(request),
            )
        )
    except RialtoError as error:
        return await _page(visit, search, identity, error=error, form="change_email", values={"email": email})
    return go(visit.url("account/profile", done="email"))


@post("/{lang:str}/account/profile/verification", status_code=200, guards=[customer_only])
async def resend_verification(
    visit: Injected[Visit], search: Injected[Search], identity: Injected[Identity]
) -> PAGE | Redirect:
    try:
        await identity.resend_verification(AccountRef(account_id=own_account(visit)))
    except RialtoError as error:
        return await _page(visit, search, identity, error=error)
    return go(visit.url("account/profile", done="verification"))


@post("/{lang:str}/account/profile/password", status_code=200, guards=[customer_only])
async def change_password(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], identity: Injected[Identity]
) -> PAGE | Redirect:
    """All other sessions end."""
    data = dict(await request.form())
    try:
        await identity.change_password(
            ChangePassword(
                account_id=own_account(visit),
                old_password=secret(data, "old_password"),
                new_password=secret(data, "new_password"),
                session_id=principal_of(request).session_id,
                client=client_of(request),
            )
        )
    except RialtoError as error:
        return await _page(visit, search, identity, error=error, form="change_password")
    return go(visit.url("account/profile", done="password"))


@post("/{lang:str}/account/profile/consents", status_code=200, guards=[customer_only])
async def give_consents(
    request: AnyRequest, visit: Injected[Visit], identity: Injected[Identity]
) -> Redirect:
    """What is not ticked is not agreed to."""
    granted = typed(dict(await request.form()), NEWSLETTER) == "1"
    given = GiveConsent(purpose=NEWSLETTER, granted=granted, text_version=NEWSLETTER_TEXT)
    await identity.change_account(ChangeAccount(account_id=own_account(visit), consents=[given]))
    return go(visit.url("account/profile", done="consents"))


async def _page(
    visit: Visit,
    search: Search,
    identity: Identity,
    *,
    error: RialtoError | None = None,
    form: str = "",
    values: dict[str, str] | None = None,
) -> PAGE:
    """`form` names the one that was refused; it is shown as it was typed."""
    account = await identity.account(AccountRef(account_id=own_account(visit)))
    kept = values or {}
    forms = {one.name: one for one in _forms(visit, kept)}
    problems: list[Problem] = []
    if error is not None and form in forms:
        forms[form], problems = with_faults(forms[form], error, visit.texts)
    elif error is not None:
        named = [Problem(text=text, field=name) for name, text in field_faults(error, visit.texts).items()]
        problems = named or [refusal(error, visit.texts)]
    context: dict[str, Any] = {
        "account": account,
        "name": kept.get("name", account.name) if form == "profile" else account.name,
        "name_error": problems[0].text if form == "profile" and problems else "",
        "newsletter": _agreed(account),
        "email_form": forms["change_email"],
        "password_form": forms["change_password"],
    }
    return await private_page(
        visit,
        "pages/account/profile.html",
        search=search,
        status=200 if error is None else status_of(error),
        place="profile",
        problems=problems,
        done=told_done(visit),
        **context,
    )


def _forms(visit: Visit, values: dict[str, str]) -> list[PlainForm]:
    email = Field(
        name="email",
        label="account.field.new_email",
        type="email",
        autocomplete="email",
        value=values.get("email", ""),
        length_max=254,
    )
    return [
        PlainForm(
            name="change_email",
            action=visit.url("account/profile/email"),
            fields=[email, password_field()],
        ),
        PlainForm(
            name="change_password",
            action=visit.url("account/profile/password"),
            fields=[password_field("old_password"), password_field("new_password", new=True)],
        ),
    ]


def _agreed(account: Account) -> bool:
    return any(consent.purpose == NEWSLETTER and consent.granted for consent in account.consents)
