"""Shop fronts for staff: where each is reached, what it speaks and sells in, whether it is open."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response, get, put
from litestar.params import FromPath, JSONBody

from rialto.catalog.api import (
    Catalog,
    Channel,
    ChannelChanged,
    ChannelInvalid,
    ChannelNotFound,
    PutChannel,
)
from rialto.catalog.model.fronts import HOST_LENGTH_MAX, HOSTS_MAX, LANGUAGES_MAX
from rialto.catalog.model.selling import CURRENCIES_MAX
from rialto.kernel.http import IfMatch, Injected, about, etag, if_match, requires
from rialto.kernel.service import Frozen, Nothing

TAG = "staff: settings"
PLACE = "/v1/admin/channels/{channel_code:str}"

Host = Annotated[str, msgspec.Meta(min_length=1, max_length=HOST_LENGTH_MAX)]
CurrencyCode = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]
Language = Annotated[str, msgspec.Meta(min_length=2, max_length=20)]


class ChannelInput(Frozen):
    """A shop front without its code, which stands in the address, and its profile. The first currency and language are the defaults."""

    hosts: Annotated[list[Host], msgspec.Meta(max_length=HOSTS_MAX)] = []
    currencies: Annotated[list[CurrencyCode], msgspec.Meta(min_length=1, max_length=CURRENCIES_MAX)]
    languages: Annotated[list[Language], msgspec.Meta(min_length=1, max_length=LANGUAGES_MAX)]
    country: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")]
    prices_include_tax: bool = True
    own_prices: bool = False
    open: bool = True


@get(
    PLACE,
    guards=[requires("settings.read")],
    **about("read_channel", "Read a shop front", tag=TAG, refuses=[ChannelNotFound], tagged=True),
)
async def read_channel(catalog: Injected[Catalog], channel_code: FromPath[str]) -> Response[Channel]:
    """One shop front; its ETag is what changes are based on. Its profile has an ETag of its own."""
    channels = (await catalog.channels(Nothing())).items
    channel = next((one for one in channels if one.code == channel_code), None)
    if channel is None:
        raise ChannelNotFound
    return _tagged(channel)


@put(
    PLACE,
    guards=[requires("settings.write")],
    **about(
        "put_channel",
        "Open or change a shop front",
        tag=TAG,
        refuses=[ChannelNotFound, ChannelInvalid, ChannelChanged],
        tagged=True,
        example={
            "hosts": ["trade.example.com"],
            "currencies": ["EUR"],
            "languages": ["en"],
            "country": "DE",
            "prices_include_tax": False,
            "own_prices": True,
        },
    ),
)
async def put_channel(
    catalog: Injected[Catalog],
    channel_code: FromPath[str],
    data: JSONBody[ChannelInput],
    based_on: IfMatch = None,
) -> Response[Channel]:
    """If-Match `"0"` opens a new one, a version changes it. Counts at once, without a restart.

    Host names are exact and belong to one shop front each. With `own_prices` only what has a price of its own there is sold
    there. None can be removed, since orders name it; one that is not `open` shows and sells nothing.
    """
    command = PutChannel(
        code=channel_code,
        hosts=list(data.hosts),
        currencies=list(data.currencies),
        languages=list(data.languages),
        country=data.country,
        prices_include_tax=data.prices_include_tax,
        own_prices=data.own_prices,
        open=data.open,
        expected_version=if_match(based_on),
    )
    return _tagged(await catalog.put_channel(command))


def _tagged(channel: Channel) -> Response[Channel]:
    return Response(channel, headers={"ETag": etag(channel.version)})


ROUTES: list[Any] = [read_channel, put_channel]
