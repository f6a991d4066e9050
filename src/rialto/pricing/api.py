"""What can be asked of pricing: a total that explains each of its lines, and the ways to deliver.

Policy of a channel whose prices include tax: the shown price is what the customer pays in every country of
the delivery zone table, and the tax inside it is that of the destination. A channel whose prices exclude tax
adds it on top. Rounding: per line, half away from zero; a destination without a rate is not taxed.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Protocol

from rialto.kernel.errors import Invalid
from rialto.kernel.money import Currency, Money
from rialto.kernel.service import Frozen, Nothing, operation


class DeliveryUnavailable(Invalid):
    code = "delivery_not_available"
    message = "This way of delivery is not offered for this cart."


class Selection(Frozen):
    """Which articles are meant: those that any of the lists names; with all lists empty, every article.

    A category means everything below it, too.
    """

    products: list[str] = []
    categories: list[str] = []
    collections: list[str] = []


class PercentOff(Frozen, tag="percent"):
    """`percent` of each article meant, a decimal above 0 and up to 100 such as `12.5`."""

    percent: str


class AmountOff(Frozen, tag="amount"):
    """So much off all articles meant together, in minor units by currency; never more than they cost."""

    amounts: dict[str, int]


class UnitPrice(Frozen, tag="unit_price"):
    """Each article meant costs this, in minor units by currency, where that is less."""

    prices: dict[str, int]


class FreeDelivery(Frozen, tag="free_delivery"):
    """Delivery by these methods costs nothing; without any named, by all."""

    methods: list[str] = []


class BuyGet(Frozen, tag="buy_get"):
    """Of every `buy` + `get` articles meant, the cheapest `get` are `percent` cheaper (100: free)."""

    buy: int
    get: int
    percent: str = "100"


class Tier(Frozen):
    """From `items` on (minor units by currency) or from `quantity` on, whichever is given."""

    percent: str
    items: dict[str, int] = {}
    quantity: int | None = None


class Tiered(Frozen, tag="tiers"):
    """The highest percentage whose tier the articles meant reach."""

    tiers: list[Tier]


Benefit = PercentOff | AmountOff | UnitPrice | FreeDelivery | BuyGet | Tiered


class Conditions(Frozen):
    """All of them must hold. `items_min` (minor units by currency) and `quantity_min` are of the articles meant,
    at their price before any promotion; where `items_min` is given, other currencies are left out.
    """

    items_min: dict[str, int] = {}
    quantity_min: int = 0
    groups: list[str] = []
    channels: list[str] = []
    first_order: bool = False
    starts_at: datetime | None = None
    ends_at: datetime | None = None


class Promotion(Frozen):
    """What is given to whom. Promotions are looked at by `position`, then id; each works on what the ones before left.

    An `exclusive` one is given alone: not after another, and none after it. `not_with` names promotions it is not
    given together with. With `needs_code` it is given only to who has one of its codes.
    """

    id: str
    title: dict[str, str]
    benefit: Benefit
    applies_to: Selection = Selection()
    conditions: Conditions = Conditions()
    needs_code: bool = False
    position: int = 0
    exclusive: bool = False
    not_with: list[str] = []
    active: bool = True


class ItemToPrice(Frozen):
    """One line: `unit_price` is the catalogue's, with or without tax as the channel says.

    `categories` are its own and all above it; promotions choose by them, by product and by collection.
    """

    key: str
    sku: str
    quantity: int
    unit_price: Money
    tax_class: str = "standard"
    weight_g: int = 0
    product_id: str = ""
    categories: list[str] = []
    collections: list[str] = []


class QuoteFor(Frozen):
    """What to price. Without a country the channel's own is assumed; without an option delivery is not counted.

    `groups` and `first_order` are what is known of the customer; who is not signed in has no group, and whether
    it is the first order is not known (None), so that nothing is promised on it.
    """

    items: list[ItemToPrice]
    currency: Currency
    country: str | None = None
    region: str | None = None
    postal_code: str | None = None
    channel: str = "default"
    delivery_option_id: str | None = None
    codes: list[str] = []
    groups: list[str] = []
    first_order: bool | None = None


class Step(Frozen):
    """One step of a derivation: `kind` is price, discount, delivery, tax or tax_included; `text` says why."""

    kind: str
    text: str
    amount: Money


class QuotedLine(Frozen):
    """`total` is what this line adds to the cart's items, `discount` what promotions take off it again.

    `tax` is that of the difference, inside it or on top, as the quote says.
    """

    key: str
    sku: str
    quantity: int
    unit_price: Money
    total: Money
    discount: Money
    tax: Money
    tax_class: str
    tax_rate: str
    steps: list[Step]


class QuotedDelivery(Frozen):
    option_id: str
    title: dict[str, str]
    price: Money
    tax: Money
    tax_rate: str
    steps: list[Step]
    delivered_on_from: date | None = None
    delivered_on_to: date | None = None


class TaxLine(Frozen):
    """All tax of one rate, for the invoice: `net` + `tax` = gross of everything at that rate."""

    rate: str
    net: Money
    tax: Money


class Totals(Frozen):
    """items − discount + delivery (+ tax, where prices exclude it) = total."""

    items: Money
    discount: Money
    delivery: Money
    tax: Money
    total: Money


class Given(Frozen):
    """A promotion that was given: by which code, if it needs one, and what it took off the items (free delivery: 0)."""

    promotion_id: str
    title: dict[str, str]
    amount: Money
    code: str | None = None


class Quote(Frozen):
    """A total that is the sum of its parts, each with its derivation. Σ `given` = Σ line discounts = the discount."""

    currency: Currency
    tax_included: bool
    lines: list[QuotedLine]
    delivery: QuotedDelivery | None
    taxes: list[TaxLine]
    totals: Totals
    given: list[Given] = []


class DeliveryOption(Frozen):
    id: str
    title: dict[str, str]
    price: Money
    delivered_on_from: date
    delivered_on_to: date


class DeliveryOptions(Frozen):
    items: list[DeliveryOption]


class TaxRate(Frozen):
    """`rate` is a decimal such as `0.19`, exact."""

    country: str
    tax_class: str
    rate: str


class DeliveryMethod(Frozen):
    """Offered where the country is in `countries` (`*`: everywhere) and not in `except_countries`, and the weight fits.

    A method without countries is offered nowhere: that is how one is withdrawn. `prices` by currency in minor
    units; `free_from` likewise: free from that items total on.
    """

    id: str
    title: dict[str, str]
    countries: list[str]
    except_countries: list[str] = []
    prices: dict[str, int]
    free_from: dict[str, int] = {}
    weight_g_max: int | None = None
    days_min: int = 1
    days_max: int = 3
    tax_class: str = "standard"
    position: int = 0


class PricingRules(Frozen):
    tax_rates: list[TaxRate]
    delivery_methods: list[DeliveryMethod]


class Pricing(Protocol):
    """Quotes. Pure functions of the request and the rules in force."""

    @operation(idempotent=True, timeout_s=2)
    async def quote(self, command: QuoteFor) -> Quote:
        """Raises DeliveryUnavailable when the chosen option does not serve this cart."""
        ...

    @operation(idempotent=True, timeout_s=2)
    async def delivery_options(self, command: QuoteFor) -> DeliveryOptions:
        """What is offered for these items and this country, cheapest position first; empty when nothing is."""
        ...

    @operation(idempotent=True)
    async def put_rules(self, command: PricingRules) -> PricingRules:
        """Add or replace rates and methods by their keys. Raises Invalid for a rate outside 0-1 and the like."""
        ...

    @operation(idempotent=True)
    async def rules(self, command: Nothing) -> PricingRules: ...
