"""A total and the derivation of each of its lines.

Every amount is rounded once, where it arises: what a promotion takes off a line, the tax of a line and of the
delivery. All else is sums of these, so the parts are the whole by construction, in any currency: Σ line totals
= items, Σ line discounts = Σ given = discount, items − discount + delivery (+ tax, where prices exclude it) =
total, Σ taxes = tax, Σ (net + tax) = total. Tax is due on what is left of a line after its discount.

Delivery is taxed at its method's own tax class in the destination, whatever is in the cart. The destination
is the country alone; regions with a tax law of their own (the Canary Islands, Åland) are taxed like it. It is
free from an amount on of what the items cost after their discounts, and its limits of worth go by the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from fractions import Fraction

from rialto.catalog.api import Channel
from rialto.kernel.address import COUNTRIES
from rialto.kernel.errors import FieldProblem, Invalid, field_problem
from rialto.kernel.money import AMOUNT_MAX, Currency, Money, parse_currency, total
from rialto.pricing.api import (
    DeliveryMethod,
    DeliveryOption,
    DeliveryOptions,
    DeliveryUnavailable,
    ItemToPrice,
    Quote,
    QuotedDelivery,
    QuotedLine,
    QuoteFor,
    Step,
    TaxLine,
    Totals,
)
from rialto.pricing.model.delivery import arrival, is_free, price_of, serves
from rialto.pricing.model.promotions import NOBODY, Buyer, Occasion, Outcome, consider
from rialto.pricing.model.rules import WEIGHT_G_MAX, Rate, Rules

ITEMS_MAX = 200
QUANTITY_MAX = 999_999
ITEMS_TOTAL_MAX = AMOUNT_MAX // 4  # room for tax of 100 % and the delivery on top


def quote(
    rules: Rules,
    channel: Channel,
    request: QuoteFor,
    at: datetime,
    *,
    buyer: Buyer = NOBODY,
) -> Quote:
    """Price a cart. Raises Invalid with field paths, DeliveryUnavailable."""
    currency, country = checked(channel, request)
    included = channel.prices_include_tax
    occasion = occasion_of(channel, request, at, buyer=buyer)
    outcome = consider(rules.offers, request.items, occasion)
    rates = [rules.rate(country, item.tax_class) for item in request.items]
    lines = [
        _line(item, rate, _reductions(outcome, index), included=included)
        for index, (item, rate) in enumerate(zip(request.items, rates, strict=True))
    ]
    items = total((line.total for line in lines), currency)
    discount = total((line.discount for line in lines), currency)
    delivery = None
    if request.delivery_option_id is not None:
        method = _chosen(rules, request, country, items - discount)
        delivery_rate = rules.rate(country, method.tax_class)
        price, why = _delivery_price(method, items - discount, outcome)
        delivery = _delivery(method, delivery_rate, price, why=why, today=at.date(), included=included)
        rates.append(delivery_rate)
    return Quote(
        currency=currency,
        tax_included=included,
        lines=lines,
        delivery=delivery,
        taxes=_taxes(rates, lines, delivery, included=included),
        totals=_totals(lines, delivery, items, discount, included=included),
        given=outcome.given(occasion),
    )


def delivery_options(
    rules: Rules,
    channel: Channel,
    request: QuoteFor,
    at: datetime,
    *,
    buyer: Buyer = NOBODY,
) -> DeliveryOptions:
    """What is offered, in the order of positions; nothing for an empty cart. Raises Invalid with field paths."""
    currency, country = checked(channel, request)
    outcome = consider(rules.offers, request.items, occasion_of(channel, request, at, buyer=buyer))
    items = total((item.unit_price * item.quantity for item in request.items), currency)
    left = items - Money(sum(outcome.discounts), currency)
    found = []
    for method in rules.methods:
        if _is_offered(method, request, country, left):
            first, last = arrival(method, at.date())
            found.append(
                DeliveryOption(
                    id=method.id,
                    title=method.title,
                    price=_delivery_price(method, left, outcome)[0],
                    delivered_on_from=first,
                    delivered_on_to=last,
                )
            )
    return DeliveryOptions(items=found)


def occasion_of(
    channel: Channel,
    request: QuoteFor,
    at: datetime,
    *,
    buyer: Buyer = NOBODY,
) -> Occasion:
    """What decides about promotions beside the articles."""
    return Occasion(
        currency=parse_currency(request.currency),
        channel=channel.code,
        at=at,
        buyer=buyer,
    )


def checked(channel: Channel, request: QuoteFor) -> tuple[Currency, str]:
    """Currency and destination. Raises Invalid for a request that cannot be priced."""
    currency = parse_currency(request.currency)
    country = channel.country if request.country is None else request.country.upper()
    if country not in COUNTRIES:
        raise field_problem("country", "country_unknown", "This is no country code.")
    if len(request.items) > ITEMS_MAX:
        raise field_problem("items", "too_many", f"At most {ITEMS_MAX} lines can be priced at once.")
    problems = [
        problem for index, item in enumerate(request.items) for problem in _faults(index, item, currency)
    ]
    if len({item.key for item in request.items}) != len(request.items):
        problems.append(FieldProblem(path="items", code="not_valid", message="Two lines have the same key."))
    if problems:
        raise Invalid("This cannot be priced.", fields=tuple(problems))
    if sum(item.unit_price.amount * item.quantity for item in request.items) > ITEMS_TOTAL_MAX:
        raise field_problem("items", "amount_too_large", "This is more than can be priced.")
    return currency, country


def _faults(index: int, item: ItemToPrice, currency: Currency) -> Iterable[FieldProblem]:
    wanted = (
        ("quantity", 1 <= item.quantity <= QUANTITY_MAX, f"must be from 1 to {QUANTITY_MAX}"),
        ("unit_price", item.unit_price.currency == currency, f"must be in {currency}"),
        ("unit_price", item.unit_price.amount >= 0, "must not be below zero"),
        ("weight_g", 0 <= item.weight_g <= WEIGHT_G_MAX, f"must be from 0 to {WEIGHT_G_MAX}"),
    )
    for name, fine, text in wanted:
        if not fine:
            yield FieldProblem(path=f"items.{index}.{name}", code="not_valid", message=f"This {text}.")


def _reductions(outcome: Outcome, index: int) -> list[tuple[str, int]]:
    """Which promotions take how much off a line."""
    return [
        (one.promotion.id, one.amounts[index])
        for one in outcome.considered
        if one.given and one.amounts[index]
    ]


def _line(
    item: ItemToPrice, rate: Rate, reductions: Sequence[tuple[str, int]], *, included: bool
) -> QuotedLine:
    amount = item.unit_price * item.quantity
    currency = amount.currency
    discount = Money(sum(part for _, part in reductions), currency)
    tax = _tax(amount - discount, rate, included=included)
    reduced = [
        Step(kind="discount", text=promotion_id, amount=Money(-part, currency))
        for promotion_id, part in reductions
    ]
    price = Step(kind="price", text=f"{item.quantity} × {item.unit_price.decimal()}", amount=amount)
    return QuotedLine(
        key=item.key,
        sku=item.sku,
        quantity=item.quantity,
        unit_price=item.unit_price,
        total=amount,
        discount=discount,
        tax=tax,
        tax_class=item.tax_class,
        tax_rate=rate.text,
        steps=[price, *reduced, _tax_step(rate, tax, included=included)],
    )


def _tax(amount: Money, rate: Rate, *, included: bool) -> Money:
    return amount.apply_rate(rate.in_gross if included else rate.on_net)


def _tax_step(rate: Rate, tax: Money, *, included: bool) -> Step:
    if included:
        return Step(kind="tax_included", text=f"{rate.percent} % tax included", amount=tax)
    return Step(kind="tax", text=f"{rate.percent} % tax", amount=tax)


def _chosen(rules: Rules, request: QuoteFor, country: str, left: Money) -> DeliveryMethod:
    method = rules.method(request.delivery_option_id or "")
    if method is None or not _is_offered(method, request, country, left):
        raise DeliveryUnavailable
    return method


def _is_offered(method: DeliveryMethod, request: QuoteFor, country: str, left: Money) -> bool:
    """`left` is what the items cost after their discounts."""
    weight_g = sum(item.weight_g * item.quantity for item in request.items)
    return bool(request.items) and serves(method, country=country, weight_g=weight_g, items=left)


def _delivery_price(method: DeliveryMethod, items: Money, outcome: Outcome) -> tuple[Money, str]:
    """What it costs, and why: a promotion, the amount from which it is free, or its price."""
    if outcome.makes_free(method.id):
        return Money.zero(items.currency), "free by promotion"
    if is_free(method, items):
        free_from = Money(method.free_from[items.currency], items.currency)
        return Money.zero(items.currency), f"free from {free_from.decimal()}"
    price = price_of(method, items)
    return price, price.decimal()


def _delivery(
    method: DeliveryMethod, rate: Rate, price: Money, *, why: str, today: date, included: bool
) -> QuotedDelivery:
    tax = _tax(price, rate, included=included)
    first, last = arrival(method, today)
    return QuotedDelivery(
        option_id=method.id,
        title=method.title,
        price=price,
        tax=tax,
        tax_rate=rate.text,
        steps=[
            Step(kind="delivery", text=why, amount=price),
            _tax_step(rate, tax, included=included),
        ],
        delivered_on_from=first,
        delivered_on_to=last,
    )


def _taxes(
    rates: Sequence[Rate], lines: Sequence[QuotedLine], delivery: QuotedDelivery | None, *, included: bool
) -> list[TaxLine]:
    """One line per rate, highest first: sums of what was rounded before, never rounded again."""
    parts = [(line.total - line.discount, line.tax) for line in lines]
    if delivery is not None:
        parts.append((delivery.price, delivery.tax))
    sums: dict[str, TaxLine] = {}
    for rate, (amount, tax) in zip(rates, parts, strict=True):
        net = amount - tax if included else amount
        before = sums.get(rate.text)
        if before is not None:
            net, tax = before.net + net, before.tax + tax
        sums[rate.text] = TaxLine(rate=rate.text, net=net, tax=tax)
    return sorted(sums.values(), key=lambda line: -Fraction(line.rate))


def _totals(
    lines: Sequence[QuotedLine],
    delivery: QuotedDelivery | None,
    items: Money,
    discount: Money,
    *,
    included: bool,
) -> Totals:
    currency = items.currency
    tax = total((line.tax for line in lines), currency)
    delivery_price = Money.zero(currency)
    if delivery is not None:
        tax, delivery_price = tax + delivery.tax, delivery.price
    whole = items - discount + delivery_price
    return Totals(
        items=items,
        discount=discount,
        delivery=delivery_price,
        tax=tax,
        total=whole if included else whole + tax,
    )
