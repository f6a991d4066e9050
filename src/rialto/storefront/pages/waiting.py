"""To be told when an article is back: asked for on a product's page, confirmed and ended by links from mails.

The product's page is kept for everybody, so the form that knows who is signed in has a page of its
own, away from those addresses. Opening a mailed
link changes nothing, since mail scanners open them too: the page has a button that does it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from rialto.identity.api import AccountNotFound, AccountRef, Identity
from rialto.kernel.errors import NotFound, RialtoError, Unavailable
from rialto.kernel.http import Injected, client_of
from rialto.kernel.service import Nothing
from rialto.notifications.api import Notifications, WaitFor, WaitingLinkRefused, WaitingToken
from rialto.search.api import ProductAsked, ProductDetail, Search, Variant
from rialto.storefront.accounts import refusal
from rialto.storefront.forms import secret, typed
from rialto.storefront.problems import Problem, status_of
from rialto.storefront.rendering import PAGE, go, private_page
from rialto.storefront.visit import AnyRequest, Visit

# What is told on a page of its own.
TOLD = frozenset({"accepted", "waiting", "confirmed", "ended", "refused"})


@get("/{lang:str}/back-in-stock/for/{slug:str}")
async def waiting_form(
    slug: FromPath[str],
    visit: Injected[Visit],
    search: Injected[Search],
    identity: Injected[Identity],
) -> PAGE:
    """With the address of who is signed in. Raises ProductGone, and NotFound for what is none of its variants."""
    detail, variant = await _article(visit, search, slug, dict(visit.query).get("sku", ""))
    return await _form_page(visit, search, detail, variant, email=await _own_email(visit, identity))


@post("/{lang:str}/back-in-stock/for/{slug:str}", status_code=200)
async def wait(
    request: AnyRequest,
    slug: FromPath[str],
    visit: Injected[Visit],
    search: Injected[Search],
    *,
    notifications: Injected[Notifications],
) -> PAGE | Redirect:
    """Told alike whether somebody waits under the address already."""
    data = dict(await request.form())
    email = typed(data, "email").strip()
    detail, variant = await _article(visit, search, slug, typed(data, "sku"))
    try:
        answer = await notifications.wait(
            WaitFor(
                sku=variant.sku,
                email=email,
                client=client_of(request),
                language=visit.language,
                channel=visit.channel.code,
                account_id=visit.account_id,
            )
        )
    except RialtoError as error:
        return await _form_page(visit, search, detail, variant, email=email, error=error)
    return go(visit.url(f"back-in-stock/told/{answer.status}"))


@get("/{lang:str}/back-in-stock/told/{kind:str}")
async def waiting_told(kind: FromPath[str], visit: Injected[Visit], search: Injected[Search]) -> PAGE:
    """What was done. Raises NotFound for what there is nothing to say of."""
    if kind not in TOLD:
        raise NotFound
    return await _page(visit, search, kind)


@get("/{lang:str}/back-in-stock/confirm")
async def confirm_page(visit: Injected[Visit], search: Injected[Search]) -> PAGE:
    return await _page(visit, search, "confirm", token=dict(visit.query).get("token", ""))


@post("/{lang:str}/back-in-stock/confirm", status_code=200)
async def confirm(
    request: AnyRequest,
    visit: Injected[Visit],
    search: Injected[Search],
    notifications: Injected[Notifications],
) -> PAGE | Redirect:
    return await _redeemed(request, visit, search, notifications.confirm_waiting, asked="confirm")


@get("/{lang:str}/back-in-stock/end")
async def end_page(visit: Injected[Visit], search: Injected[Search]) -> PAGE:
    return await _page(visit, search, "end", token=dict(visit.query).get("token", ""))


@post("/{lang:str}/back-in-stock/end", status_code=200)
async def end(
    request: AnyRequest,
    visit: Injected[Visit],
    search: Injected[Search],
    notifications: Injected[Notifications],
) -> PAGE | Redirect:
    return await _redeemed(request, visit, search, notifications.end_waiting, asked="end")


async def _redeemed(
    request: AnyRequest,
    visit: Visit,
    search: Search,
    redeem: Callable[[WaitingToken], Awaitable[Nothing]],
    *,
    asked: str,
) -> PAGE | Redirect:
    token = secret(dict(await request.form()), "token")
    try:
        await redeem(WaitingToken(token=token))
    except WaitingLinkRefused:
        return go(visit.url("back-in-stock/told/refused"))
    except RialtoError as error:
        problem = refusal(error, visit.texts)
        return await _page(visit, search, asked, token=token, problems=[problem], status=status_of(error))
    return go(visit.url(f"back-in-stock/told/{asked}ed"))


async def _article(visit: Visit, search: Search, slug: str, sku: str) -> tuple[ProductDetail, Variant]:
    """Raises ProductGone, and NotFound for what is none of its variants."""
    detail = await search.product(ProductAsked(view=visit.view, ref=slug))
    variant = next((variant for variant in detail.variants if variant.sku == sku), None)
    if variant is None:
        raise NotFound
    return detail, variant


async def _own_email(visit: Visit, identity: Identity) -> str:
    """Of who is signed in; nothing where accounts do not answer: it can be typed as well."""
    if visit.account_id is None:
        return ""
    try:
        return (await identity.contact(AccountRef(account_id=visit.account_id))).email
    except (AccountNotFound, Unavailable):
        return ""


async def _form_page(
    visit: Visit,
    search: Search,
    detail: ProductDetail,
    variant: Variant,
    *,
    email: str,
    error: RialtoError | None = None,
) -> PAGE:
    problems: list[Problem] = []
    if error is not None:
        at_email = any(fault.path == "email" for fault in error.fields)
        told = Problem(text=visit.texts("waiting.error.email"), field="email")
        problems = [told if at_email else refusal(error, visit.texts)]
    chosen = [
        value.label
        for option in detail.options
        for value in option.values
        if variant.options.get(option.code) == value.value
    ]
    return await _page(
        visit,
        search,
        "ask",
        status=200 if error is None else status_of(error),
        problems=problems,
        article=f"{detail.title} ({', '.join(chosen)})" if chosen else detail.title,
        product_url=visit.url(f"p/{detail.slug}", sku=variant.sku),
        action=visit.url(f"back-in-stock/for/{detail.slug}"),
        sku=variant.sku,
        email=email,
    )


async def _page(
    visit: Visit,
    search: Search,
    state: str,
    *,
    status: int = 200,
    problems: list[Problem] | None = None,
    **context: Any,
) -> PAGE:
    """One template for all states of waiting: a form, a button, or what was done."""
    return await private_page(
        visit,
        "pages/waiting.html",
        search=search,
        status=status,
        state=state,
        problems=problems or [],
        **context,
    )
