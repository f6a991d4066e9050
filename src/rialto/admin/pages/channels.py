"""Shop fronts: which there are, where each is reached, what it speaks and sells in, and whether it is open."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from rialto.admin.conflicts import Field, conflict_page
from rialto.admin.desk import HOME, AnyRequest, Desk
from rialto.admin.forms import ON, Reading, Values, read_values, switch_typed
from rialto.admin.pages.settings import READ, WRITE, channel_of
from rialto.admin.problems import problems_of, status_of
from rialto.admin.rendering import PAGE, go, page
from rialto.admin.tables import Choice
from rialto.catalog.api import (
    DEFAULT_CHANNEL,
    Catalog,
    Channel,
    ChannelChanged,
    PutChannel,
    PutProfile,
    ShopProfile,
    address_of,
)
from rialto.kernel.errors import RialtoError
from rialto.kernel.http import Injected
from rialto.kernel.service import Nothing
from rialto.kernel.settings import Settings
from rialto.storefront.formats import countries, country_name

PLACE = f"{HOME}/settings/channels"
NEW = f"{PLACE}/new"
SWITCHES = ("prices_include_tax", "own_prices", "open")
LISTS = ("hosts", "currencies", "languages")


@get(PLACE, guards=READ)
async def channels(desk: Injected[Desk], catalog: Injected[Catalog], settings: Injected[Settings]) -> PAGE:
    found = (await catalog.channels(Nothing())).items
    return page(
        desk,
        "pages/channels/list.html",
        section="channels",
        fronts=[(one, address_of(one, settings.public_url)) for one in found],
    )


@get(NEW, guards=WRITE)
async def new_channel(desk: Injected[Desk], catalog: Injected[Catalog]) -> PAGE:
    """It begins closed, and like the shop that is there: prices and texts are looked at before anybody else sees them."""
    first = (await catalog.channels(Nothing())).items[0]
    values = _values(first) | {"version": "0", "hosts": "", "open": "", "code": "", "name": ""}
    return _page(desk, None, values=values)


@post(NEW, guards=WRITE, status_code=200)
async def open_channel(
    request: AnyRequest, desk: Injected[Desk], catalog: Injected[Catalog]
) -> PAGE | Redirect:
    """The shop front, then its name: one without a name goes by the software's until somebody gives it one."""
    values = await read_values(request)
    reading = Reading(values)
    code = reading.text("code")
    try:
        known = (await catalog.channels(Nothing())).items
        if any(one.code == code for one in known):
            reading.refuse("code", "code_taken", "There is a shop front of this code already.")
        reading.end()
        await catalog.put_channel(_command(reading, code, version=0))
        if name := reading.text("name"):
            profile = ShopProfile(name=name)
            await catalog.put_profile(PutProfile(channel=code, profile=profile, expected_version=0))
    except RialtoError as error:
        return _page(desk, None, values=values, error=error)
    return go(f"{PLACE}/{code}?done=channel_opened")


@get(f"{PLACE}/{{channel_code:str}}", guards=READ)
async def channel(desk: Injected[Desk], catalog: Injected[Catalog], channel_code: FromPath[str]) -> PAGE:
    found = await channel_of(catalog, channel_code)
    return _page(desk, found, values=_values(found))


@post(f"{PLACE}/{{channel_code:str}}", guards=WRITE, status_code=200)
async def change_channel(
    request: AnyRequest, desk: Injected[Desk], catalog: Injected[Catalog], channel_code: FromPath[str]
) -> PAGE | Redirect:
    """Whoever comes second is shown what the first one changed."""
    values = await read_values(request)
    reading = Reading(values)
    found = await channel_of(catalog, channel_code)
    try:
        version = reading.number("version", -1)
        reading.end()
        await catalog.put_channel(_command(reading, found.code, version=version))
    except ChannelChanged:
        return _conflict(desk, await channel_of(catalog, channel_code), values)
    except RialtoError as error:
        return _page(desk, found, values=values, error=error)
    return go(f"{PLACE}/{found.code}?done=channel_saved")


def _command(reading: Reading, code: str, *, version: int) -> PutChannel:
    """`version` below zero is none that anybody looked at."""
    return PutChannel(
        code=code,
        hosts=reading.lines("hosts"),
        currencies=reading.lines("currencies"),
        languages=reading.lines("languages"),
        country=reading.text("country"),
        prices_include_tax=reading.is_on("prices_include_tax"),
        own_prices=reading.is_on("own_prices"),
        open=reading.is_on("open"),
        expected_version=version,
    )


def _values(channel: Channel) -> Values:
    return {
        "version": str(channel.version),
        **{name: "\n".join(getattr(channel, name)) for name in LISTS},
        "country": channel.country,
        **{name: switch_typed(getattr(channel, name)) for name in SWITCHES},
    }


def _conflict(desk: Desk, channel: Channel, values: Values) -> PAGE:
    texts, place = desk.texts, f"{PLACE}/{channel.code}"
    theirs = _values(channel)
    switched = {ON: texts("form.yes"), "": texts("form.no")}
    named = {code: country_name(code, desk.language) for code in (values.get("country", ""), channel.country)}
    fields = [
        *(Field(name=name, label=texts(f"channels.{name}")) for name in LISTS),
        Field(name="country", label=texts("channels.country"), words=named),
        *(Field(name=name, label=texts(f"channels.{name}"), words=switched) for name in SWITCHES),
    ]
    return conflict_page(
        desk,
        section="channels",
        title=texts("channels.title"),
        action=place,
        back=place,
        version=theirs["version"],
        fields=fields,
        yours=values,
        theirs=theirs,
    )


def _page(desk: Desk, channel: Channel | None, *, values: Values, error: RialtoError | None = None) -> PAGE:
    paths = {f"{name}.{index}": name for name in LISTS for index in range(50)}
    return page(
        desk,
        "pages/channels/edit.html",
        section="channels",
        status=200 if error is None else status_of(error),
        channel=channel,
        is_default=channel is not None and channel.code == DEFAULT_CHANNEL,
        values=values,
        countries=[Choice(value=code, label=name) for code, name in countries(desk.language)],
        problems=[] if error is None else problems_of(error, desk.texts, fields=paths),
    )


ROUTES: list[Any] = [channels, new_channel, open_channel, channel, change_channel]
