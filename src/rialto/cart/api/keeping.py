"""What is kept for an account: its wishlist, and all that carts know about a person."""

from __future__ import annotations

from datetime import date, datetime

from rialto.catalog.api import Picture
from rialto.kernel.address import Address
from rialto.kernel.errors import Invalid, NotFound
from rialto.kernel.ids import AccountId, CartId, ProductId
from rialto.kernel.money import Currency, Money
from rialto.kernel.service import Frozen

WISHES_MAX = 200


class WishNotFound(NotFound):
    message = "This is not on the wishlist."


class WishLimit(Invalid):
    code = "wish_limit"
    message = f"A wishlist holds at most {WISHES_MAX} articles."


class Wish(Frozen):
    """`item` is a SKU or a product's id. What is not sold any more is shown by its SKU, without a price."""

    item: str
    sku: str
    product_id: ProductId | None = None
    slug: str | None = None
    title: str
    options: dict[str, str] = {}
    image: Picture | None = None
    price: Money | None = None
    available: int = 0
    wished_at: datetime


class Wishes(Frozen):
    """The newest first."""

    items: list[Wish]


class WishlistOf(Frozen):
    """In which channel, currency and language to show it; what is unknown falls back as for a new cart."""

    account_id: AccountId
    currency: str | None = None
    language: str | None = None
    channel: str = "default"
    host: str | None = None


class WishRef(Frozen):
    account_id: AccountId
    item: str


class MoveWish(Frozen):
    """`sku` says which variant, where the wish is a product; channel and host, which of the account's carts."""

    account_id: AccountId
    item: str
    sku: str | None = None
    quantity: int = 1
    language: str | None = None
    channel: str = "default"
    host: str | None = None


class KeptLine(Frozen):
    sku: str
    quantity: int


class KeptCart(Frozen):
    """A cart as kept, for whoever asks what is known about them."""

    id: CartId
    status: str
    channel: str
    currency: Currency
    touched_on: date
    lines: list[KeptLine]
    email: str | None = None
    shipping: Address | None = None
    billing: Address | None = None


class KeptWish(Frozen):
    item: str
    wished_at: datetime


class PersonalCarts(Frozen):
    """All that carts and wishlists keep of an account."""

    carts: list[KeptCart]
    wishes: list[KeptWish]
