"""In which currencies a shop front sells."""

from __future__ import annotations

from typing import Protocol

from rialto.catalog.api.profile import Channel
from rialto.kernel.errors import Invalid, VersionConflict
from rialto.kernel.money import Currency
from rialto.kernel.service import Frozen, operation


class CurrenciesInvalid(Invalid):
    code = "currencies_not_valid"
    message = "The shop front cannot sell in these currencies."


class ChannelChanged(VersionConflict):
    message = "Somebody changed this shop front meanwhile."


class PutCurrencies(Frozen):
    """Codes of ISO 4217; `default` is one of them. `expected_version` is what the change is based on."""

    channel: str
    currencies: list[str]
    default: str
    expected_version: int


class UnpricedIn(Frozen):
    """Counted in the shop front of this code where it sells in a currency, else in the first that does."""

    currencies: list[Currency]
    channel: str = ""


class Unpriced(Frozen):
    """Of `products` that are published, how many have an article without a price, by currency: it is not sold in that one."""

    products: int
    lacking: dict[Currency, int]


class Selling(Protocol):
    """Settings that count at once, without a restart."""

    @operation(idempotent=True, timeout_s=60.0)
    async def put_currencies(self, command: PutCurrencies) -> Channel:
        """Sell in these and in no others; the same again: unchanged.

        Prices that products have in other currencies stay where they are kept and are used when the currency is back. Open
        carts in a currency that is gone go on in the default one; orders keep theirs.

        Raises ChannelNotFound, CurrenciesInvalid, ChannelChanged.
        """
        ...

    @operation(idempotent=True, timeout_s=60.0)
    async def unpriced(self, command: UnpricedIn) -> Unpriced:
        """What nobody could buy in these currencies, whether a shop front sells in them or not."""
        ...
