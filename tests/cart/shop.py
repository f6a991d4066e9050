"""A small shop in memory: the catalogue, inventory and pricing that carts ask, and builders of commands."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from rialto.cart.api import (
    AddLine,
    Cart,
    CartRef,
    ChosenPayment,
    FilledCart,
    MergeCart,
    NewCart,
    SetAddress,
    SetPayment,
)
from rialto.cart.handlers import CartHandlers
from rialto.cart.peers import SHOWN_S
from rialto.cart.reactions import close_ordered_carts
from rialto.cart.service import SERVICE
from rialto.catalog.api import (
    Catalog,
    Channel,
    Channels,
    Offer,
    Offers,
    OffersOf,
    Product,
    ProductDraft,
    ProductNotFound,
    ProductRef,
    VariantDraft,
)
from rialto.inventory.api import Inventory, Levels, LevelsOf
from rialto.kernel.address import Address
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Unavailable
from rialto.kernel.ids import ACCOUNT, ORDER, AccountId, CartId, OrderId, ProductId, bucket_of
from rialto.kernel.money import EUR, USD, Currency, Money
from rialto.kernel.service import Nothing
from rialto.orders.events import OrderPlaced
from rialto.pricing.api import CodeRef, CodeRefused, DeliveryOptions, Pricing, Quote, QuoteFor, Voucher
from rialto.pricing.model import quotes
from rialto.pricing.model.codes import normalised_code
from rialto.pricing.model.promotions import Buyer
from rialto.pricing.model.rules import Rules
from tests.pricing.peers import Peer, a_channel, a_method, some_rules
from tests.pricing.promotions import a_promotion
from tests.support.env import TestEnv, open_service

TODAY = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
CHANGED_AT = datetime(2026, 1, 5, tzinfo=UTC)


def lines_of(cart: Cart) -> dict[str, int]:
    return {line.sku: line.quantity for line in cart.lines}


class Shelf(Peer):
    """The catalogue: prices in EUR cents, and in USD at one to one."""

    def __init__(self) -> None:
        self.prices: dict[str, int] = {"cup": 1190, "lamp": 11900, "book": 2140}
        self.withdrawn: set[str] = set()
        self.products: dict[str, list[str]] = {}
        self.currencies: list[Currency] = [EUR, USD]
        self.reached = True
        self.asked = 0

    async def offers(self, command: OffersOf) -> Offers:
        self.asked += 1
        if not self.reached:
            raise Unavailable
        found = {sku: self._offer(sku, command.currency) for sku in command.skus if sku in self.prices}
        return Offers(items=found)

    async def get_product(self, command: ProductRef) -> Product:
        """`products` are known by their SKUs."""
        if command.ref not in self.products:
            raise ProductNotFound
        variants = [VariantDraft(sku=sku) for sku in self.products[command.ref]]
        draft = ProductDraft(slug="product", title={"en": "Product"}, variants=variants)
        return Product(id=ProductId(command.ref), version=1, draft=draft, changed_at=CHANGED_AT)

    async def channels(self, _command: Nothing) -> Channels:
        default = replace(a_channel(), currencies=self.currencies)
        return Channels(items=[default, self._trade()])

    def _offer(self, sku: str, currency: Currency) -> Offer:
        return Offer(
            sku=sku,
            product_id=ProductId(f"prod_{sku}"),
            slug=sku,
            title={"en": sku.title(), "de": f"{sku.title()} (deutsch)"},
            options={"colour": {"en": "red", "de": "rot"}},
            price=Money(self.prices[sku], currency),
            tax_class="reduced" if sku == "book" else "standard",
            weight_g=1000,
            on_sale=sku not in self.withdrawn,
        )

    def _trade(self) -> Channel:
        return Channel(
            code="trade",
            hosts=["trade.example"],
            currencies=[USD, EUR],
            languages=["de", "en"],
            country="FR",
            prices_include_tax=False,
        )


class Stock(Peer):
    def __init__(self) -> None:
        self.available: dict[str, int] = {"cup": 500, "lamp": 3, "book": 10}
        self.reached = True
        self.asked = 0

    async def levels(self, command: LevelsOf) -> Levels:
        self.asked += 1
        if not self.reached:
            raise Unavailable
        return Levels(available={sku: self.available[sku] for sku in command.skus if sku in self.available})


class Till(Peer):
    """Pricing by its real rules, without its tables."""

    def __init__(self) -> None:
        methods = (
            a_method("standard", weight_g_max=50_000, prices={"EUR": 490, "USD": 490}),
            a_method("abroad", countries=["FR"], prices={"EUR": 990}),
        )
        self.codes: dict[str, str] = {}
        self._rules = some_rules(*methods)
        self.reached = True
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def quote(self, command: QuoteFor) -> Quote:
        """`meanwhile` is what others do while a cart is being priced."""
        if self.meanwhile is not None and command.items:
            await self.meanwhile()
        return quotes.quote(
            self.rules, self._channel(command), command, TODAY, buyer=Buyer(codes=self._good(command))
        )

    async def check_code(self, command: CodeRef) -> Voucher:
        code = normalised_code(command.code) or ""
        if code not in self.codes:
            raise CodeRefused(extra={"code": code, "reason": "unknown"})
        return Voucher(code=code, promotion_id=self.codes[code])

    @property
    def rules(self) -> Rules:
        """With a promotion of 10 % for each code that is good: `codes` maps codes to promotions."""
        return Rules(self._rules, [a_promotion(one, needs_code=True) for one in self.codes.values()])

    def _good(self, command: QuoteFor) -> dict[str, str]:
        return {self.codes[code]: code for code in command.codes if code in self.codes}

    async def delivery_options(self, command: QuoteFor) -> DeliveryOptions:
        return quotes.delivery_options(self.rules, self._channel(command), command, TODAY)

    def _channel(self, command: QuoteFor) -> Channel:
        if not self.reached:
            raise Unavailable
        return a_channel(code=command.channel, prices_include_tax=command.channel != "trade")


@dataclass(frozen=True, kw_only=True)
class Shop:
    carts: CartHandlers
    env: TestEnv
    shelf: Shelf
    stock: Stock
    till: Till

    def another_process(self) -> CartHandlers:
        """The same service on the same database, as a second worker has it."""
        handlers = SERVICE.build(self.env)
        assert isinstance(handlers, CartHandlers)
        return handlers

    async def a_cart(self, *skus: str) -> Cart:
        cart = await self.carts.create(NewCart())
        for sku in skus:
            cart = await self.carts.add_line(AddLine(cart_id=cart.id, sku=sku))
        return cart

    async def get(self, cart_id: CartId) -> Cart:
        return await self.carts.get(CartRef(cart_id=cart_id))

    def an_account(self) -> AccountId:
        return ACCOUNT.new(self.env.ids, self.env.ids.bucket())

    async def account_cart(self, owner: AccountId, *skus: str) -> Cart:
        """The account's open cart, with these added."""
        cart = await self.carts.create(NewCart(account_id=owner))
        for sku in skus:
            cart = await self.carts.add_line(AddLine(cart_id=cart.id, account_id=owner, sku=sku))
        return cart

    async def merge(self, cart_id: CartId, owner: AccountId) -> FilledCart:
        return await self.carts.merge(MergeCart(cart_id=cart_id, account_id=owner))

    async def place(self, cart_id: CartId, **skus: int) -> OrderId:
        """An order of these was placed from the cart, and cart hears of it."""
        order_id = ORDER.new(self.env.ids, bucket_of(cart_id))
        event = OrderPlaced(
            order_id=order_id,
            number="R-1",
            cart_id=cart_id,
            language="en",
            total=Money(1190, EUR),
            skus=skus,
            placed_at=self.env.clock.now(),
        )
        async with self.env.db.write() as session:
            await close_ordered_carts(self.carts, [event], session)
        return order_id

    def a_moment_later(self) -> None:
        """What is only shown has been forgotten: prices and counts are asked for again."""
        self.env.clock.advance(SHOWN_S)

    async def rows(self, sql: str, *values: Any) -> Iterable[Any]:
        async with self.env.db.read() as session:
            return await session.all(sql, *values)


@asynccontextmanager
async def open_shop(postgres: DatabaseAddress) -> AsyncIterator[Shop]:
    shelf, stock, till = Shelf(), Stock(), Till()
    peers: dict[type[Any], Any] = {Catalog: shelf, Inventory: stock, Pricing: till}
    async with open_service(SERVICE, postgres, peers=peers) as env:
        yield Shop(carts=env.handlers, env=env, shelf=shelf, stock=stock, till=till)


def an_address(**fields: str) -> Address:
    values = {
        "name": "Ada Miller",
        "line1": "Lindenstraße 7",
        "city": "Berlin",
        "postal_code": "10969",
        "country": "DE",
    }
    return Address(**(values | fields))


def an_address_for(
    cart_id: CartId,
    email: str = "ada@example.org",
    account_id: AccountId | None = None,
    **fields: str,
) -> SetAddress:
    return SetAddress(cart_id=cart_id, account_id=account_id, email=email, shipping=an_address(**fields))


def a_payment_for(cart_id: CartId, token: str = "tok_success", label: str = "Visa •••• 4242") -> SetPayment:
    return SetPayment(cart_id=cart_id, payment=ChosenPayment(provider="sandbox", token=token, label=label))
