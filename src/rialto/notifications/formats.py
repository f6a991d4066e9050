"""Amounts, days and places as a reader of the language writes them, the same as in the shop's pages."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_currency, format_percent

from rialto.kernel.address import Address
from rialto.kernel.money import Money

LOCALES = {"en": Locale.parse("en_GB"), "de": Locale.parse("de_DE")}

# Many mails of a day say the same days and amounts, and to write one takes a good part of the time of a mail.
REMEMBERED = 4096

# Where the region stands between city and postal code; elsewhere the code stands before the city.
CITY_FIRST = frozenset({"US", "CA", "AU", "GB", "IE", "NZ", "IN"})


@lru_cache(REMEMBERED)
def money(amount: Money, language: str) -> str:
    """`1.234,50 €` in German, `€1,234.50` in English."""
    text = format_currency(Decimal(amount.decimal()), amount.currency, locale=LOCALES[language])
    return text.replace("US$", "$")


@lru_cache(REMEMBERED)
def percent(rate: str, language: str) -> str:
    """`0.19` as `19 %`; what is no number is shown as it is."""
    try:
        value = Decimal(rate)
    except InvalidOperation:
        return rate
    return format_percent(value, locale=LOCALES[language], decimal_quantization=False)


def full_day(at: datetime, language: str) -> str:
    """`5 January 2026`."""
    return _long_date(at.date(), language)


@lru_cache(REMEMBERED)
def _long_date(on: date, language: str) -> str:
    return format_date(on, "long", locale=LOCALES[language])


def moment(at: datetime, language: str) -> str:
    """`5 January 2026 at 09:00 UTC`: a mail is read in any time zone."""
    between = {"en": "at", "de": "um"}[language]
    clock = format_time(at, "HH:mm", tzinfo=UTC, locale=LOCALES[language])
    return f"{full_day(at, language)} {between} {clock} UTC"


def day_span(first: str | None, last: str | None, language: str) -> str:
    """`Thursday, 8 January – Friday, 9 January`, one day, or nothing. Days are ISO 8601."""
    days = []
    for text in (first, last):
        shown = _day(text, language)
        if shown and shown not in days:
            days.append(shown)
    return " – ".join(days)


@lru_cache(REMEMBERED)
def _day(text: str | None, language: str) -> str:
    try:
        on = date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return text or ""
    return format_skeleton("EEEEdMMMM", on, locale=LOCALES[language]) if on else ""


def address_lines(address: Address, language: str) -> list[str]:
    """An address as it stands on a parcel, the country in the reader's language."""
    if address.country in CITY_FIRST:
        city = f"{address.city}, {address.region or ''} {address.postal_code}".replace(",  ", ", ")
    else:
        city = f"{address.postal_code} {address.city}".strip()
    country = LOCALES[language].territories.get(address.country, address.country)
    lines = (address.name, address.company, address.line1, address.line2, city, country)
    return [line for line in lines if line]
