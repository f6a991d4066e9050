"""What previews of mails are about: an order, an account and an article that nobody ever had.

Links lead to the shop's pages and open nothing; amounts, days and the delivery are written as in any other mail.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from rialto.cart.api import CartTotals, ChosenDelivery
from rialto.catalog.api import Offer
from rialto.identity.api import DueLetter
from rialto.kernel.address import Address
from rialto.kernel.ids import CART, LETTER, LINE, ORDER, PRODUCT
from rialto.kernel.money import EUR, Money
from rialto.notifications import formats
from rialto.notifications.model import Letter, Template
from rialto.notifications.model.wording import Kind, template_of
from rialto.notifications.render import Renderer, Words, lines_of
from rialto.orders.api import Order, OrderLine, OrderTax

SAMPLE = UUID("00000000-0000-7000-8000-000000000000")
GOOD_FOR = timedelta(hours=24)
TOKEN = "sample"  # noqa: S105 - it opens nothing

_NAME = "Ada Lovelace"
_EMAIL = "ada@example.com"
_CARAFE = {"en": "Carafe", "de": "Karaffe"}
_DELIVERY = {"en": "Standard delivery", "de": "Standardversand"}
_COLOUR = {"en": ("Colour", "green"), "de": ("Farbe", "grün")}


def sample_letter(
    renderer: Renderer, kind: Kind, language: str, words: Words, *, shop_name: str, now: datetime
) -> Letter:
    """A mail of this kind with these words."""
    template = template_of(kind)
    if template.startswith("order_"):
        order = _order(language, now)
        facts = _facts(kind, order, language, now)
        return renderer.letter(template, order, facts, shop_name=shop_name, words=words)
    if template in {Template.BACK_IN_STOCK, Template.BACK_IN_STOCK_CONFIRM}:
        return renderer.article_letter(
            template,
            language,
            _offer(),
            confirm_token=TOKEN,
            end_token=TOKEN,
            valid_until=now + GOOD_FOR,
            shop_name=shop_name,
            words=words,
        )
    due = DueLetter(
        letter_id=LETTER.of(SAMPLE),
        template=template,
        email=_EMAIL,
        name=_NAME,
        language=language,
        link=f"account?sample={TOKEN}",
        valid_until=now + GOOD_FOR,
    )
    return renderer.account_letter(template, due, shop_name=shop_name, words=words)


def _facts(kind: Kind, order: Order, language: str, now: datetime) -> Mapping[str, Any]:
    sent = lines_of(order, {line.id: line.quantity for line in order.lines})
    match template_of(kind):
        case Template.ORDER_SHIPPED:
            return {
                "shipped": sent,
                "tracking": "00340434161094000000",
                "complete": kind == Kind.ORDER_SHIPPED,
            }
        case Template.ORDER_CANCELLED:
            return {"by_customer": kind == Kind.ORDER_CANCELLED_BY_CUSTOMER}
        case Template.ORDER_RETURN:
            return {
                "returned": sent,
                "requested_at": formats.moment(now, language),
                "withdrawal": kind == Kind.ORDER_WITHDRAWAL,
            }
        case _:
            return {}


def _order(language: str, now: datetime) -> Order:
    option, value = _COLOUR[language]
    address = Address(name=_NAME, line1="Musterstraße 1", city="Köln", postal_code="50667", country="DE")
    return Order(
        id=ORDER.of(SAMPLE),
        number="ABCDE-12345",
        version=1,
        cart_id=CART.of(SAMPLE),
        currency=EUR,
        language=language,
        channel="",
        lines=[
            OrderLine(
                id=LINE.of(SAMPLE),
                sku="SAMPLE",
                title=_CARAFE[language],
                options={option: value},
                quantity=2,
                unit_price=_eur(3490),
                total=_eur(6980),
                tax=_eur(1114),
                tax_rate="0.19",
            )
        ],
        totals=CartTotals(
            items=_eur(6980), discount=_eur(0), delivery=_eur(490), tax=_eur(1192), total=_eur(7470)
        ),
        taxes=[OrderTax(rate="0.19", net=_eur(6278), tax=_eur(1192))],
        email=_EMAIL,
        shipping=address,
        billing=address,
        delivery=ChosenDelivery(
            option_id="sample",
            title=_DELIVERY[language],
            price=_eur(490),
            delivered_on_from=(now + timedelta(days=2)).date().isoformat(),
            delivered_on_to=(now + timedelta(days=4)).date().isoformat(),
        ),
        payment_label="Visa •••• 4242",
        refunded=_eur(0),
        status="placed",
        payment_status="authorised",
        fulfilment_status="unfulfilled",
        started_at=now,
        placed_at=now,
        status_url=f"/{language}/orders/sample",
        key=TOKEN,
    )


def _offer() -> Offer:
    return Offer(
        sku="SAMPLE",
        product_id=PRODUCT.of(SAMPLE),
        slug="sample",
        title=_CARAFE,
        options={"colour": {language: value for language, (_, value) in _COLOUR.items()}},
        price=_eur(3490),
    )


def _eur(amount: int) -> Money:
    return Money(amount, EUR)
