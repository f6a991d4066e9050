"""What can be asked of carts and wishlists.

A guest's cart id is an unguessable capability: whoever has it may use it. An account's cart is there for its owner
alone: commands say who asks in `account_id`, and to anybody else the cart does not exist.
"""

from __future__ import annotations

from typing import Protocol

from rialto.cart.api.keeping import WISHES_MAX as WISHES_MAX
from rialto.cart.api.keeping import KeptCart as KeptCart
from rialto.cart.api.keeping import KeptLine as KeptLine
from rialto.cart.api.keeping import KeptWish as KeptWish
from rialto.cart.api.keeping import MoveWish as MoveWish
from rialto.cart.api.keeping import PersonalCarts as PersonalCarts
from rialto.cart.api.keeping import Wish as Wish
from rialto.cart.api.keeping import Wishes as Wishes
from rialto.cart.api.keeping import WishLimit as WishLimit
from rialto.cart.api.keeping import WishlistOf as WishlistOf
from rialto.cart.api.keeping import WishNotFound as WishNotFound
from rialto.cart.api.keeping import WishRef as WishRef
from rialto.catalog.api import Picture
from rialto.identity.api import AccountRef
from rialto.kernel.address import Address
from rialto.kernel.errors import Conflict, Invalid, NotFound
from rialto.kernel.ids import AccountId, CartId, LineId, OrderId, ProductId
from rialto.kernel.money import Currency, Money
from rialto.kernel.service import Frozen, Nothing, operation
from rialto.pricing.api import DeliveryOptions, Quote

LINES_MAX = 100
CODES_MAX = 5
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


class CartMerged(Conflict):
    """What was in it is in an account's cart now."""

    code = "cart_merged"
    message = "This cart was taken over into the cart of an account."


class CodeNotValid(Invalid):
    """`extra["reason"]` is unknown, ended or used_up."""

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


class Discount(Frozen):
    """A promotion that is given, and by which code. Free delivery takes nothing off the items: its amount is 0."""

    title: str
    amount: Money
    code: str | None = None


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
    discounts: list[Discount] = []
    totals: CartTotals
    tax_included: bool = True
    email: str | None = None
    shipping: Address | None = None
    billing: Address | None = None
    delivery: ChosenDelivery | None = None
    payment_label: str | None = None


class CartForCheckout(Frozen):
    """What an order is made of: the priced lines, the quote behind them, and what the customer was last shown.

    `shop_url` is where its shop front is reached; empty for the shop's own address.
    """

    cart: Cart
    quote: Quote
    seen_total: Money | None
    payment: ChosenPayment | None = None
    shop_url: str = ""


class NewCart(Frozen):
    """Unknown currency, country or language fall back to the channel's.

    The channel is the one whose `hosts` has `host`; where none has (or without it) the one of this code.
    With `account_id` it is the account's one open cart in that channel: made only when there is none.
    """

    account_id: AccountId | None = None
    currency: str | None = None
    country: str | None = None
    language: str | None = None
    channel: str = "default"
    host: str | None = None


class OfCart(Frozen):
    """What every command about a cart says: which one, and the signed-in customer who asks."""

    cart_id: CartId
    account_id: AccountId | None = None


class CartRef(OfCart):
    language: str | None = None


class AddLine(OfCart):
    """Adding a SKU that is there already raises its quantity."""

    sku: str
    quantity: int = 1
    language: str | None = None


class ChangeLine(OfCart):
    """Quantity 0 removes the line."""

    line_id: LineId
    quantity: int
    language: str | None = None


class SetAddress(OfCart):
    email: str
    shipping: Address
    billing: Address | None = None


class SetDelivery(OfCart):
    option_id: str


class SetPayment(OfCart):
    payment: ChosenPayment


class ChangeCode(OfCart):
    code: str


class CloseCart(Frozen):
    """`skus` is what the order has of each; what else is in an account's cart goes on in a new one."""

    cart_id: CartId
    order_id: OrderId
    skus: dict[str, int] = {}


class MergeCart(Frozen):
    """`cart_id` is a guest's, or the account's own, which changes nothing."""

    cart_id: CartId
    account_id: AccountId
    language: str | None = None


class WantedLine(Frozen):
    """`seen_price` is what the customer remembers it to cost."""

    sku: str
    quantity: int
    seen_price: Money | None = None


class FillCart(OfCart):
    lines: list[WantedLine]
    language: str | None = None


class LineConflict(Frozen):
    """Where a cart could not become what was asked for.

    `code` is quantity_capped (more than one cart may hold; the rest is left out), price_changed, sold_out (it is in
    the cart and cannot be ordered now), not_sold (left out) or lines_full (left out: the cart holds no more articles).
    `requested` is what the line would have had, `quantity` what it has. Prices are given where they are known.
    """

    sku: str
    code: str
    requested: int
    quantity: int
    unit_price: Money | None = None
    former_unit_price: Money | None = None


class FilledCart(Frozen):
    cart: Cart
    conflicts: list[LineConflict]


class Carts(Protocol):
    """Carts. All changes are conditional on the cart's version inside; callers see the last state."""

    @operation(idempotent=False)
    async def create(self, command: NewCart) -> Cart:
        """A new cart; for an account its open one. Raises Invalid for a channel that is not known, ChannelClosed."""
        ...

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
        """The cart priced at this moment, on the primary. Raises CartNotFound, CartOrdered, ChannelClosed."""
        ...

    @operation(idempotent=True)
    async def accept_total(self, command: CartRef) -> Cart:
        """Remember the present total as the one shown to the customer."""
        ...

    @operation(idempotent=True)
    async def close(self, command: CloseCart) -> Nothing:
        """The cart became this order. Again: unchanged. Raises CartNotFound, CartOrdered when it became another."""
        ...

    @operation(idempotent=True)
    async def merge(self, command: MergeCart) -> FilledCart:
        """Put a guest's lines into the account's cart and end the guest's. Again: the same conflicts, nothing added.

        Quantities add up to what a cart may hold. Address, delivery and payment come along where the account's cart
        has none. Raises CartNotFound, also for a cart that went to another account, and CartOrdered.
        """
        ...

    @operation(idempotent=False)
    async def fill(self, command: FillCart) -> FilledCart:
        """Add as many of these as may be. Raises CartNotFound, CartOrdered, CartMerged."""
        ...

    @operation(idempotent=True)
    async def wishes(self, command: WishlistOf) -> Wishes: ...

    @operation(idempotent=True)
    async def wish(self, command: WishRef) -> Nothing:
        """Put it on the list. Raises SkuNotSold, WishLimit, and catalogue's ProductNotFound."""
        ...

    @operation(idempotent=True)
    async def unwish(self, command: WishRef) -> Nothing:
        """What is not on the list changes nothing."""
        ...

    @operation(idempotent=False)
    async def move_wish(self, command: MoveWish) -> Cart:
        """From the wishlist into the account's cart, both or neither.

        Raises WishNotFound, Invalid when a product's variant is not said, and as add_line.
        """
        ...

    @operation(idempotent=True)
    async def personal_export(self, command: AccountRef) -> PersonalCarts: ...

    @operation(idempotent=True)
    async def forget(self, command: AccountRef) -> Nothing:
        """Delete the account's carts and wishlist for good."""
        ...
