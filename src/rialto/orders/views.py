"""An order as its owner sees it, rendered from its events and its contact."""

from __future__ import annotations

import msgspec

from rialto.cart.api import CartTotals, ChosenDelivery, Discount
from rialto.catalog.api import Picture
from rialto.kernel.ids import OrderId
from rialto.kernel.money import Money
from rialto.orders.api import Order, OrderLine, OrderTax, Shipment
from rialto.orders.events import StartedLine
from rialto.orders.model import OrderState
from rialto.orders.store import Contact


def order_view(state: OrderState, key: str, contact: Contact, *, public_url: str) -> Order:
    """The order as of the state given."""
    start = state.started
    shipped = state.shipped()
    return Order(
        id=start.order_id,
        number=start.number,
        version=state.version,
        cart_id=start.cart_id,
        currency=start.currency,
        language=start.language,
        channel=start.channel,
        lines=[_line(line, shipped.get(line.id, 0)) for line in start.lines],
        totals=CartTotals(
            items=start.items,
            discount=start.discount,
            delivery=start.delivery,
            tax=start.tax,
            total=start.total,
        ),
        codes=start.codes(),
        discounts=[
            Discount(title=given.title, amount=given.amount, code=given.code) for given in start.discounts
        ],
        taxes=[OrderTax(rate=tax.rate, net=tax.net, tax=tax.tax) for tax in start.taxes],
        tax_included=start.tax_included,
        email=contact.email,
        shipping=contact.shipping,
        billing=contact.billing,
        delivery=ChosenDelivery(
            option_id=start.delivery_option_id,
            title=start.delivery_title,
            price=start.delivery,
            delivered_on_from=start.delivered_on_from,
            delivered_on_to=start.delivered_on_to,
        ),
        status=state.status,
        payment_status=state.payment_status(),
        fulfilment_status=state.fulfilment_status(),
        cancel_reason=state.cancel_reason,
        started_at=start.started_at,
        placed_at=state.placed_at,
        shipments=[
            Shipment(id=event.step, lines=event.lines, tracking=event.tracking, shipped_at=event.shipped_at)
            for event in state.shipments
        ],
        refunded=Money(state.refunded_amount(), start.currency),
        status_url=status_url(public_url, start.language, start.order_id, key),
        key=key,
    )


def _line(line: StartedLine, shipped: int) -> OrderLine:
    return OrderLine(
        id=line.id,
        sku=line.sku,
        product_id=line.product_id,
        slug=line.slug,
        title=line.title,
        options=line.options,
        image=msgspec.convert(line.image, Picture) if line.image else None,
        quantity=line.quantity,
        shipped=shipped,
        unit_price=line.unit_price,
        total=line.total,
        tax=line.tax,
        tax_rate=line.tax_rate,
    )


def status_url(public_url: str, language: str, order_id: OrderId, key: str) -> str:
    return f"{public_url}/{language}/orders/{order_id}?key={key}"


def return_url(public_url: str, language: str, order_id: OrderId, key: str) -> str:
    """Where the customer comes back to from the provider's pages."""
    return f"{public_url}/{language}/checkout/return/{order_id}?key={key}"
