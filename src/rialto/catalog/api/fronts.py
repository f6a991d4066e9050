"""Shop fronts as a merchant opens them: where each is reached, what it sells in, and which prices hold there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlsplit

from rialto.catalog.api.products import ProductDraft, VariantDraft
from rialto.catalog.api.profile import Channel
from rialto.kernel.errors import Invalid
from rialto.kernel.service import Frozen, operation

# The one that is there from the start, and answers wherever no other does.
DEFAULT_CHANNEL = "default"


class ChannelInvalid(Invalid):
    code = "channel_not_valid"
    message = "There can be no such shop front."


class PutChannel(Frozen):
    """The first currency and language are the defaults. `expected_version` is what the change is based on, 0 for a new one."""

    code: str
    hosts: list[str] = []
    currencies: list[str]
    languages: list[str]
    country: str
    prices_include_tax: bool = True
    own_prices: bool = False
    open: bool = True
    expected_version: int


class Fronts(Protocol):
    """Settings that count at once, without a restart."""

    @operation(idempotent=True, timeout_s=60.0)
    async def put_channel(self, command: PutChannel) -> Channel:
        """Open another shop front, or change one; the same again: unchanged. None is ever removed: orders name it.

        Raises ChannelNotFound, ChannelInvalid naming the fields, ChannelChanged (also for a code that is taken).
        """
        ...


def address_of(channel: Channel, public_url: str) -> str:
    """Where people reach it, without a slash at the end: its first host, with the scheme and port of the shop's address.

    The default one, and one without a host, is reached at the shop's address itself.
    """
    shop = public_url.rstrip("/")
    if not channel.hosts or channel.code == DEFAULT_CHANNEL:
        return shop
    parts = urlsplit(shop)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{channel.hosts[0]}{port}"


def origins_of(channel: Channel, public_url: str) -> list[str]:
    """As browsers name the places where it is reached by host names of its own."""
    parts = urlsplit(public_url)
    port = f":{parts.port}" if parts.port else ""
    return [f"{parts.scheme}://{host}{port}" for host in channel.hosts]


def shows(channel: Channel, draft: ProductDraft) -> bool:
    """Whether this shop front may show the product, once it is published at all."""
    if draft.channels and channel.code not in draft.channels:
        return False
    return not channel.own_prices or any(channel.code in variant.channel_prices for variant in draft.variants)


def prices_in(channel: Channel, variant: VariantDraft) -> Mapping[str, int]:
    """What the variant costs there by currency, also in currencies that the shop front does not sell in at present."""
    own = variant.channel_prices.get(channel.code, {})
    if channel.own_prices:
        return own
    return {**variant.prices, **own} if own else variant.prices


def former_in(channel: Channel, variant: VariantDraft) -> Mapping[str, int]:
    """Struck-through prices. A price of the shop front's own has none: there is no history of it to prove one by."""
    if channel.own_prices:
        return {}
    own = variant.channel_prices.get(channel.code)
    return (
        {code: former for code, former in variant.compare_at.items() if code not in own}
        if own
        else variant.compare_at
    )
