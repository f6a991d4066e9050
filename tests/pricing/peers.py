"""The catalogue as pricing needs it, in memory, and builders of what pricing is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from rialto.catalog.api import Categories, Category, Channel, Channels, Offer, Offers, OffersOf
from rialto.kernel.ids import ProductId
from rialto.kernel.money import EUR, USD, Currency, Money
from rialto.kernel.service import Nothing
from rialto.pricing.api import DeliveryMethod, ItemToPrice, PricingRules, QuoteFor, TaxRate

KWD = Currency("KWD")
JPY = Currency("JPY")


class Peer:
    """A service of which only some operations are expected; any other call fails the test."""

    def __getattr__(self, name: str) -> Callable[[Any], Awaitable[Any]]:
        if name.startswith("_"):
            raise AttributeError(name)

        async def unexpected(_command: Any) -> Any:
            raise AssertionError(f"nobody should have called {name}")

        return unexpected


class ChannelsOnly(Peer):
    """A catalogue of two shop fronts: one shows prices with tax, one without."""

    def __init__(self) -> None:
        self.asked = 0

    async def categories(self, _command: Nothing) -> Categories:
        return Categories(
            items=[
                Category(slug="lamps", title={"en": "Lamps"}, parent="home"),
                Category(slug="home", title={"en": "Home"}),
            ]
        )

    async def offers(self, command: OffersOf) -> Offers:
        """Cups at 49.00, which are lamps of a kind."""
        cup = Offer(
            sku="cup",
            product_id=ProductId("prod_cup"),
            slug="cup",
            title={"en": "Cup"},
            price=Money(4900, command.currency),
            category="lamps",
        )
        return Offers(items={sku: cup for sku in command.skus if sku == "cup"})

    async def channels(self, _command: Nothing) -> Channels:
        self.asked += 1
        return Channels(items=[a_channel(), a_channel(code="trade", prices_include_tax=False)])


def a_channel(*, code: str = "default", prices_include_tax: bool = True, country: str = "DE") -> Channel:
    return Channel(
        code=code,
        hosts=[f"{code}.example"],
        currencies=[EUR, USD],
        languages=["en", "de"],
        country=country,
        prices_include_tax=prices_include_tax,
    )


def an_item(
    amount: int = 4900,
    *,
    sku: str = "cup",
    quantity: int = 1,
    currency: Currency = EUR,
    tax_class: str = "standard",
    weight_g: int = 0,
) -> ItemToPrice:
    return ItemToPrice(
        key=sku,
        sku=sku,
        quantity=quantity,
        unit_price=Money(amount, currency),
        tax_class=tax_class,
        weight_g=weight_g,
    )


def a_request(
    *items: ItemToPrice,
    currency: Currency = EUR,
    country: str | None = None,
    option: str | None = None,
    channel: str = "default",
) -> QuoteFor:
    return QuoteFor(
        items=list(items), currency=currency, country=country, delivery_option_id=option, channel=channel
    )


def a_method(method_id: str = "standard", **fields: Any) -> DeliveryMethod:
    values: dict[str, Any] = {
        "title": {"en": "Standard", "de": "Standardversand"},
        "countries": ["DE"],
        "prices": {"EUR": 490, "JPY": 900, "KWD": 1500},
        "free_from": {"EUR": 5900},
        "weight_g_max": 31_500,
    }
    return DeliveryMethod(id=method_id, **(values | fields))


def some_rules(*methods: DeliveryMethod) -> PricingRules:
    rates = {
        ("DE", "standard"): "0.19",
        ("DE", "reduced"): "0.07",
        ("FR", "standard"): "0.2",
        ("FR", "reduced"): "0.055",
        ("DK", "standard"): "0.25",
    }
    return PricingRules(
        tax_rates=[
            TaxRate(country=country, tax_class=tax_class, rate=rate)
            for (country, tax_class), rate in rates.items()
        ],
        delivery_methods=list(methods) or [a_method()],
    )
