"""In which currencies a shop front sells, for staff."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response, get, put
from litestar.params import FromPath, JSONBody, QueryParameter

from rialto.catalog.api import (
    Catalog,
    Channel,
    ChannelChanged,
    ChannelNotFound,
    CurrenciesInvalid,
    PutCurrencies,
    UnpricedIn,
)
from rialto.catalog.model.selling import CURRENCIES_MAX
from rialto.kernel.http import IfMatch, Injected, about, etag, if_match, requires
from rialto.kernel.money import Currency, parse_currency
from rialto.kernel.service import Frozen, Nothing

TAG = "staff: settings"
PLACE = "/v1/admin/channels/{channel_code:str}/currencies"

Code = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]
Also = Annotated[
    str | None,
    QueryParameter(
        pattern="^[A-Z]{3}$", description="A currency to count as well, before it is switched on."
    ),
]


class CurrenciesInput(Frozen):
    """Codes of ISO 4217; `default` is one of them."""

    currencies: Annotated[list[Code], msgspec.Meta(min_length=1, max_length=CURRENCIES_MAX)]
    default: Code


class SoldIn(Frozen):
    """The first currency is the default. Of `products` that are published, `lacking` says how many have an article without a price."""

    currencies: list[Currency]
    products: int
    lacking: dict[Currency, int]
    version: int


@get(
    PLACE,
    guards=[requires("settings.read")],
    **about("read_currencies", "Read the currencies", tag=TAG, refuses=[ChannelNotFound], tagged=True),
)
async def read_currencies(
    catalog: Injected[Catalog], channel_code: FromPath[str], also: Also = None
) -> Response[SoldIn]:
    """What has no price in a currency is not sold in it."""
    channels = (await catalog.channels(Nothing())).items
    channel = next((one for one in channels if one.code == channel_code), None)
    if channel is None:
        raise ChannelNotFound
    asked = [*channel.currencies, *([] if also is None else [parse_currency(also, path="also")])]
    found = await catalog.unpriced(UnpricedIn(currencies=asked, channel=channel.code))
    answer = SoldIn(
        currencies=channel.currencies,
        products=found.products,
        lacking=found.lacking,
        version=channel.version,
    )
    return Response(answer, headers={"ETag": etag(channel.version)})


@put(
    PLACE,
    guards=[requires("settings.write")],
    **about(
        "put_currencies",
        "Change the currencies",
        tag=TAG,
        refuses=[ChannelNotFound, CurrenciesInvalid, ChannelChanged],
        tagged=True,
        example={"currencies": ["EUR", "USD"], "default": "EUR"},
    ),
)
async def put_currencies(
    catalog: Injected[Catalog],
    channel_code: FromPath[str],
    data: JSONBody[CurrenciesInput],
    based_on: IfMatch = None,
) -> Response[Channel]:
    """Counts at once, without a restart. Prices in other currencies stay with their products and are not used.

    The default currency cannot be switched off: another has to be made the default.
    """
    channel = await catalog.put_currencies(
        PutCurrencies(
            channel=channel_code,
            currencies=list(data.currencies),
            default=data.default,
            expected_version=if_match(based_on),
        )
    )
    return Response(channel, headers={"ETag": etag(channel.version)})


ROUTES: list[Any] = [read_currencies, put_currencies]
