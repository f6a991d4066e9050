"""Checkout's first step: where it should go. A customer chooses from the address book or types another address.

A form that arrives after its customer's session has ended is kept beside the sign-in form and taken up afterwards: nobody
types an address twice.
"""

from __future__ import annotations

import msgspec
from litestar import get, post
from litestar.response import Redirect

from rialto.cart.api import Cart, CartOrdered, Carts, SetAddress
from rialto.identity.api import AccountRef, Identity, SavedAddress
from rialto.kernel.address import Address
from rialto.kernel.errors import Invalid, NotFound, Unavailable
from rialto.kernel.http import Injected
from rialto.search.api import Search
from rialto.storefront import formats
from rialto.storefront.forms import (
    ADDRESS_FIELDS,
    AddressForm,
    field_errors,
    fill_address_form,
    parse_address_form,
    read_address_form,
    typed,
    with_shipping,
)
from rialto.storefront.pages.account.entry import Entry, ask_in
from rialto.storefront.pages.checkout import checkout_context, open_checkout, ordered
from rialto.storefront.problems import Problem, listed, problem_by_code, problem_of
from rialto.storefront.rendering import PAGE, go, private_page
from rialto.storefront.visit import AnyRequest, Visit, load_cart

OTHER = "other"


class _Known:
    """What checkout may know of its customer: the e-mail and the address book; nothing of a guest."""

    def __init__(self, email: str = "", addresses: list[SavedAddress] | None = None) -> None:
        self.email = email
        self.addresses = addresses or []

    def find(self, address_id: str) -> SavedAddress | None:
        return next((one for one in self.addresses if one.id == address_id), None)

    def chosen_for(self, cart: Cart) -> str:
        """The one that the cart has already, or to begin with the usual one."""
        if cart.shipping is None:
            return next((one.id for one in self.addresses if one.default_shipping), OTHER)
        return next((one.id for one in self.addresses if _is_same(one, cart.shipping)), OTHER)


@get("/{lang:str}/checkout/address")
async def address_page(
    visit: Injected[Visit],
    search: Injected[Search],
    carts: Injected[Carts],
    identity: Injected[Identity],
) -> PAGE | Redirect:
    cart = await open_checkout(visit, carts)
    if isinstance(cart, Redirect):
        return cart
    known = await _known(visit, identity)
    form = fill_address_form(cart.email or known.email, cart.shipping, cart.billing, country=cart.country)
    problem = problem_by_code(dict(visit.query).get("problem", ""), visit.texts)
    chosen = known.chosen_for(cart)
    return await _page(
        visit, search, cart=cart, form=form, known=known, chosen=chosen, problems=listed([problem])
    )


@post("/{lang:str}/checkout/address", status_code=200)
async def save_address(
    request: AnyRequest,
    visit: Injected[Visit],
    search: Injected[Search],
    carts: Injected[Carts],
    *,
    identity: Injected[Identity],
) -> PAGE | Redirect:
    data = dict(await request.form())
    form, chosen = read_address_form(data), typed(data, "saved") or OTHER
    if visit.lapsed and await load_cart(visit, carts) is None:
        kept = msgspec.json.encode(form).decode() if chosen == OTHER else ""
        return await ask_in(visit, search, Entry(next=visit.url("checkout/address"), typed=kept))
    return await _save(visit, search, carts, identity, form=form, chosen=chosen, then="checkout/delivery")


def read_typed(text: str) -> AddressForm | None:
    """The form that waited beside the sign-in form; None for what is none."""
    try:
        return msgspec.json.decode(text, type=AddressForm) if text else None
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None


async def take_up(
    visit: Visit, search: Search, carts: Carts, identity: Identity, *, form: AddressForm
) -> PAGE | Redirect:
    """The same step once more with what was typed: in the cart if it is complete, else told what is missing."""
    return await _save(visit, search, carts, identity, form=form, chosen=OTHER, then="checkout/address")


async def _save(
    visit: Visit,
    search: Search,
    carts: Carts,
    identity: Identity,
    *,
    form: AddressForm,
    chosen: str,
    then: str,
) -> PAGE | Redirect:
    cart = await open_checkout(visit, carts)
    if isinstance(cart, Redirect):
        return cart
    known = await _known(visit, identity)
    saved = known.find(chosen)
    chosen = OTHER if saved is None else chosen
    form = form if saved is None else with_shipping(form, saved)
    try:
        email, shipping, billing = parse_address_form(form)
        await carts.set_address(
            SetAddress(
                cart_id=cart.id,
                account_id=visit.account_id,
                email=email,
                shipping=shipping,
                billing=billing,
            )
        )
    except CartOrdered:
        return ordered(visit)
    except Invalid as invalid:
        errors = {error.id: visit.texts.get(error.text, "error.not_valid") for error in field_errors(invalid)}
        problems = [_field_problem(visit, field, text) for field, text in errors.items()]
        problems = problems or [problem_of(invalid, visit.texts)]
        return await _page(
            visit, search, cart=cart, form=form, known=known, chosen=chosen, problems=problems, errors=errors
        )
    return go(visit.url(then))


async def _known(visit: Visit, identity: Identity) -> _Known:
    """A convenience: while identity does not answer, a customer types as a guest does."""
    if visit.account_id is None:
        return _Known()
    ref = AccountRef(account_id=visit.account_id)
    try:
        account = await identity.account(ref)
        return _Known(account.email, (await identity.list_addresses(ref)).items)
    except (Unavailable, NotFound):
        return _Known()


async def _page(
    visit: Visit,
    search: Search,
    *,
    cart: Cart,
    form: AddressForm,
    known: _Known,
    chosen: str,
    problems: list[Problem],
    errors: dict[str, str] | None = None,
) -> PAGE:
    return await private_page(
        visit,
        "pages/address.html",
        search=search,
        status=422 if errors is not None else 200,
        form=form,
        saved=known.addresses,
        chosen=chosen,
        errors=errors or {},
        problems=problems,
        countries=formats.countries(visit.language),
        **checkout_context(cart, "address"),
    )


def _is_same(saved: Address, other: Address) -> bool:
    return all(getattr(saved, name) == getattr(other, name) for name in ADDRESS_FIELDS)


def _field_problem(visit: Visit, field: str, text: str) -> Problem:
    """Two addresses have the same fields: the summary says which one is meant."""
    told = visit.texts("address.billing_prefix", text=text) if field.startswith("billing-") else text
    return Problem(text=told, field=field)
