"""What becomes of a shop front whose currencies are changed."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from rialto.catalog.api.profile import Channel
from rialto.catalog.api.selling import ChannelChanged, CurrenciesInvalid
from rialto.catalog.model.fields import Problems, named
from rialto.kernel.money import EXPONENTS, Currency

CURRENCIES_MAX = 20


def decide_currencies(
    current: Channel, currencies: Sequence[str], default: str, expected_version: int
) -> Channel:
    """The shop front as it will be; the current one where nothing changes. Raises CurrenciesInvalid, ChannelChanged."""
    chosen = _checked(currencies, default)
    if chosen == current.currencies:
        return current
    if expected_version != current.version:
        raise ChannelChanged
    return msgspec.structs.replace(current, currencies=chosen, version=current.version + 1)


def _checked(currencies: Sequence[str], default: str) -> list[Currency]:
    """Each once, the default first."""
    codes = list(dict.fromkeys(code.strip().upper() for code in currencies))
    first = default.strip().upper()
    problems = Problems()
    if not codes:
        problems.add("currencies", "required", "A shop front sells in one currency at least.")
    if len(codes) > CURRENCIES_MAX:
        problems.add("currencies", "too_many_currencies", f"At most {CURRENCIES_MAX} currencies.")
    for index, code in enumerate(codes[:CURRENCIES_MAX]):
        if code not in EXPONENTS:
            message = f"{named(code)[:16]!r} is no currency of ISO 4217."
            problems.add(f"currencies.{index}", "currency_unknown", message)
    if codes and first not in codes:
        message = "The default currency has to be one of them: first make another the default."
        problems.add("default", "default_not_offered", message)
    problems.raise_as(CurrenciesInvalid, CurrenciesInvalid.message)
    return [Currency(first), *(Currency(code) for code in codes if code != first)]
