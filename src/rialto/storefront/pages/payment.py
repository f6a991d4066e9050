"""Choosing how to pay. Card data goes to the provider only: its frame on our page, or without JavaScript its own page.

What comes back is a token and a label such as `Visa •••• 4242`; both are kept with the cart.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from rialto.cart.api import Cart, CartOrdered, Carts, ChosenPayment, SetPayment
from rialto.kernel.errors import Invalid, NotFound, Unavailable
from rialto.kernel.http import Injected
from rialto.kernel.ids import ORDER
from rialto.orders.api import ContinueCheckout, Orders
from rialto.payments.api import HostedPage, Payments
from rialto.search.api import Search
from rialto.storefront.forms import typed
from rialto.storefront.pages.checkout import after_checkout, checkout_context, open_checkout, ordered
from rialto.storefront.problems import Problem, declined, listed, problem_by_code, problem_of
from rialto.storefront.rendering import PAGE, go, private_page
from rialto.storefront.security import origin_of
from rialto.storefront.visit import AnyRequest, Visit

PROVIDER = "sandbox"
LABEL_LENGTH_MAX = 60
PENDING_REFRESH_S = 4
BEFORE = ("address", "delivery")


@get("/{lang:str}/checkout/payment")
async def payment_page(
    visit: Injected[Visit], search: Injected[Search], carts: Injected[Carts]
) -> PAGE | Redirect:
    cart = await open_checkout(visit, carts, step="payment", needs=BEFORE)
    if isinstance(cart, Redirect):
        return cart
    asked = dict(visit.query)
    refusal = declined(asked["declined"], visit.texts) if asked.get("declined") else None
    problem = problem_by_code(asked.get("problem", ""), visit.texts)
    return await _page(visit, search, cart=cart, problems=listed([refusal, problem]), keep=refusal is None)


@post("/{lang:str}/checkout/payment", status_code=200)
async def save_payment(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], carts: Injected[Carts]
) -> PAGE | Redirect:
    """The token from the frame, sent by our own form."""
    data = dict(await request.form())
    return await _chosen(visit, search, carts, token=typed(data, "token"), label=typed(data, "label"))


@post("/{lang:str}/checkout/payment/hosted", status_code=200)
async def start_hosted(
    visit: Injected[Visit],
    search: Injected[Search],
    carts: Injected[Carts],
    payments: Injected[Payments],
) -> PAGE | Redirect:
    """Without JavaScript: to the provider's page and back."""
    cart = await open_checkout(visit, carts, step="payment", needs=BEFORE)
    if isinstance(cart, Redirect):
        return cart
    try:
        page = await payments.hosted_page(
            HostedPage(
                provider=PROVIDER,
                amount=cart.totals.total,
                return_url=visit.absolute(visit.url("checkout/payment/return")),
                cancel_url=visit.absolute(visit.url("checkout/payment")),
                language=visit.language,
            )
        )
    except Unavailable:
        problem = Problem(text=visit.texts("problem.provider_away"))
        return await _page(visit, search, cart=cart, problems=[problem], status=503)
    return go(page.url)


@get("/{lang:str}/checkout/payment/return")
async def hosted_return(
    visit: Injected[Visit], search: Injected[Search], carts: Injected[Carts]
) -> PAGE | Redirect:
    """Back from the provider's page with a token."""
    asked = dict(visit.query)
    return await _chosen(visit, search, carts, token=asked.get("token", ""), label=asked.get("label", ""))


@get("/{lang:str}/checkout/return/{order_id:str}")
async def checkout_return(
    order_id: FromPath[str], visit: Injected[Visit], search: Injected[Search], orders: Injected[Orders]
) -> PAGE | Redirect:
    """Back from 3-D Secure, or waiting for a slow answer: ask how far the order is. Raises NotFound."""
    key = dict(visit.query).get("key", "")
    if not key:
        raise NotFound
    try:
        answer = await orders.resume(
            ContinueCheckout(order_id=ORDER.parse(order_id), key=key, account_id=visit.account_id)
        )
    except Unavailable:
        return await _pending(visit, search, number=None)
    if answer.outcome == "pending":
        return await _pending(visit, search, number=answer.order.number)
    if answer.outcome == "action":
        # Came back without an answer to the bank: show the way there again instead of bouncing at once.
        return await _pending(visit, search, number=answer.order.number, action_url=answer.next_action_url)
    return after_checkout(visit, answer)


async def _chosen(visit: Visit, search: Search, carts: Carts, *, token: str, label: str) -> PAGE | Redirect:
    cart = await open_checkout(visit, carts, step="payment", needs=BEFORE)
    if isinstance(cart, Redirect):
        return cart
    if not token.strip():
        problem = Problem(text=visit.texts("problem.payment_missing"))
        return await _page(visit, search, cart=cart, problems=[problem], status=422)
    shown = "".join(letter for letter in label if letter.isprintable()).strip()[:LABEL_LENGTH_MAX]
    payment = ChosenPayment(provider=PROVIDER, token=token.strip()[:200], label=shown)
    try:
        await carts.set_payment(SetPayment(cart_id=cart.id, account_id=visit.account_id, payment=payment))
    except CartOrdered:
        return ordered(visit)
    except Invalid as error:
        problem = problem_of(error, visit.texts)
        return await _page(visit, search, cart=cart, problems=[problem], status=422)
    return go(visit.url("checkout/review"))


async def _page(
    visit: Visit, search: Search, *, cart: Cart, problems: list[Problem], status: int = 200, keep: bool = True
) -> PAGE:
    provider = origin_of(visit.settings.sandbox_url)
    frame = urlencode({"language": visit.language, "origin": visit.origin})
    return await private_page(
        visit,
        "pages/payment.html",
        search=search,
        status=status,
        problems=problems,
        provider_origin=provider,
        frame_url=f"{visit.settings.sandbox_url.rstrip('/')}/frame?{frame}",
        kept_label=cart.payment_label if keep and not problems else None,
        **checkout_context(cart, "payment"),
    )


async def _pending(
    visit: Visit, search: Search, *, number: str | None, action_url: str | None = None
) -> PAGE:
    """Waits by a Refresh header rather than a meta element: the same without a script, and no page that moves by itself
    while the way back to the bank is offered.
    """
    context: dict[str, Any] = {"number": number, "action_url": action_url}
    page = await private_page(visit, "pages/pending.html", search=search, **context)
    if action_url is None:
        page.headers["Refresh"] = str(PENDING_REFRESH_S)
    return page
