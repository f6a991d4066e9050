"""An order as its owner sees it, rendered from its events and its contact; and its events as staff read them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from rialto.cart.api import CartTotals, ChosenDelivery, Discount
from rialto.catalog.api import Picture
from rialto.kernel.events import Event, Recorded
from rialto.kernel.ids import OrderId
from rialto.kernel.money import Money
from rialto.orders.api import GivenBack, Order, OrderLine, OrderTax, ReturnedGoods, Shipment, TimelineEntry
from rialto.orders.events import OrderGoodsReceived, OrderImported, OrderStarted, StartedLine
from rialto.orders.model import OrderState
from rialto.orders.store import Contact

# What a timeline tells of an event beside its amount, by the names that events have for it.
WORDS = ("cause", "country", "decline_code", "reason", "tracking", "warehouse")


def order_view(state: OrderState, key: str, contact: Contact, *, public_url: str) -> Order:
    """The order as of the state given."""
    start = state.started
    counts = (
        *(state.shipped(), state.coming_back(), state.given_back()),
        *(state.came_back(), state.fit_again()),
    )
    return Order(
        id=start.order_id,
        number=start.number,
        version=state.version,
        cart_id=start.cart_id,
        currency=start.currency,
        language=start.language,
        channel=start.channel,
        lines=[_line(line, *(count.get(line.id, 0) for count in counts)) for line in start.lines],
        totals=_totals(start),
        codes=start.codes() if state.imported is None else state.imported.codes,
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
        returns=[
            ReturnedGoods(
                id=event.step, lines=event.lines, reason=event.reason, requested_at=event.requested_at
            )
            for event in state.returns
        ],
        refunds=_refunds(state),
        refunded=Money(state.refunded_amount(), start.currency),
        status_url=status_url(start.shop_url or public_url, start.language, start.order_id, key),
        key=key,
        imported_at=state.imported.imported_at if state.imported else None,
    )


def _refunds(state: OrderState) -> list[GivenBack]:
    owed = {event.step for event in state.unrefunded}
    return [
        GivenBack(
            id=event.step,
            amount=event.amount,
            lines=event.lines,
            delivery=event.delivery,
            done=event.step not in owed,
            decided_at=event.decided_at,
        )
        for event in state.refunds
    ]


def _totals(start: OrderStarted) -> CartTotals:
    return CartTotals(
        items=start.items,
        discount=start.discount,
        delivery=start.delivery,
        tax=start.tax,
        total=start.total,
    )


def _line(line: StartedLine, *counts: int) -> OrderLine:
    shipped, returning, refunded, received, restocked = counts
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
        returning=returning,
        refunded=refunded,
        received=received,
        restocked=restocked,
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


def timeline_of(events: Sequence[Recorded]) -> list[TimelineEntry]:
    """What happened, when, and the few words that each event adds. Words of ours (reasons, codes) stay as they are, for
    whoever shows them to translate.
    """
    titles: dict[str, str] = {}
    entries = []
    for recorded in events:
        event = recorded.event
        if isinstance(event, OrderStarted | OrderImported):
            titles = {line.id: line.title for line in event.lines}
        entries.append(
            TimelineEntry(
                version=recorded.version,
                type=event.TYPE.partition(".")[2],
                at=recorded.at,
                amount=getattr(event, "amount", None) or getattr(event, "total", None),
                details=_words(event, titles),
            )
        )
    return entries


def _words(event: Event, titles: dict[str, str]) -> dict[str, str]:
    """What an event says beside its amount; empty for what it leaves out."""
    words = {name: str(getattr(event, name, None) or "") for name in WORDS}
    lines = getattr(event, "lines", None)
    if isinstance(lines, dict):
        words["lines"] = _units(lines, titles)
    if isinstance(event, OrderGoodsReceived):
        unfit = {line: units - event.fit.get(line, 0) for line, units in event.lines.items()}
        words |= {"fit": _units(event.fit, titles), "unfit": _units(unfit, titles)}
    return {name: text for name, text in words.items() if text}


def _units(lines: dict[str, int], titles: dict[str, str]) -> str:
    return ", ".join(f"{units} × {titles.get(line, line)}" for line, units in lines.items() if units)
