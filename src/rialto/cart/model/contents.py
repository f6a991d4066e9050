"""What a cart holds, and how each change alters it. A change gives a new value; the old one stays as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from msgspec.structs import replace

from rialto.cart.api import CODES_MAX, LINES_MAX, QUANTITY_MAX, CartLimit, ChosenPayment, LineNotFound
from rialto.kernel.address import Address
from rialto.kernel.errors import FieldProblem, field_problem
from rialto.kernel.ids import AccountId, CartId, LineId, OrderId
from rialto.kernel.money import Currency, Money
from rialto.kernel.service import Frozen

OPEN = "open"
ORDERED = "ordered"
MERGED = "merged"


class StoredLine(Frozen):
    """`shown_price` is the unit price the customer last saw for it; `position` counts up in the order of adding."""

    id: LineId
    sku: str
    quantity: int
    position: int
    shown_price: Money | None = None


class Contact(Frozen):
    """Personal data: who buys and where it goes."""

    email: str
    shipping: Address
    billing: Address


class StoredCart(Frozen):
    """A cart as kept. `version` counts its changes; `seen_total` is the total last shown. Without an account it is a guest's."""

    id: CartId
    version: int
    currency: Currency
    country: str
    language: str
    channel: str
    touched_on: date
    account_id: AccountId | None = None
    status: str = OPEN
    order_id: OrderId | None = None
    delivery_option_id: str | None = None
    seen_total: Money | None = None
    payment: ChosenPayment | None = None
    contact: Contact | None = None
    codes: tuple[str, ...] = ()
    lines: tuple[StoredLine, ...] = ()


def with_added(cart: StoredCart, *, line_id: LineId, sku: str, quantity: int) -> StoredCart:
    """A SKU that is there already gets more, any other a line of its own. Raises Invalid, CartLimit."""
    if quantity < 1:
        raise field_problem("quantity", "not_valid", "Please give a quantity of at least 1.")
    present = next((line for line in cart.lines if line.sku == sku), None)
    if present is not None:
        return _with_line(cart, replace(present, quantity=_allowed(present.quantity + quantity)))
    if len(cart.lines) >= LINES_MAX:
        raise CartLimit(f"A cart holds at most {LINES_MAX} different articles.")
    position = 1 + max((line.position for line in cart.lines), default=0)
    added = StoredLine(id=line_id, sku=sku, quantity=_allowed(quantity), position=position)
    return replace(cart, lines=(*cart.lines, added))


def with_quantity(cart: StoredCart, *, line_id: str, quantity: int) -> StoredCart:
    """Another quantity; with 0 the line goes. Raises LineNotFound, Invalid, CartLimit."""
    line = line_of(cart, line_id)
    if quantity < 0:
        raise field_problem("quantity", "not_valid", "Please give a quantity of at least 0.")
    if quantity == 0:
        return replace(cart, lines=tuple(other for other in cart.lines if other.id != line.id))
    return _with_line(cart, replace(line, quantity=_allowed(quantity)))


def line_of(cart: StoredCart, line_id: str) -> StoredLine:
    """Raises LineNotFound."""
    found = next((line for line in cart.lines if line.id == line_id), None)
    if found is None:
        raise LineNotFound
    return found


def with_contact(cart: StoredCart, contact: Contact) -> StoredCart:
    """The country of the shipping address is where taxes and deliveries are reckoned for from now on."""
    return replace(cart, contact=contact, country=contact.shipping.country)


def with_code(cart: StoredCart, code: str) -> StoredCart:
    """With a code more; one that is there stays where it is. Raises CartLimit for one too many."""
    if code in cart.codes:
        return cart
    if len(cart.codes) >= CODES_MAX:
        raise CartLimit(f"At most {CODES_MAX} codes can be used at once.")
    return replace(cart, codes=(*cart.codes, code))


def without_code(cart: StoredCart, code: str) -> StoredCart:
    return replace(cart, codes=tuple(other for other in cart.codes if other != code))


def with_left_out(cart: StoredCart, sold: Mapping[str, int]) -> StoredCart:
    """The cart without what was bought: these quantities by SKU. A line of which nothing is left goes."""
    left = ((line, line.quantity - sold.get(line.sku, 0)) for line in cart.lines)
    return replace(cart, lines=tuple(replace(line, quantity=rest) for line, rest in left if rest > 0))


def as_shown(
    cart: StoredCart, *, prices: dict[str, Money], total: Money, delivery_option_id: str | None
) -> StoredCart:
    """The cart after its answer went out: these unit prices (by SKU), this total and this delivery were seen."""
    lines = tuple(replace(line, shown_price=prices.get(line.sku, line.shown_price)) for line in cart.lines)
    return replace(cart, lines=lines, seen_total=total, delivery_option_id=delivery_option_id)


def sold_in(cart: StoredCart, currencies: Sequence[Currency]) -> StoredCart:
    """An open cart whose currency is not among those that its shop front sells in goes on in the first of them.

    What was shown in the other one says nothing any more, and no total of this one has been seen: nobody may buy before.
    """
    if cart.status != OPEN or not currencies or cart.currency in currencies:
        return cart
    lines = tuple(replace(line, shown_price=None) for line in cart.lines)
    return replace(cart, currency=currencies[0], seen_total=Money.zero(currencies[0]), lines=lines)


def _with_line(cart: StoredCart, changed: StoredLine) -> StoredCart:
    return replace(cart, lines=tuple(changed if line.id == changed.id else line for line in cart.lines))


def _allowed(quantity: int) -> int:
    if quantity > QUANTITY_MAX:
        text = f"At most {QUANTITY_MAX} of one article can be ordered at once."
        raise CartLimit(text, fields=(FieldProblem(path="quantity", code="cart_limit", message=text),))
    return quantity
