"""Checkout in four steps: address (`address.py`), delivery, payment (`payment.py`), review. Each step is a page of its own."""

from __future__ import annotations

import hashlib
from typing import Any

from litestar import get, post
from litestar.response import Redirect

from rialto.cart.api import Cart, CartForCheckout, CartOrdered, CartRef, Carts, SetDelivery
from rialto.kernel.errors import Conflict, Invalid, RialtoError, Unavailable
from rialto.kernel.http import Injected
from rialto.kernel.ids import Ids
from rialto.kernel.money import Money
from rialto.kernel.remembering import Remembered
from rialto.orders.api import CheckoutAnswer, Orders, PlaceOrder, Tender
from rialto.pricing.api import DeliveryOptions, DeliveryUnavailable
from rialto.search.api import Search
from rialto.storefront import formats, last_carts
from rialto.storefront.forms import typed
from rialto.storefront.problems import STEP_OF, Problem, listed, problem_by_code, problem_of
from rialto.storefront.rendering import PAGE, go, private_page
from rialto.storefront.visit import AnyRequest, Visit, forget_cart, load_cart

KEY_LENGTH_MAX = 80


@get("/{lang:str}/checkout/delivery")
async def delivery_page(
    visit: Injected[Visit], search: Injected[Search], carts: Injected[Carts]
) -> PAGE | Redirect:
    cart = await open_checkout(visit, carts, step="delivery", needs=("address",))
    if isinstance(cart, Redirect):
        return cart
    problem = problem_by_code(dict(visit.query).get("problem", ""), visit.texts)
    return await _delivery(visit, search, carts, cart=cart, problems=listed([problem]))


@post("/{lang:str}/checkout/delivery", status_code=200)
async def save_delivery(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], carts: Injected[Carts]
) -> PAGE | Redirect:
    cart = await open_checkout(visit, carts, step="delivery", needs=("address",))
    if isinstance(cart, Redirect):
        return cart
    option = typed(dict(await request.form()), "delivery")
    if not option:
        problem = Problem(text=visit.texts("problem.delivery_missing"), field="delivery-1")
        return await _delivery(visit, search, carts, cart=cart, problems=[problem], status=422)
    try:
        await carts.set_delivery(SetDelivery(cart_id=cart.id, account_id=visit.account_id, option_id=option))
    except CartOrdered:
        return ordered(visit)
    except (DeliveryUnavailable, Invalid) as error:
        problem = problem_of(error, visit.texts)
        return await _delivery(visit, search, carts, cart=cart, problems=[problem], status=422)
    return go(visit.url("checkout/payment"))


@get("/{lang:str}/checkout/review")
async def review_page(
    visit: Injected[Visit], search: Injected[Search], carts: Injected[Carts], ids: Injected[Ids]
) -> PAGE | Redirect:
    """Everything once more. Showing it makes its total the one that was shown."""
    cart = await open_checkout(visit, carts, step="review", needs=("address", "delivery", "payment"))
    if isinstance(cart, Redirect):
        return cart
    asked = dict(visit.query)
    problem = problem_by_code(asked.get("problem", ""), visit.texts)
    # After "still being worked on" the same key must go out again, or a second order could start.
    key = asked.get("attempt", "")[:KEY_LENGTH_MAX] or ids.token()
    return await _review(visit, search, carts, cart=cart, problems=listed([problem]), key=key)


@post("/{lang:str}/checkout/place", status_code=200)
async def place(
    request: AnyRequest,
    visit: Injected[Visit],
    carts: Injected[Carts],
    orders: Injected[Orders],
    *,
    remembered: Injected[Remembered],
) -> Redirect:
    """The order, with the key made with the review page: pressing twice makes one order."""
    data = dict(await request.form())
    cart = await load_cart(visit, carts)
    if cart is None and visit.lapsed:
        return go(visit.url("account/sign-in", next=visit.url("checkout/review")))
    if cart is None:
        return go(visit.url("cart", problem="cart_gone"))
    key = typed(data, "key")[:KEY_LENGTH_MAX]
    expected = typed(data, "expected_total")
    if not key or not expected.isascii() or not expected.isdigit():
        return go(visit.url("checkout/review"))
    total = Money(int(expected[:15]), cart.currency)
    try:
        tenders = await _tenders(visit, carts, cart)
        answer = await orders.checkout(_order(visit, cart, tenders, key=key, total=total))
    except CartOrdered:
        return ordered(visit)
    except (Invalid, Conflict, Unavailable) as error:
        return refused(visit, error, key=key)
    await last_carts.forget(visit, remembered)
    return after_checkout(visit, answer)


def after_checkout(visit: Visit, answer: CheckoutAnswer) -> Redirect:
    """Where an answer leads: thanks, the provider, waiting, or back to payment."""
    order = answer.order
    if answer.outcome == "placed":
        response = go(visit.url(f"orders/{order.id}/thanks", key=order.key))
        if visit.cart_id == order.cart_id:
            forget_cart(response, visit)
        return response
    if answer.outcome == "action" and answer.next_action_url:
        return go(answer.next_action_url)
    if answer.outcome == "declined":
        return go(visit.url("checkout/payment", declined=answer.decline_code or "card_declined"))
    return go(visit.url(f"checkout/return/{order.id}", key=order.key))


