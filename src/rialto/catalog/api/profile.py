"""Shop fronts, and how each presents itself: its name, where it is reached, and the texts that its merchant is answerable for."""

from __future__ import annotations

from typing import Protocol

from rialto.kernel.errors import Invalid, NotFound, VersionConflict
from rialto.kernel.money import Currency
from rialto.kernel.service import Frozen, operation

# The pages that a shop has to have; what is not written is shown as a sample, and marked as one.
LEGAL_PAGES = ("imprint", "terms", "withdrawal", "privacy", "shipping", "accessibility")

Texts = dict[str, str]


class ProfileInvalid(Invalid):
    code = "profile_invalid"


class ProfileChanged(VersionConflict):
    message = "Somebody changed these settings meanwhile."


class ChannelNotFound(NotFound):
    message = "There is no such shop front."


class ChannelClosed(NotFound):
    """Nothing is shown or sold in it for now."""

    code = "channel_closed"
    message = "This shop front is closed."


class Logo(Frozen):
    """A kept picture (`Picturing.keep_picture`): files `{file}-{width}.webp`; `width` and `height` are the largest's."""

    file: str
    widths: list[int]
    width: int
    height: int


class ShopProfile(Frozen):
    """What is empty is Rialto's own: its name, its samples, its mark, its colour.

    `notice` stands above every page, by language. `pages` are texts by page (one of LEGAL_PAGES) and language; empty lines
    separate paragraphs. `accent_light` and `accent_dark` (`#0a5a52`) are the shop's colour in either theme.
    `version` counts the changes; 0 before the first.
    """

    name: str = ""
    email: str = ""
    notice: Texts = {}
    pages: dict[str, Texts] = {}
    version: int = 0
    accent_light: str = ""
    accent_dark: str = ""
    logo: Logo | None = None


class Channel(Frozen):
    """A shop front. The first currency and language are its defaults.

    It is found by one of its `hosts`, by its code otherwise; `default` answers wherever no other does, and is where the shop's
    address leads. In a shop front with `own_prices` only what has a price of its own there is shown and sold; in others
    prices of their own go before the products'. One that is not `open` shows and sells nothing.
    `version` counts the changes of all but the profile, which has its own; 0 before the first.
    """

    code: str
    hosts: list[str] = []
    currencies: list[Currency]
    languages: list[str]
    country: str
    prices_include_tax: bool = True
    legal_entity: str = "default"
    profile: ShopProfile = ShopProfile()
    version: int = 0
    own_prices: bool = False
    open: bool = True


class Channels(Frozen):
    items: list[Channel]


class PutProfile(Frozen):
    """`expected_version` is what the change is based on."""

    channel: str
    profile: ShopProfile
    expected_version: int


class Profiles(Protocol):
    """Settings of shop fronts that count at once, without a restart."""

    @operation(idempotent=True)
    async def put_profile(self, command: PutProfile) -> ShopProfile:
        """Replace a shop front's profile. The same content again: unchanged.

        Raises ChannelNotFound, ProfileInvalid naming the fields, ProfileChanged.
        """
        ...
