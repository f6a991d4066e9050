"""Orders to write mails about, and a mailer that remembers and may refuse."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from rialto.cart.api import CartTotals, ChosenDelivery
from rialto.catalog.api import Channel, Channels, Offer, Offers, OffersOf, ShopProfile
from rialto.identity.api import (
    AccountContact,
    AccountNotFound,
    AccountRef,
    DueLetter,
    LetterNotFound,
    LetterRef,
)
from rialto.inventory.api import Levels, LevelsOf
from rialto.kernel.address import Address
from rialto.kernel.ids import CART, LETTER, LINE, ORDER, PRODUCT, CartId, LetterId, OrderId
from rialto.kernel.mail import Outgoing
from rialto.kernel.money import EUR, Money
from rialto.kernel.service import Nothing
from rialto.orders.api import Order, OrderLine, OrdersNamed, OrderTax, SeveralOrders
from tests.pricing.peers import Peer

ORDER_UUID = UUID("019b8d3e-9c00-72a7-8000-000000000001")
ORDER_ID: OrderId = ORDER.of(ORDER_UUID)
CART_ID: CartId = CART.of(ORDER_UUID)
PLACED_AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def eur(amount: int) -> Money:
    return Money(amount, EUR)


def a_line(number: int = 1, **changed: Any) -> OrderLine:
    values: dict[str, Any] = {
        "id": LINE.of(UUID(int=ORDER_UUID.int + number)),
        "sku": f"SKU-{number}",
        "title": "Carafe Laguna",
        "options": {"Colour": "green"},
        "quantity": 2,
        "unit_price": eur(3490),
        "total": eur(6980),
        "tax": eur(1114),
        "tax_rate": "0.19",
    }
    return OrderLine(**{**values, **changed})


def an_order(**changed: Any) -> Order:
    values: dict[str, Any] = {
        "id": ORDER_ID,
        "number": "R-2A7-4711",
        "version": 2,
        "cart_id": CART_ID,
        "currency": EUR,
        "language": "en",
        "channel": "default",
        "lines": [
            a_line(1),
            a_line(2, title="Tray Murano", options={}, quantity=1, unit_price=eur(123450), total=eur(123450)),
        ],
        "totals": CartTotals(
            items=eur(130430), discount=eur(0), delivery=eur(490), tax=eur(20903), total=eur(130920)
        ),
        "taxes": [OrderTax(rate="0.19", net=eur(110017), tax=eur(20903))],
        "email": "anna@example.com",
        "shipping": Address(
            name="Anna Müller", line1="Gasse 1", city="Köln", postal_code="50667", country="DE"
        ),
        "billing": None,
        "delivery": ChosenDelivery(
            option_id="standard",
            title="Standard delivery",
            price=eur(490),
            delivered_on_from="2026-01-08",
            delivered_on_to="2026-01-09",
        ),
        "payment_label": "Visa •••• 4242",
        "refunded": eur(0),
        "status": "placed",
        "payment_status": "authorised",
        "fulfilment_status": "unfulfilled",
        "started_at": PLACED_AT,
        "placed_at": PLACED_AT,
        "status_url": f"/orders/{ORDER_ID}?key=k3y",
        "key": "k3y",
    }
    return Order(**{**values, **changed})


class OrderBook(Peer):
    """As much of `Orders` as mails need."""

    def __init__(self, *orders: Order) -> None:
        self.orders = {order.id: order for order in orders}

    async def several(self, command: OrdersNamed) -> SeveralOrders:
        return SeveralOrders(items=[self.orders[one] for one in command.order_ids if one in self.orders])


class ShopFronts(Peer):
    """As much of `Catalog` as mails need: one shop front, by the name it was given and reached where it says.

    `offers` are what it sells.
    """

    def __init__(
        self, name: str = "", email: str = "hello@shop.example", *, offers: Sequence[Offer] = ()
    ) -> None:
        self.name = name
        self.email = email
        self.sold = {offer.sku: offer for offer in offers}

    async def offers(self, command: OffersOf) -> Offers:
        assert command.currency == EUR
        return Offers(items={sku: self.sold[sku] for sku in command.skus if sku in self.sold})

    async def channels(self, command: Nothing) -> Channels:
        front = Channel(
            code="default",
            currencies=[EUR],
            languages=["en", "de"],
            country="DE",
            profile=ShopProfile(name=self.name, email=self.email),
        )
        return Channels(items=[front])


LETTER_ID: LetterId = LETTER.of(ORDER_UUID)


def a_due_letter(**changed: Any) -> DueLetter:
    values: dict[str, Any] = {
        "letter_id": LETTER_ID,
        "template": "verify_email",
        "email": "anna@example.com",
        "name": "Anna Müller",
        "language": "en",
        "link": "account/verify?token=0a7.secret",
        "valid_until": PLACED_AT,
    }
    return DueLetter(**{**values, **changed})


def an_offer(sku: str = "BOWL", **changed: Any) -> Offer:
    values: dict[str, Any] = {
        "sku": sku,
        "product_id": PRODUCT.of(ORDER_UUID),
        "slug": "bowl-laguna",
        "title": {"en": "Bowl Laguna", "de": "Schale Laguna"},
        "options": {"colour": {"en": "green", "de": "grün"}},
        "price": eur(3490),
    }
    return Offer(**{**values, **changed})


class Shelf(Peer):
    """As much of `Inventory` as mails need: how many of each SKU can be bought."""

    def __init__(self) -> None:
        self.available: dict[str, int] = {}

    async def levels(self, command: LevelsOf) -> Levels:
        return Levels(available={sku: self.available[sku] for sku in command.skus if sku in self.available})


class LetterDesk:
    """As much of `Identity` as mails need."""

    def __init__(self, *letters: DueLetter) -> None:
        self.letters = {letter.letter_id: letter for letter in letters}
        self.contacts: dict[str, AccountContact] = {}

    async def contact(self, command: AccountRef) -> AccountContact:
        if command.account_id not in self.contacts:
            raise AccountNotFound
        return self.contacts[command.account_id]

    async def letter(self, command: LetterRef) -> DueLetter:
        if command.letter_id not in self.letters:
            raise LetterNotFound
        return self.letters[LetterId(command.letter_id)]

    def __getattr__(self, name: str) -> Any:
        async def never(command: Any) -> Any:
            raise AssertionError((name, command))

        return never


class Postbox:
    """A mailer that keeps what it is given; `refusals` are raised first, one per mail."""

    parallel = 4

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []
        self.refusals: list[Exception] = []

    async def send(self, mail: Outgoing) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.sent.append(mail)
