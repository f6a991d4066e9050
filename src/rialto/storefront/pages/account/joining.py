"""Making an account, and the links that are mailed: to prove an e-mail, to take it back, to set another password.

Opening a link changes nothing, since mail scanners open them too: the page has a button that does it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from rialto.identity.api import (
    ForgotPassword,
    Identity,
    LinkRefused,
    LinkToken,
    Register,
    ResetPassword,
)
from rialto.kernel.errors import NotFound, RialtoError
from rialto.kernel.http import Injected, client_of
from rialto.kernel.ids import Ids
from rialto.kernel.service import Nothing
from rialto.search.api import Search
from rialto.storefront.accounts import Field, PlainForm, check_filled, form_page, password_field
from rialto.storefront.forms import once_key, secret, typed
from rialto.storefront.pages.account.entering import left
from rialto.storefront.rendering import PAGE, go, private_page
from rialto.storefront.visit import AnyRequest, Visit

# What is told on a page of its own, and where it leads on.
TOLD = {
    "registered": "account/sign-in",
    "verified": "account",
    "taken-back": "account/forgot",
    "forgotten": "account/sign-in",
    "reset": "account/sign-in",
    "signed-out": "",
    "erased": "",
    "link-refused": "account/sign-in",
}


@get("/{lang:str}/account/register")
async def register_page(
    visit: Injected[Visit], search: Injected[Search], ids: Injected[Ids]
) -> PAGE | Redirect:
    if visit.account_id is not None:
        return go(visit.url("account"))
    asked = dict(visit.query)
    values = {"email": asked.get("email", ""), "name": asked.get("name", ""), "key": ids.token()}
    return await form_page(visit, search, _registration(visit, values))


@post("/{lang:str}/account/register", status_code=200)
async def register(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], identity: Injected[Identity]
) -> PAGE | Redirect:
    """Told alike whether the e-mail has an account or not. Pressing twice mails once."""
    data = dict(await request.form())
    values = {name: typed(data, name).strip() for name in ("name", "email", "key")}
    command = Register(
        email=values["email"],
        password=secret(data, "password"),
        name=values["name"],
        language=visit.language,
        channel=visit.channel.code,
        client=client_of(request),
        key=once_key(data),
    )
    try:
        check_filled(name=command.name, email=command.email, password=command.password)
        await identity.register(command)
    except RialtoError as error:
        return await form_page(visit, search, _registration(visit, values), error=error)
    return go(visit.url("account/told/registered"))


@get("/{lang:str}/account/told/{kind:str}")
async def told_page(kind: FromPath[str], visit: Injected[Visit], search: Injected[Search]) -> PAGE:
    """What was done, and what comes next. Raises NotFound for what there is nothing to say of."""
    if kind not in TOLD:
        raise NotFound
    return await private_page(
        visit, "pages/account/told.html", search=search, kind=kind, onward=visit.url(TOLD[kind])
    )


@get("/{lang:str}/account/verify")
async def verify_page(visit: Injected[Visit], search: Injected[Search]) -> PAGE:
    return await form_page(visit, search, _link_form(visit, "verify"))


@post("/{lang:str}/account/verify", status_code=200)
async def verify(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], identity: Injected[Identity]
) -> PAGE | Redirect:
    return await _redeemed(request, visit, search, identity.verify_email, told="verified")


@get("/{lang:str}/account/take-back")
async def take_back_page(visit: Injected[Visit], search: Injected[Search]) -> PAGE:
    return await form_page(visit, search, _link_form(visit, "take_back"))


@post("/{lang:str}/account/take-back", status_code=200)
async def take_back(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], identity: Injected[Identity]
) -> PAGE | Redirect:
    """The old e-mail again. Every session ends with it, this browser's too if it has one."""
    return await _redeemed(request, visit, search, identity.take_back_email, told="taken-back")


@get("/{lang:str}/account/forgot")
async def forgot_page(visit: Injected[Visit], search: Injected[Search]) -> PAGE:
    return await form_page(visit, search, _forgot_form(visit, ""))


@post("/{lang:str}/account/forgot", status_code=200)
async def forgot(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], identity: Injected[Identity]
) -> PAGE | Redirect:
    email = typed(dict(await request.form()), "email").strip()
    try:
        await identity.forgot_password(ForgotPassword(email=email, client=client_of(request)))
    except RialtoError as error:
        return await form_page(visit, search, _forgot_form(visit, email), error=error)
    return go(visit.url("account/told/forgotten"))


@get("/{lang:str}/account/reset")
async def reset_page(visit: Injected[Visit], search: Injected[Search]) -> PAGE:
    return await form_page(visit, search, _reset_form(visit, dict(visit.query).get("token", "")))


@post("/{lang:str}/account/reset", status_code=200)
async def reset(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], identity: Injected[Identity]
) -> PAGE | Redirect:
    """All sessions end with the old password."""
    data = dict(await request.form())
    token = secret(data, "token")
    try:
        await identity.reset_password(ResetPassword(token=token, password=secret(data, "password")))
    except LinkRefused:
        return go(visit.url("account/told/link-refused"))
    except RialtoError as error:
        return await form_page(visit, search, _reset_form(visit, token), error=error)
    answer = go(visit.url("account/told/reset"))
    left(answer, visit)
    return answer


async def _redeemed(
    request: AnyRequest,
    visit: Visit,
    search: Search,
    redeem: Callable[[LinkToken], Awaitable[Nothing]],
    *,
    told: str,
) -> PAGE | Redirect:
    token = secret(dict(await request.form()), "token")
    try:
        await redeem(LinkToken(token=token))
    except LinkRefused:
        return go(visit.url("account/told/link-refused"))
    except RialtoError as error:
        name = "verify" if told == "verified" else "take_back"
        return await form_page(visit, search, _link_form(visit, name, token), error=error)
    answer = go(visit.url(f"account/told/{told}"))
    if told == "taken-back":
        left(answer, visit)
    return answer


def _registration(visit: Visit, values: Mapping[str, str]) -> PlainForm:
    return PlainForm(
        name="register",
        action=visit.url("account/register"),
        fields=[
            Field(
                name="name",
                label="account.field.name",
                autocomplete="name",
                value=values["name"],
                length_max=120,
            ),
            _email_field(values["email"]),
            password_field(new=True),
        ],
        hidden={"key": values["key"]},
        links={visit.url("account/sign-in"): "account.register.sign_in"},
    )


def _link_form(visit: Visit, name: str, token: str | None = None) -> PlainForm:
    carried = dict(visit.query).get("token", "") if token is None else token
    return PlainForm(name=name, action=visit.path, hidden={"token": carried})


def _forgot_form(visit: Visit, email: str) -> PlainForm:
    return PlainForm(
        name="forgot",
        action=visit.url("account/forgot"),
        fields=[_email_field(email)],
        links={visit.url("account/sign-in"): "account.forgot.sign_in"},
    )


def _reset_form(visit: Visit, token: str) -> PlainForm:
    return PlainForm(
        name="reset",
        action=visit.url("account/reset"),
        fields=[password_field(new=True)],
        hidden={"token": token},
    )


def _email_field(value: str) -> Field:
    return Field(
        name="email",
        label="account.field.email",
        type="email",
        autocomplete="email",
        value=value,
        length_max=254,
    )
