"""Amounts, dates and numbers as a reader of the language writes them. Cached, because babel is slow and prices repeat."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

import msgspec
from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_name
from markupsafe import Markup

from rialto.kernel.address import COUNTRIES
from rialto.kernel.money import Currency, Money

LOCALES = {"en": "en_GB", "de": "de_DE"}


def locale_of(language: str) -> str:
    """The locale whose habits a language follows here. British English: days before months, as in the shop's texts."""
    return LOCALES.get(language, "en_GB")


def money(amount: Money, language: str) -> str:
    return _money(amount.decimal(), amount.currency, locale_of(language))


@lru_cache(maxsize=8192)
def _money(decimal: str, currency: str, locale: str) -> str:
    # USD is written US$ in British English; in a shop that says its currency on each page a plain $ reads better.
    text = format_currency(Decimal(decimal), currency, locale=locale)
    return text.replace("US$", "$")


def currency_name(code: Currency, language: str) -> str:
    """`Swiss Franc`."""
    return get_currency_name(code, locale=locale_of(language))


@lru_cache(maxsize=2048)
def day(on: date, language: str) -> str:
    """`Thursday, 26 November`."""
    return format_skeleton("EEEEdMMMM", on, locale=locale_of(language))


@lru_cache(maxsize=2048)
def full_day(on: date, language: str) -> str:
    """`26 November 2026`."""
    return format_date(on, "long", locale=locale_of(language))


def moment(at: datetime, language: str) -> str:
    return full_day(at.date(), language)


def moment_and_time(at: datetime, language: str) -> str:
    """`26 Nov 2026, 14:05` in UTC, as all times of the shop."""
    return format_datetime(
        at, "d MMM y, HH:mm" if language == "en" else "d. MMM y, HH:mm", locale=locale_of(language)
    )


def days_between(earliest: str | date | None, latest: str | date | None, language: str) -> str:
    """`Thursday, 26 November – Monday, 30 November`, or the one day."""
    first, last = _date(earliest), _date(latest)
    if first is None or last is None:
        return day(first or last, language) if first or last else ""
    return day(first, language) if first == last else f"{day(first, language)} – {day(last, language)}"


@lru_cache(maxsize=256)
def rate(text: str, language: str) -> str:
    """`0.19` as `19%`."""
    exact = Fraction(text)
    value = Decimal(exact.numerator) / Decimal(exact.denominator)
    return format_percent(
        value, format="#,##0.##%" if language == "en" else "#,##0.##\xa0%", locale=locale_of(language)
    )


@lru_cache(maxsize=512)
def stars(average_hundredths: int, language: str) -> str:
    """458 hundredths as `4.6`; a whole number without its zero."""
    tenths = (average_hundredths + 5) // 10
    return format_decimal(Decimal(tenths) / 10, format="0.#", locale=locale_of(language))


@lru_cache(maxsize=1024)
def number(value: int, language: str) -> str:
    return format_decimal(value, locale=locale_of(language))


@lru_cache(maxsize=8)
def countries(language: str) -> tuple[tuple[str, str], ...]:
    """Country codes and names, sorted as the language sorts."""
    names = Locale.parse(locale_of(language)).territories
    listed = [(code, names.get(code, code)) for code in COUNTRIES]
    return tuple(sorted(listed, key=lambda pair: _sort_key(pair[1])))


def country_name(code: str, language: str) -> str:
    return str(Locale.parse(locale_of(language)).territories.get(code, code))


def plain_amount(amount: Money) -> str:
    """An amount as a form field shows it: `20` rather than `20.00` where nothing is lost."""
    whole, _, cents = amount.decimal().partition(".")
    return amount.decimal() if cents.strip("0") else whole


def _date(value: str | date | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) and value else value or None


def _sort_key(name: str) -> str:
    return name.casefold().translate(str.maketrans("äöüåéèçíôñ", "aouaeecion"))


def as_data(value: Any) -> Markup:
    """A value as JSON inside a script element: nothing in it can end the element."""
    text = msgspec.json.encode(value).decode()
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704
