"""Checkout in four steps: address, delivery, payment (`payment.py`), review. Each step is a page of its own."""

from __future__ import annotations

import hashlib
from typing import Any

from litestar import get, post
from litestar.response import Redirect

from rialto.cart.api import Cart, CartForCheckout, CartOrdered, CartRef, Carts, SetAddress, SetDelivery
from rialto.kernel.errors import Conflict, Invalid, RialtoError, Unavailable
from rialto.kernel.http import Injected
from rialto.kernel.ids import Ids
from rialto.kernel.money import Money
from rialto.orders.api import CheckoutAnswer, Orders, PlaceOrder, Tender
from rialto.pricing.api import DeliveryOptions, DeliveryUnavailable
from rialto.search.api import Search
from rialto.storefront import formats
from rialto.storefront.forms import (
    AddressForm,
    field_errors,
    fill_address_form,
    parse_address_form,
    read_address_form,
    typed,
)
from rialto.storefront.problems import STEP_OF, Problem, listed, problem_by_code, problem_of
from rialto.storefront.rendering import PAGE, go, private_page
from rialto.storefront.visit import AnyRequest, Visit, forget_cart, load_cart

KEY_LENGTH_MAX = 80


@get("/{lang:str}/checkout/address")
async def address_page(
    visit: Injected[Visit], search: Injected[Search], carts: Injected[Carts]
) -> PAGE | Redirect:
    cart = await open_checkout(visit, carts)
    if isinstance(cart, Redirect):
        return cart
    form = fill_address_form(cart.email, cart.shipping, cart.billing, country=cart.country)
    problem = problem_by_code(dict(visit.query).get("problem", ""), visit.texts)
    return await _address(visit, search, cart=cart, form=form, problems=listed([problem]))


@post("/{lang:str}/checkout/address", status_code=200)
async def save_address(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], carts: Injected[Carts]
) -> PAGE | Redirect:
    cart = await open_checkout(visit, carts)
    if isinstance(cart, Redirect):
        return cart
    form = read_address_form(dict(await request.form()))
    try:
        email, shipping, billing = parse_address_form(form)
        await carts.set_address(SetAddress(cart_id=cart.id, email=email, shipping=shipping, billing=billing))
    except CartOrdered:
        return ordered(visit)
    except Invalid as invalid:
        errors = {error.id: visit.texts.get(error.text, "error.not_valid") for error in field_errors(invalid)}
        problems = [_field_problem(visit, field, text) for field, text in errors.items()]
        problems = problems or [problem_of(invalid, visit.texts)]
        return await _address(visit, search, cart=cart, form=form, problems=problems, errors=errors)
    return go(visit.url("checkout/delivery"))


@get("/{lang:str}/checkout/delivery")
async def delivery_page(
    visit: Injected[Visit], search: Injected[Search], carts: Injected[Carts]
) -> PAGE | Redirect:
    cart = await open_checkout(visit, carts, needs=("address",))
    if isinstance(cart, Redirect):
        return cart
    problem = problem_by_code(dict(visit.query).get("problem", ""), visit.texts)
    return await _delivery(visit, search, carts, cart=cart, problems=listed([problem]))


@post("/{lang:str}/checkout/delivery", status_code=200)
async def save_delivery(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], carts: Injected[Carts]
) -> PAGE | Redirect:
    cart = await open_checkout(visit, carts, needs=("address",))
    if isinstance(cart, Redirect):
        return cart
    option = typed(dict(await request.form()), "delivery")
    if not option:
        problem = Problem(text=visit.texts("problem.delivery_missing"), field="delivery-1")
        return await _delivery(visit, search, carts, cart=cart, problems=[problem], status=422)
    try:
        await carts.set_delivery(SetDelivery(cart_id=cart.id, option_id=option))
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
    cart = await open_checkout(visit, carts, needs=("address", "delivery", "payment"))
    if isinstance(cart, Redirect):
        return cart
    asked = dict(visit.query)
    problem = problem_by_code(asked.get("problem", ""), visit.texts)
    # After "still being worked on" the same key must go out again, or a second order could start.
    key = asked.get("attempt", "")[:KEY_LENGTH_MAX] or ids.token()
    return await _review(visit, search, carts, cart=cart, problems=listed([problem]), key=key)


