"""A total and the derivation of each of its lines.

Every amount is rounded once, where it arises: the tax of a line and of the delivery. All else is sums of
these, so the parts are the whole by construction, in any currency: Σ line totals = items,
items − discount + delivery (+ tax, where prices exclude it) = total, Σ taxes = tax, Σ (net + tax) = total.

Delivery is taxed at its method's own tax class in the destination, whatever is in the cart. The destination
is the country alone; regions with a tax law of their own (the Canary Islands, Åland) are taxed like it.
No voucher is known to these rules: `codes` change nothing and discounts are zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
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
from rialto.pricing.model.rules import WEIGHT_G_MAX, Rate, Rules

ITEMS_MAX = 200
QUANTITY_MAX = 999_999
ITEMS_TOTAL_MAX = AMOUNT_MAX // 4  # room for tax of 100 % and the delivery on top


def quote(rules: Rules, channel: Channel, request: QuoteFor, today: date) -> Quote:
    """Price a cart. Raises Invalid with field paths, DeliveryUnavailable."""
    currency, country = checked(channel, request)
    included = channel.prices_include_tax
    rates = [rules.rate(country, item.tax_class) for item in request.items]
    lines = [_line(item, rate, included=included) for item, rate in zip(request.items, rates, strict=True)]
    items = total((line.total for line in lines), currency)
    delivery = None
    if request.delivery_option_id is not None:
        method = _chosen(rules, request, country)
        delivery_rate = rules.rate(country, method.tax_class)
        delivery = _delivery(method, delivery_rate, items, today, included=included)
        rates.append(delivery_rate)
    return Quote(
        currency=currency,
        tax_included=included,
        lines=lines,
        delivery=delivery,
        taxes=_taxes(rates, lines, delivery, included=included),
        totals=_totals(lines, delivery, items, included=included),
    )


def delivery_options(rules: Rules, channel: Channel, request: QuoteFor, today: date) -> DeliveryOptions:
    """What is offered, in the order of positions; nothing for an empty cart. Raises Invalid with field paths."""
    currency, country = checked(channel, request)
    items = total((item.unit_price * item.quantity for item in request.items), currency)
    found = []
    for method in rules.methods:
        if _is_offered(method, request, country):
            first, last = arrival(method, today)
            found.append(
                DeliveryOption(
                    id=method.id,
                    title=method.title,
                    price=price_of(method, items),
                    delivered_on_from=first,
                    delivered_on_to=last,
                )
            )
    return DeliveryOptions(items=found)


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


def _line(item: ItemToPrice, rate: Rate, *, included: bool) -> QuotedLine:
    amount = item.unit_price * item.quantity
    tax = _tax(amount, rate, included=included)
    price = Step(kind="price", text=f"{item.quantity} × {item.unit_price.decimal()}", amount=amount)
    return QuotedLine(
        key=item.key,
        sku=item.sku,
        quantity=item.quantity,
        unit_price=item.unit_price,
        total=amount,
        discount=Money.zero(amount.currency),
        tax=tax,
        tax_class=item.tax_class,
        tax_rate=rate.text,
        steps=[price, _tax_step(rate, tax, included=included)],
    )


def _tax(amount: Money, rate: Rate, *, included: bool) -> Money:
    return amount.apply_rate(rate.in_gross if included else rate.on_net)


def _tax_step(rate: Rate, tax: Money, *, included: bool) -> Step:
    if included:
        return Step(kind="tax_included", text=f"{rate.percent} % tax included", amount=tax)
    return Step(kind="tax", text=f"{rate.percent} % tax", amount=tax)


def _chosen(rules: Rules, request: QuoteFor, country: str) -> DeliveryMethod:
    method = rules.method(request.delivery_option_id or "")
    if method is None or not _is_offered(method, request, country):
        raise DeliveryUnavailable
    return method


def _is_offered(method: DeliveryMethod, request: QuoteFor, country: str) -> bool:
    weight_g = sum(item.weight_g * item.quantity for item in request.items)
    return bool(request.items) and serves(
        method, country=country, weight_g=weight_g, currency=request.currency
    )


def _delivery(
    method: DeliveryMethod, rate: Rate, items: Money, today: date, *, included: bool
) -> QuotedDelivery:
    price = price_of(method, items)
    tax = _tax(price, rate, included=included)
    first, last = arrival(method, today)
    text = price.decimal()
    if is_free(method, items):
        text = f"free from {Money(method.free_from[items.currency], items.currency).decimal()}"
    return QuotedDelivery(
        option_id=method.id,
        title=method.title,
        price=price,
        tax=tax,
        tax_rate=rate.text,
        steps=[
            Step(kind="delivery", text=text, amount=price),
            _tax_step(rate, tax, included=included),
        ],
        delivered_on_from=first,
        delivered_on_to=last,
    )


def _taxes(
    rates: Sequence[Rate], lines: Sequence[QuotedLine], delivery: QuotedDelivery | None, *, included: bool
) -> list[TaxLine]:
    """One line per rate, highest first: sums of what was rounded before, never rounded again."""
    parts = [(line.total, line.tax) for line in lines]
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
    lines: Sequence[QuotedLine], delivery: QuotedDelivery | None, items: Money, *, included: bool
) -> Totals:
    currency = items.currency
    tax = total((line.tax for line in lines), currency)
    delivery_price = Money.zero(currency)
    if delivery is not None:
        tax, delivery_price = tax + delivery.tax, delivery.price
    whole = items + delivery_price
    return Totals(
        items=items,
        discount=Money.zero(currency),
        delivery=delivery_price,
        tax=tax,
        total=whole if included else whole + tax,
    )