def refused(visit: Visit, error: RialtoError, *, key: str) -> Redirect:
    """Back to the page where it can be mended; what needs no mending waits on the review page."""
    step = STEP_OF.get(error.stable_code, "checkout/review")
    code = error.stable_code if f"problem.{error.stable_code}" in visit.texts.sentences else "generic"
    repeat = {"attempt": key} if error.retryable and step == "checkout/review" else {}
    return go(visit.url(step, problem=code, **repeat))


async def open_checkout(
    visit: Visit, carts: Carts, *, step: str = "address", needs: tuple[str, ...] = ()
) -> Cart | Redirect:
    """The cart, or the way to the first step that is missing.

    Whose session has ended is asked to sign in again: what they have chosen is in their account's cart.
    """
    cart = await load_cart(visit, carts)
    if cart is None and visit.lapsed:
        return go(visit.url("account/sign-in", next=visit.url(f"checkout/{step}")))
    if cart is None or (cart.status == "open" and not cart.lines):
        return go(visit.url("cart", problem="cart_empty"))
    if cart.status != "open":
        return ordered(visit)
    have = {
        "address": cart.email and cart.shipping,
        "delivery": cart.delivery,
        "payment": cart.payment_label is not None,
    }
    missing = next((step for step in needs if not have[step]), None)
    return go(visit.url(f"checkout/{missing}", problem=f"{missing}_missing")) if missing else cart


def cart_ref(visit: Visit, cart: Cart) -> CartRef:
    """The visitor's cart by its name, as its owner if it has one."""
    return CartRef(cart_id=cart.id, account_id=visit.account_id, language=visit.language)


def checkout_context(cart: Cart, step: str) -> dict[str, Any]:
    return {"cart": cart, "step": step, "count": sum(line.quantity for line in cart.lines)}


def ordered(visit: Visit) -> Redirect:
    """Ordered in another tab: the mail has the link; a new purchase starts with a new cart."""
    answer = go(visit.url("cart", problem="cart_ordered"))
    forget_cart(answer, visit)
    return answer


async def _delivery(
    visit: Visit, search: Search, carts: Carts, *, cart: Cart, problems: list[Problem], status: int = 200
) -> PAGE:
    options: DeliveryOptions = await carts.delivery_options(cart_ref(visit, cart))
    shown = [
        {
            "id": option.id,
            "title": option.title.get(visit.language) or next(iter(option.title.values()), option.id),
            "price": option.price,
            "days": formats.days_between(option.delivered_on_from, option.delivered_on_to, visit.language),
        }
        for option in options.items
    ]
    return await private_page(
        visit,
        "pages/delivery.html",
        search=search,
        status=status,
        options=shown,
        problems=problems,
        **checkout_context(cart, "delivery"),
    )


async def _review(
    visit: Visit, search: Search, carts: Carts, *, cart: Cart, problems: list[Problem], key: str
) -> PAGE:
    ready: CartForCheckout = await carts.for_checkout(cart_ref(visit, cart))
    seen, total = ready.seen_total, ready.quote.totals.total
    changed = [] if seen is None or seen == total or problems else [_price_changed(visit, seen)]
    await carts.accept_total(cart_ref(visit, cart))
    context = checkout_context(ready.cart, "review") | {
        "totals": ready.quote.totals,
        "taxes": ready.quote.taxes,
    }
    delivery = ready.cart.delivery
    return await private_page(
        visit,
        "pages/review.html",
        search=search,
        status=409 if problems else 200,
        problems=problems + changed,
        key=key,
        expected=total.amount,
        days=formats.days_between(delivery.delivered_on_from, delivery.delivered_on_to, visit.language)
        if delivery
        else "",
        **context,
    )


def _price_changed(visit: Visit, seen: Money) -> Problem:
    return Problem(text=visit.texts("problem.total_changed", before=formats.money(seen, visit.language)))


async def _tenders(visit: Visit, carts: Carts, cart: Cart) -> list[Tender]:
    """How it is paid. A cart that became an order has none left to say: the key then finds the answer given before."""
    try:
        payment = (await carts.for_checkout(cart_ref(visit, cart))).payment
    except CartOrdered:
        return []
    return [Tender(provider=payment.provider, token=payment.token)] if payment else []


def _order(visit: Visit, cart: Cart, tenders: list[Tender], *, key: str, total: Money) -> PlaceOrder:
    """The digest is of what the form said, so that pressing twice is the same request."""
    digest = hashlib.sha256(f"{cart.id}|{total.amount}|{total.currency}".encode()).hexdigest()
    return PlaceOrder(
        cart_id=cart.id,
        account_id=visit.account_id,
        tenders=tenders,
        key=key,
        request_hash=digest,
        expected_total=total,
    )