@post("/{lang:str}/checkout/place", status_code=200)
async def place(
    request: AnyRequest, visit: Injected[Visit], carts: Injected[Carts], orders: Injected[Orders]
) -> Redirect:
    """The order, with the key made with the review page: pressing twice makes one order."""
    data = dict(await request.form())
    cart = await load_cart(visit, carts)
    if cart is None:
        return go(visit.url("cart", problem="cart_gone"))
    key = typed(data, "key")[:KEY_LENGTH_MAX]
    expected = typed(data, "expected_total")
    if not key or not expected.isascii() or not expected.isdigit():
        return go(visit.url("checkout/review"))
    total = Money(int(expected[:15]), cart.currency)
    try:
        tenders = await _tenders(carts, cart)
        answer = await orders.checkout(_order(cart, tenders, key=key, total=total))
    except CartOrdered:
        return ordered(visit)
    except (Invalid, Conflict, Unavailable) as error:
        return refused(visit, error, key=key)
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


async def open_checkout(visit: Visit, carts: Carts, *, needs: tuple[str, ...] = ()) -> Cart | Redirect:
    """The cart, or the way to the first step that is missing."""
    cart = await load_cart(visit, carts)
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


def checkout_context(cart: Cart, step: str) -> dict[str, Any]:
    return {"cart": cart, "step": step, "count": sum(line.quantity for line in cart.lines)}


def ordered(visit: Visit) -> Redirect:
    """Ordered in another tab: the mail has the link; a new purchase starts with a new cart."""
    answer = go(visit.url("cart", problem="cart_ordered"))
    forget_cart(answer, visit)
    return answer


async def _address(
    visit: Visit,
    search: Search,
    *,
    cart: Cart,
    form: AddressForm,
    problems: list[Problem],
    errors: dict[str, str] | None = None,
) -> PAGE:
    return await private_page(
        visit,
        "pages/address.html",
        search=search,
        status=422 if errors is not None else 200,
        form=form,
        errors=errors or {},
        problems=problems,
        countries=formats.countries(visit.language),
        **checkout_context(cart, "address"),
    )


async def _delivery(
    visit: Visit, search: Search, carts: Carts, *, cart: Cart, problems: list[Problem], status: int = 200
) -> PAGE:
    options: DeliveryOptions = await carts.delivery_options(CartRef(cart_id=cart.id, language=visit.language))
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
    ready: CartForCheckout = await carts.for_checkout(CartRef(cart_id=cart.id, language=visit.language))
    seen, total = ready.seen_total, ready.quote.totals.total
    changed = [] if seen is None or seen == total or problems else [_price_changed(visit, seen)]
    await carts.accept_total(CartRef(cart_id=cart.id, language=visit.language))
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


def _field_problem(visit: Visit, field: str, text: str) -> Problem:
    """Two addresses have the same fields: the summary says which one is meant."""
    told = visit.texts("address.billing_prefix", text=text) if field.startswith("billing-") else text
    return Problem(text=told, field=field)


def _price_changed(visit: Visit, seen: Money) -> Problem:
    return Problem(text=visit.texts("problem.total_changed", before=formats.money(seen, visit.language)))


async def _tenders(carts: Carts, cart: Cart) -> list[Tender]:
    """How it is paid. A cart that became an order has none left to say: the key then finds the answer given before."""
    try:
        payment = (await carts.for_checkout(CartRef(cart_id=cart.id))).payment
    except CartOrdered:
        return []
    return [Tender(provider=payment.provider, token=payment.token)] if payment else []


def _order(cart: Cart, tenders: list[Tender], *, key: str, total: Money) -> PlaceOrder:
    """The digest is of what the form said, so that pressing twice is the same request."""
    digest = hashlib.sha256(f"{cart.id}|{total.amount}|{total.currency}".encode()).hexdigest()
    return PlaceOrder(
        cart_id=cart.id,
        tenders=tenders,
        key=key,
        request_hash=digest,
        expected_total=total,
    )
