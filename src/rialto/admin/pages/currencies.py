"""The currencies of a shop front: which, which first, and what nobody could buy in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import get, post
from litestar.response import Redirect

from rialto.admin.conflicts import Field, conflict_page
from rialto.admin.desk import HOME, AnyRequest, Desk
from rialto.admin.forms import Reading, Values, read_values
from rialto.admin.pages.settings import READ, WRITE, channel_of
from rialto.admin.problems import problems_of, status_of
from rialto.admin.rendering import PAGE, go, page
from rialto.admin.tables import Choice
from rialto.catalog.api import Catalog, Channel, ChannelChanged, PutCurrencies, UnpricedIn
from rialto.kernel.errors import RialtoError
from rialto.kernel.http import Injected
from rialto.kernel.money import EXPONENTS, Currency
from rialto.kernel.service import Frozen, Nothing
from rialto.pricing.api import Pricing
from rialto.storefront.formats import currency_name

PLACE = f"{HOME}/settings/currencies"


class Row(Frozen):
    """A currency that is sold in, or may be. `undelivered`: how many ways of delivery have no price in it."""

    code: Currency
    name: str
    lacking: int
    undelivered: int | None


@get(PLACE, guards=READ)
async def currencies(desk: Injected[Desk], catalog: Injected[Catalog], pricing: Injected[Pricing]) -> PAGE:
    """`?add=` is a currency to look at before it is switched on."""
    channel = await channel_of(catalog, desk.asked("channel"))
    values, add = _values(channel), desk.asked("add")
    if add in EXPONENTS and add not in channel.currencies:
        values["offered"] += f"\n{add}"
    return await _page(desk, catalog, pricing, channel, values=values)


@post(PLACE, guards=WRITE, status_code=200)
async def change_currencies(
    request: AnyRequest, desk: Injected[Desk], catalog: Injected[Catalog], pricing: Injected[Pricing]
) -> PAGE | Redirect:
    """Whoever comes second is shown what the first one changed."""
    values = {"offered": "", "default": ""} | await read_values(request)
    reading = Reading(values)
    channel = await channel_of(catalog, reading.text("channel"))
    try:
        version = reading.number("version")
        reading.end()
        await catalog.put_currencies(
            PutCurrencies(
                channel=channel.code,
                currencies=reading.lines("offered"),
                default=reading.text("default"),
                expected_version=version,
            )
        )
    except ChannelChanged:
        return _conflict(desk, await channel_of(catalog, channel.code), values)
    except RialtoError as error:
        return await _page(desk, catalog, pricing, channel, values=values, error=error)
    return go(f"{PLACE}?channel={channel.code}&done=currencies_saved")


def _values(channel: Channel) -> Values:
    return {
        "version": str(channel.version),
        "channel": channel.code,
        "offered": "\n".join(channel.currencies),
        "default": channel.currencies[0],
    }


def _conflict(desk: Desk, channel: Channel, values: Values) -> PAGE:
    theirs = _values(channel)
    codes = {*values["offered"].split("\n"), *theirs["offered"].split("\n"), values["default"]}
    words = {code: _told(desk, Currency(code)) for code in codes if code in EXPONENTS}
    return conflict_page(
        desk,
        section="currencies",
        title=desk.texts("currencies.title"),
        action=PLACE,
        back=f"{PLACE}?channel={channel.code}",
        version=theirs["version"],
        fields=[
            Field(name=name, label=desk.texts(f"currencies.{name}"), words=words)
            for name in ("offered", "default")
        ],
        yours=values,
        theirs=theirs,
    )


async def _page(
    desk: Desk,
    catalog: Catalog,
    pricing: Pricing,
    channel: Channel,
    *,
    values: Values,
    error: RialtoError | None = None,
) -> PAGE:
    values = _values(channel) | values
    typed = [Currency(code) for code in values["offered"].split("\n") if code in EXPONENTS]
    shown = list(dict.fromkeys([*channel.currencies, *typed]))[:40]
    found = await catalog.unpriced(UnpricedIn(currencies=shown, channel=channel.code))
    undelivered = await _undelivered(desk, pricing, shown)
    rows = [
        Row(
            code=code,
            name=currency_name(code, desk.language),
            lacking=found.lacking[code],
            undelivered=undelivered.get(code),
        )
        for code in shown
    ]
    others = [code for code in EXPONENTS if code not in shown]
    channels = (await catalog.channels(Nothing())).items
    return page(
        desk,
        "pages/currencies.html",
        section="currencies",
        status=200 if error is None else status_of(error),
        channel=channel,
        channels=[Choice(value=one.code, label=one.profile.name or one.code) for one in channels],
        rows=rows,
        products=found.products,
        values=values,
        offered=typed,
        choices=[Choice(value=code, label=_told(desk, code)) for code in shown],
        others=sorted(
            (Choice(value=code, label=_told(desk, Currency(code))) for code in others),
            key=lambda choice: choice.label,
        ),
        # A currency that is none has no field of its own: boxes are ticked, not typed.
        problems=[]
        if error is None
        else problems_of(
            error,
            desk.texts,
            fields={
                "currencies": f"offered-{rows[0].code}",
                **{f"currencies.{index}": "" for index in range(len(shown) + 20)},
            },
        ),
    )


async def _undelivered(desk: Desk, pricing: Pricing, shown: Sequence[Currency]) -> dict[Currency, int]:
    """By currency; nothing for somebody who may not see prices."""
    if not desk.may("pricing.read"):
        return {}
    methods = [one.method for one in (await pricing.all_delivery(Nothing())).items]
    return {code: sum(code not in method.prices for method in methods) for code in shown}


def _told(desk: Desk, code: Currency) -> str:
    return f"{currency_name(code, desk.language)} ({code})"


ROUTES: list[Any] = [currencies, change_currencies]
