"""What a parcel would cost: asked of pricing as a checkout asks, for goods of some weight and worth."""

from __future__ import annotations

from typing import Any

from litestar import get

from rialto.admin.desk import HOME, Desk
from rialto.admin.forms import Reading, Values
from rialto.admin.pages.delivery import open_form
from rialto.admin.problems import Problem, problems_of, status_of
from rialto.admin.rendering import PAGE, page
from rialto.admin.tables import Choice
from rialto.catalog.api import Catalog, Channel
from rialto.kernel.errors import RialtoError
from rialto.kernel.http import Injected, requires
from rialto.kernel.money import Money
from rialto.kernel.service import Frozen, Nothing
from rialto.pricing.api import ItemToPrice, Pricing, Quote, QuoteFor
from rialto.storefront.formats import countries

PARCEL = "parcel"


class Offers(Frozen):
    """What is offered, each way with its quote, and the ids of the ways that are not."""

    quotes: list[Quote]
    others: list[str]


@get(f"{HOME}/settings/delivery/preview", guards=[requires("pricing.read")])
async def parcel(desk: Injected[Desk], catalog: Injected[Catalog], pricing: Injected[Pricing]) -> PAGE:
    """Asked by its address alone, so that it can be sent to a colleague. Changes nothing."""
    form = await open_form(catalog)
    channels = (await catalog.channels(Nothing())).items
    usual: Values = {
        "currency": form.currencies[0],
        "channel": channels[0].code,
        "country": channels[0].country,
        "weight_g": "",
        "worth": "",
    }
    values = usual | dict(desk.query)
    found: Offers | None = None
    problems: list[Problem] = []
    status = 200
    if values["weight_g"] or values["worth"]:
        try:
            found = await _offers(pricing, _request(Reading(values), channels))
        except RialtoError as error:
            problems = problems_of(
                error, desk.texts, fields={"items.0.weight_g": "weight_g", "items": "worth"}
            )
            status = status_of(error)
    return page(
        desk,
        "pages/delivery/preview.html",
        section="delivery",
        status=status,
        values=values,
        currencies=[Choice(value=one, label=one) for one in form.currencies],
        channels=[Choice(value=one.code, label=one.profile.name or one.code) for one in channels],
        countries=[Choice(value=code, label=name) for code, name in countries(desk.language)],
        found=found,
        problems=problems,
    )


async def _offers(pricing: Pricing, request: QuoteFor) -> Offers:
    """Each way with the quote that a cart of these goods would get. Raises Invalid."""
    offered = [one.id for one in (await pricing.delivery_options(request)).items]
    quotes = [
        await pricing.quote(
            QuoteFor(
                items=request.items,
                currency=request.currency,
                country=request.country,
                channel=request.channel,
                delivery_option_id=one,
            )
        )
        for one in offered
    ]
    known = (await pricing.all_delivery(Nothing())).items
    return Offers(quotes=quotes, others=[one.method.id for one in known if one.method.id not in offered])


def _request(reading: Reading, channels: list[Channel]) -> QuoteFor:
    """Goods of this weight and worth, whatever they are. Raises Invalid naming the fields."""
    wanted = reading.text("currency")
    known = (currency for channel in channels for currency in channel.currencies)
    currency = next((one for one in known if one == wanted), None)
    if currency is None:
        reading.refuse("currency", "not_valid", "The shop does not sell in it.")
    worth = reading.amount("worth", currency) if currency else None
    weight_g = reading.number("weight_g")
    reading.end()
    assert currency is not None
    goods = ItemToPrice(
        key=PARCEL, sku=PARCEL, quantity=1, unit_price=Money(worth or 0, currency), weight_g=weight_g
    )
    return QuoteFor(
        items=[goods],
        currency=currency,
        country=reading.text("country") or None,
        channel=reading.text("channel") or channels[0].code,
    )


ROUTES: list[Any] = [parcel]
