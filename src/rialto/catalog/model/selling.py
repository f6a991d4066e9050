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


def check_currencies(problems: Problems, currencies: Sequence[str]) -> list[str]:
    """The codes as they were meant, each once."""
    codes = list(dict.fromkeys(code.strip().upper() for code in currencies))
    if not codes:
        problems.add("currencies", "required", "A shop front sells in one currency at least.")
    if len(codes) > CURRENCIES_MAX:
        problems.add("currencies", "too_many_currencies", f"At most {CURRENCIES_MAX} currencies.")
    for index, code in enumerate(codes[:CURRENCIES_MAX]):
        if code not in EXPONENTS:
            message = f"{named(code)[:16]!r} is no currency of ISO 4217."
            problems.add(f"currencies.{index}", "currency_unknown", message)
    return codes


def in_order(currencies: Sequence[str]) -> list[Currency]:
    """Codes that were checked, each once, the default first."""
    return [Currency(code) for code in dict.fromkeys(code.strip().upper() for code in currencies)]


def _checked(currencies: Sequence[str], default: str) -> list[Currency]:
    """Each once, the default first."""
    problems = Problems()
    codes = check_currencies(problems, currencies)
    first = default.strip().upper()
    if codes and first not in codes:
        message = "The default currency has to be one of them: first make another the default."
        problems.add("default", "default_not_offered", message)
    problems.raise_as(CurrenciesInvalid, CurrenciesInvalid.message)
    return in_order([first, *codes])
