"""A total that explains each of its lines, the ways to deliver, and the rules both go by.

Policy of a channel whose prices include tax: the shown price is what the customer pays in every country of
the delivery zone table, and the tax inside it is that of the destination. A channel whose prices exclude tax
adds it on top. Rounding: per line, half away from zero; a destination without a rate is not taxed.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Protocol

from rialto.kernel.errors import Invalid
from rialto.kernel.ids import AccountId
from rialto.kernel.money import Currency, Money
from rialto.kernel.service import Frozen, Nothing, operation


class DeliveryUnavailable(Invalid):
    code = "delivery_not_available"
    message = "This way of delivery is not offered for this cart."


class ItemToPrice(Frozen):
    """One line: `unit_price` is the catalogue's, with or without tax as the channel says.

    Promotions choose by product, by collection, and by category, which means what is below it, too.
    """

    key: str
    sku: str
    quantity: int
    unit_price: Money
    tax_class: str = "standard"
    weight_g: int = 0
    product_id: str = ""
    category: str | None = None
    collections: list[str] = []


class QuoteFor(Frozen):
    """What to price. Without a country the channel's own is assumed; without an option delivery is not counted.

    `account_id` is whose cart it is, for promotions of a customer group.
    """

    items: list[ItemToPrice]
    currency: Currency
    country: str | None = None
    region: str | None = None
    postal_code: str | None = None
    channel: str = "default"
    delivery_option_id: str | None = None
    codes: list[str] = []
    account_id: AccountId | None = None


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
    """A promotion that was given: by which code, if it needs one, and what it took off the items (free delivery: 0).

    `first_order`: it is given with a customer's first order only.
    """

    promotion_id: str
    title: dict[str, str]
    amount: Money
    code: str | None = None
    first_order: bool = False


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


class WantedItem(Frozen):
    sku: str
    quantity: int = 1


class PreviewFor(Frozen):
    """A cart that staff have in mind, at today's prices. `at` is when it is bought; now, unless told.

    `groups` are those of the customer they have in mind, who with `first_order` has not bought before.
    """

    items: list[WantedItem]
    currency: Currency
    country: str | None = None
    channel: str = "default"
    delivery_option_id: str | None = None
    codes: list[str] = []
    groups: list[str] = []
    first_order: bool = False
    at: datetime | None = None


class Considered(Frozen):
    """What became of one promotion. `reason` says why it was not given (see docs/promotions.md), `by` which other
    one stood in its way; `missing` is how much is missing, in minor units (too_little) or articles (too_few).
    """

    promotion_id: str
    title: dict[str, str]
    given: bool
    amount: Money
    reason: str | None = None
    by: str | None = None
    missing: int = 0


class Preview(Frozen):
    """A quote, and every promotion in the order in which it was considered."""

    quote: Quote
    considered: list[Considered]


class TaxRate(Frozen):
    """`rate` is a decimal such as `0.19`, exact."""

    country: str
    tax_class: str
    rate: str


class DeliveryMethod(Frozen):
    """Offered where the country is in `countries` (`*`: everywhere) and not in `except_countries`, and the weight fits.

    A method without countries is offered nowhere: that is how one is withdrawn. `prices` by currency in minor
    units; `free_from` likewise: free from that items total on. `items_min` and `items_max` likewise: offered for
    no less and no more, after discounts; a currency that is not named has no limit.
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
    items_min: dict[str, int] = {}
    items_max: dict[str, int] = {}


class PricingRules(Frozen):
    tax_rates: list[TaxRate]
    delivery_methods: list[DeliveryMethod]


class Quoting(Protocol):
    """Quotes. Functions of the request, the rules and promotions in force, and the codes that are good now."""

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

    @operation(idempotent=True, timeout_s=2)
    async def preview(self, command: PreviewFor) -> Preview:
        """A quote that also tells which promotions were not given, and why.

        Raises Invalid for a SKU that is not sold there, DeliveryUnavailable.
        """
        ...
