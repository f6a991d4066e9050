"""Money: integer minor units of an ISO 4217 currency. No float, no bare number for an amount.

Rounding happens in `apply_rate` (half away from zero, on exact integers) and splitting in `allocate`
(largest remainder), so that parts always sum to the whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NewType, Self

import msgspec

from rialto.kernel.errors import Invalid, field_problem

Currency = NewType("Currency", str)

EUR = Currency("EUR")
USD = Currency("USD")

_DECIMAL = re.compile(r"[+-]?([0-9]{1,30}(\.[0-9]{0,30})?|\.[0-9]{1,30})")

AMOUNT_MAX = 10**15  # ten trillion of a two-digit currency; far below what bigint holds even when summed

# ISO 4217 (published list one, 2024): the currencies whose minor unit is not two digits.
# Funds codes, metals and XTS are left out: nobody pays with them.
_EXPONENT_0 = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_EXPONENT_3 = "BHD IQD JOD KWD LYD OMR TND"
_EXPONENT_2 = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG "
    "HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU "
    "MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR "
    "SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES "
    "WST XCD YER ZAR ZMW ZWG"
)
EXPONENTS: dict[str, int] = {
    **dict.fromkeys(_EXPONENT_2.split(), 2),
    **dict.fromkeys(_EXPONENT_0.split(), 0),
    **dict.fromkeys(_EXPONENT_3.split(), 3),
}


class Money(msgspec.Struct, frozen=True, order=False):
    """`amount` minor units of `currency`. Wire form: `{"amount": 1999, "currency": "EUR"}`.

    Arithmetic and order exist within one currency only; mixing raises `ValueError` (a bug, not a refusal).
    """

    amount: int
    currency: Currency

    def __post_init__(self) -> None:
        if self.currency not in EXPONENTS:
            raise ValueError(f"{self.currency!r} is not an ISO 4217 currency")
        if not -AMOUNT_MAX <= self.amount <= AMOUNT_MAX:
            raise ValueError("the amount is too large")

    def _same(self, other: Money) -> int:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not mix")
        return other.amount

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other), self.currency)

    def __mul__(self, factor: int) -> Money:
        if not isinstance(factor, int):
            raise TypeError("money is multiplied by whole numbers; use apply_rate for rates")
        return Money(self.amount * factor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.amount > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.amount >= self._same(other)

    def __bool__(self) -> bool:
        return self.amount != 0

    @classmethod
    def zero(cls, currency: Currency) -> Self:
        return cls(0, currency)

    @property
    def exponent(self) -> int:
        """Digits after the decimal point: 2 for EUR, 0 for JPY, 3 for KWD."""
        return EXPONENTS[self.currency]

    def decimal(self) -> str:
        """`1999 EUR` as `19.99`, for files and structured data; people get a localised form."""
        sign = "-" if self.amount < 0 else ""
        digits = str(abs(self.amount)).rjust(self.exponent + 1, "0")
        if not self.exponent:
            return sign + digits
        return f"{sign}{digits[: -self.exponent]}.{digits[-self.exponent :]}"

    def apply_rate(self, rate: Fraction) -> Money:
        """This amount times an exact rate, rounded half away from zero. The one place that rounds."""
        return Money(round_half_away(self.amount * rate), self.currency)

    def allocate(self, weights: Sequence[int]) -> list[Money]:
        """Split by non-negative weights, largest remainder first, earlier parts first on ties.

        The parts sum to this amount exactly. All-zero weights split evenly. Raises ValueError for
        no weights or a negative one.
        """
        if not weights or min(weights) < 0:
            raise ValueError("allocate needs at least one weight and none below zero")
        total = sum(weights)
        if total == 0:
            weights, total = [1] * len(weights), len(weights)
        sign = -1 if self.amount < 0 else 1
        whole = abs(self.amount)
        shares = [whole * weight // total for weight in weights]
        by_remainder = sorted(range(len(weights)), key=lambda i: (-(whole * weights[i] % total), i))
        for i in by_remainder[: whole - sum(shares)]:
            shares[i] += 1
        return [Money(sign * share, self.currency) for share in shares]


def round_half_away(value: Fraction) -> int:
    """Commercial rounding: 0.5 → 1, -0.5 → -1."""
    doubled = 2 * abs(value.numerator) + value.denominator
    rounded = doubled // (2 * value.denominator)
    return -rounded if value < 0 else rounded


def total(amounts: Iterable[Money], currency: Currency) -> Money:
    """The sum; of nothing, zero in `currency`."""
    result = Money.zero(currency)
    for amount in amounts:
        result = result + amount
    return result


def parse_currency(text: str, *, path: str = "currency") -> Currency:
    """A currency code from outside. Raises Invalid naming the field."""
    code = text.strip().upper()
    if code not in EXPONENTS:
        raise field_problem(path, "currency_unknown", f"{text[:16]!r} is not a currency code.")
    return Currency(code)


def parse_decimal(text: str, currency: Currency) -> Money:
    """`19.99` as money, exactly. Raises Invalid for anything else, also for too many digits."""
    digits = EXPONENTS[currency]
    # Looked at before it is read: `1e999999999` would fill the memory, and Fraction reads `1/2` and `1_000` too.
    if not _DECIMAL.fullmatch(text.strip()):
        raise Invalid(f"{text[:32]!r} is not an amount of {currency}.", code="amount_not_valid")
    value = Fraction(text.strip())
    minor = value * 10**digits
    if minor.denominator != 1 or abs(minor) > AMOUNT_MAX:
        raise Invalid(f"{text[:32]!r} does not fit {currency} with {digits} digits.", code="amount_not_valid")
    return Money(int(minor), currency)
