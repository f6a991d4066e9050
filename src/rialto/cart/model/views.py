"""How a cart is shown: its lines joined with what the other services said about them a moment ago."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from rialto.cart.api import QUANTITY_MAX, Cart, CartLine, CartTotals, ChosenDelivery, Discount, Wish
from rialto.cart.model.contents import StoredCart, StoredLine
from rialto.catalog.api import Offer
from rialto.kernel.money import Money
from rialto.pricing.api import ItemToPrice, Quote, QuotedDelivery, QuoteFor


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What catalogue and inventory say about the SKUs of a cart."""

    offers: Mapping[str, Offer] = field(default_factory=dict)
    available: Mapping[str, int] = field(default_factory=dict)

    def price(self, sku: str) -> Money | None:
        """What it sells for here; None where it is not sold."""
        offer = self.offers.get(sku)
        return offer.price if offer is not None and offer.on_sale else None

    def can_be_had(self, sku: str) -> int:
        """How many, at most QUANTITY_MAX; none where it is not sold."""
        if self.price(sku) is None:
            return 0
        return max(0, min(self.available.get(sku, 0), QUANTITY_MAX))


def to_quote(cart: StoredCart, answers: Answers) -> QuoteFor:
    """The question for pricing, without delivery. What is not sold any more is not counted."""
    items = []
    for line in cart.lines:
        price = answers.price(line.sku)
        if price is not None:
            offer = answers.offers[line.sku]
            items.append(
                ItemToPrice(
                    key=line.id,
                    sku=line.sku,
                    quantity=line.quantity,
                    unit_price=price,
                    tax_class=offer.tax_class,
                    weight_g=offer.weight_g,
                    product_id=offer.product_id,
                    category=offer.category,
                    collections=offer.collections,
                )
            )
    shipping = cart.contact.shipping if cart.contact else None
    return QuoteFor(
        items=items,
        currency=cart.currency,
        country=cart.country,
        region=shipping.region if shipping else None,
        postal_code=shipping.postal_code if shipping else None,
        channel=cart.channel,
        codes=list(cart.codes),
        account_id=cart.account_id,
    )


def view(cart: StoredCart, answers: Answers, quote: Quote, language: str | None = None) -> Cart:
    """The cart with today's prices. `language` chooses titles; without it the cart's own."""
    spoken = (language, cart.language) if language else (cart.language,)
    totals = {quoted.key: quoted.total for quoted in quote.lines}
    zero = Money.zero(cart.currency)
    contact = cart.contact
    return Cart(
        id=cart.id,
        version=cart.version,
        currency=cart.currency,
        country=cart.country,
        language=cart.language,
        channel=cart.channel,
        status=cart.status,
        order_id=cart.order_id,
        lines=[_line(line, answers, totals.get(line.id, zero), spoken) for line in cart.lines],
        codes=list(cart.codes),
        discounts=[
            Discount(
                title=text_in(given.title, spoken, given.promotion_id), amount=given.amount, code=given.code
            )
            for given in quote.given
        ],
        totals=msgspec.convert(quote.totals, CartTotals, from_attributes=True),
        tax_included=quote.tax_included,
        email=contact.email if contact else None,
        shipping=contact.shipping if contact else None,
        billing=contact.billing if contact else None,
        delivery=_delivery(quote.delivery, spoken) if quote.delivery else None,
        payment_label=cart.payment.label if cart.payment else None,
    )


def as_wish(row: Mapping[str, Any], answers: Answers, language: str) -> Wish:
    """A wish as shown: the article it means, at today's price."""
    offer = answers.offers.get(row["sku"])
    wish = Wish(item=row["item"], sku=row["sku"], title=row["sku"], wished_at=row["wished_at"])
    if offer is None:
        return wish
    return msgspec.structs.replace(
        wish,
        product_id=offer.product_id,
        slug=offer.slug,
        title=text_in(offer.title, (language,), row["sku"]),
        options={code: text_in(texts, (language,), code) for code, texts in offer.options.items()},
        image=offer.image,
        price=answers.price(row["sku"]),
        available=answers.can_be_had(row["sku"]),
    )


def text_in(texts: Mapping[str, str], languages: tuple[str, ...], default: str = "") -> str:
    """The text in the first of these languages that it has, else in its own first."""
    for language in languages:
        if texts.get(language):
            return texts[language]
    return next(iter(texts.values()), default)


def _line(line: StoredLine, answers: Answers, total: Money, languages: tuple[str, ...]) -> CartLine:
    offer = answers.offers.get(line.sku)
    price = answers.price(line.sku)
    available = answers.can_be_had(line.sku)
    changed = price is not None and line.shown_price is not None and price != line.shown_price
    return CartLine(
        id=line.id,
        sku=line.sku,
        product_id=offer.product_id if offer else None,
        slug=offer.slug if offer else None,
        title=text_in(offer.title, languages, line.sku) if offer else line.sku,
        options={code: text_in(texts, languages, code) for code, texts in offer.options.items()}
        if offer
        else {},
        image=offer.image if offer else None,
        quantity=line.quantity,
        unit_price=price or line.shown_price or Money.zero(total.currency),
        former_unit_price=line.shown_price if changed else None,
        total=total,
        available=available,
        problem=_problem(line.quantity, available, sold=price is not None, changed=changed),
    )


def _problem(quantity: int, available: int, *, sold: bool, changed: bool) -> str | None:
    """The gravest one."""
    if not sold:
        return "not_sold"
    if available < quantity:
        return "few_left" if available else "sold_out"
    return "price_changed" if changed else None


def _delivery(delivery: QuotedDelivery, languages: tuple[str, ...]) -> ChosenDelivery:
    first, last = delivery.delivered_on_from, delivery.delivered_on_to
    return ChosenDelivery(
        option_id=delivery.option_id,
        title=text_in(delivery.title, languages, delivery.option_id),
        price=delivery.price,
        delivered_on_from=first.isoformat() if first else None,
        delivered_on_to=last.isoformat() if last else None,
    )
