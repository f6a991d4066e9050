"""What can be asked of carts. A guest's cart id is an unguessable capability: whoever has it may use it."""

from __future__ import annotations

from typing import Protocol

from rialto.catalog.api import Picture
from rialto.kernel.address import Address
from rialto.kernel.errors import Conflict, Invalid, NotFound
from rialto.kernel.ids import CartId, LineId, OrderId, ProductId
from rialto.kernel.money import Currency, Money
from rialto.kernel.service import Frozen, Nothing, operation
from rialto.pricing.api import DeliveryOptions, Quote

LINES_MAX = 100
QUANTITY_MAX = 99


class CartNotFound(NotFound):
    message = "There is no such cart."


class LineNotFound(NotFound):
    message = "There is no such line in this cart."


class CartLimit(Invalid):
    code = "cart_limit"


class SkuNotSold(Invalid):
    code = "sku_not_sold"
    message = "This article is not sold here."


class CartOrdered(Conflict):
    """The cart became an order; a new purchase needs a new cart. `extra["order_id"]` names it."""

    code = "cart_ordered"
    message = "This cart has been ordered already."


class CodeNotValid(Invalid):
    code = "code_not_valid"
    message = "This code is not valid."


class CartLine(Frozen):
    """`unit_price` is today's; `former_unit_price` is set while it differs from what was shown before.

    `available` is how many can be had (at most QUANTITY_MAX); below `quantity` the line cannot be ordered.
    `problem` is none, price_changed, few_left, sold_out or not_sold.
    """

    id: LineId
    sku: str
    product_id: ProductId | None = None
    slug: str | None = None
    title: str
    options: dict[str, str] = {}
    image: Picture | None = None
    quantity: int
    unit_price: Money
    former_unit_price: Money | None = None
    total: Money
    available: int
    problem: str | None = None


class CartTotals(Frozen):
    items: Money
    discount: Money
    delivery: Money
    tax: Money
    total: Money


class ChosenDelivery(Frozen):
    option_id: str
    title: str
    price: Money
    delivered_on_from: str | None = None
    delivered_on_to: str | None = None


class ChosenPayment(Frozen):
    """A provider's token and the label a person recognises (`Visa •••• 4242`). Never a card number."""

    provider: str
    token: str
    label: str = ""


class Cart(Frozen):
    """A cart as shown: priced now, with every change since it was last shown."""

    id: CartId
    version: int
    currency: Currency
    country: str
    language: str
    channel: str
    status: str = "open"
    order_id: OrderId | None = None
    lines: list[CartLine]
    codes: list[str] = []
    totals: CartTotals
    tax_included: bool = True
    email: str | None = None
    shipping: Address | None = None
    billing: Address | None = None
    delivery: ChosenDelivery | None = None
    payment_label: str | None = None


class CartForCheckout(Frozen):
    """What an order is made of: the priced lines, the quote behind them, and what the customer was last shown."""

    cart: Cart
    quote: Quote
    seen_total: Money | None
    payment: ChosenPayment | None = None


class NewCart(Frozen):
    """Unknown currency, country or language fall back to the channel's.

    The channel is the one whose `hosts` has `host`; where none has (or without it) the one of this code.
    """

    currency: str | None = None
    country: str | None = None
    language: str | None = None
    channel: str = "default"
    host: str | None = None


class CartRef(Frozen):
    cart_id: CartId
    language: str | None = None


class AddLine(Frozen):
    """Adding a SKU that is there already raises its quantity."""

    cart_id: CartId
    sku: str
    quantity: int = 1
    language: str | None = None


class ChangeLine(Frozen):
    """Quantity 0 removes the line."""

    cart_id: CartId
    line_id: LineId
    quantity: int
    language: str | None = None


class SetAddress(Frozen):
    cart_id: CartId
    email: str
    shipping: Address
    billing: Address | None = None


class SetDelivery(Frozen):
    cart_id: CartId
    option_id: str


class SetPayment(Frozen):
    cart_id: CartId
    payment: ChosenPayment


class ChangeCode(Frozen):
    cart_id: CartId
    code: str


class CloseCart(Frozen):
    cart_id: CartId
    order_id: OrderId


class Carts(Protocol):
    """Carts. All changes are conditional on the cart's version inside; callers see the last state."""

    @operation(idempotent=False)
    async def create(self, command: NewCart) -> Cart: ...

    @operation(idempotent=True)
    async def get(self, command: CartRef) -> Cart:
        """Raises CartNotFound."""
        ...

    @operation(idempotent=False)
    async def add_line(self, command: AddLine) -> Cart:
        """Raises CartNotFound, CartOrdered, SkuNotSold, CartLimit; a sold-out SKU may be added and is marked."""
        ...

    @operation(idempotent=True)
    async def change_line(self, command: ChangeLine) -> Cart:
        """Raises LineNotFound and as add_line."""
        ...

    @operation(idempotent=True)
    async def set_address(self, command: SetAddress) -> Cart:
        """Raises Invalid with field paths. A delivery choice that no longer serves the country is dropped."""
        ...

    @operation(idempotent=True)
    async def delivery_options(self, command: CartRef) -> DeliveryOptions: ...

    @operation(idempotent=True)
    async def set_delivery(self, command: SetDelivery) -> Cart:
        """Raises pricing's DeliveryUnavailable."""
        ...

    @operation(idempotent=True)
    async def set_payment(self, command: SetPayment) -> Cart:
        """Raises Invalid `card_number_refused` for anything that looks like a card number."""
        ...

    @operation(idempotent=True)
    async def add_code(self, command: ChangeCode) -> Cart:
        """Raises CodeNotValid."""
        ...

    @operation(idempotent=True)
    async def remove_code(self, command: ChangeCode) -> Cart: ...

    @operation(idempotent=True)
    async def for_checkout(self, command: CartRef) -> CartForCheckout:
        """The cart priced at this moment, on the primary. Raises CartNotFound, CartOrdered."""
        ...

    @operation(idempotent=True)
    async def accept_total(self, command: CartRef) -> Cart:
        """Remember the present total as the one shown to the customer."""
        ...

    @operation(idempotent=True)
    async def close(self, command: CloseCart) -> Nothing:
        """The cart became this order."""
        ...
