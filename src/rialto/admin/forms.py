"""What staff typed: fields as texts, kept as typed for showing again, and turned into what commands take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from rialto.admin.desk import AnyRequest
from rialto.kernel.errors import FieldProblem, Invalid, RialtoError
from rialto.kernel.money import Currency, Money, parse_decimal

TEXT_LENGTH_MAX = 100_000
# A product of 200 variants with prices in several currencies and shop fronts is one form.
FIELDS_MAX = 10_000
ON = "1"

T = TypeVar("T")
Values = dict[str, str]


async def read_values(request: AnyRequest) -> Values:
    """All text fields of a form, line breaks as LF; several of one name as lines of one."""
    data = await request.form()
    found: Values = {}
    for name, value in list(data.multi_items())[:FIELDS_MAX]:
        if isinstance(value, str) and name.isprintable():
            text = value[:TEXT_LENGTH_MAX].replace("\r\n", "\n").replace("\x00", "")
            found[name] = f"{found[name]}\n{text}" if name in found else text
    return found


class Reading:
    """Reads fields one by one and collects what is wrong with them, so that all of it is told at once."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values
        self._problems: list[FieldProblem] = []

    def text(self, name: str) -> str:
        return self.values.get(name, "").strip()

    def is_on(self, name: str) -> bool:
        return self.values.get(name) == ON

    def lines(self, name: str) -> list[str]:
        """One name per line or between commas, each once."""
        parts = self.text(name).replace(",", "\n").split("\n")
        return list(dict.fromkeys(part.strip() for part in parts if part.strip()))

    def number(self, name: str, usual: int = 0) -> int:
        found = self.number_or_none(name)
        return usual if found is None else found

    def number_or_none(self, name: str) -> int | None:
        text = self.text(name)
        if not text:
            return None
        digits = text.removeprefix("-")
        if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
            self.refuse(name, "number_not_valid", "This is no whole number.")
            return None
        return int(text)

    def amounts(self, name: str, currencies: Sequence[Currency]) -> dict[str, int]:
        """Minor units by currency, of the fields `name-EUR` and the like that are filled in."""
        found: dict[str, int] = {}
        for currency in currencies:
            amount = self.amount(f"{name}-{currency}", currency)
            if amount is not None:
                found[currency] = amount
        return found

    def amount(self, name: str, currency: Currency) -> int | None:
        text = self.text(name)
        if not text:
            return None
        money = self.attempt(name, lambda: parse_decimal(decimal_point(text), currency))
        return None if money is None else money.amount

    def by_language(self, name: str, languages: Sequence[str]) -> dict[str, str]:
        """By language, of the fields `name-en` and the like that are filled in."""
        found = {language: self.text(f"{name}-{language}") for language in languages}
        return {language: text for language, text in found.items() if text}

    def moment(self, name: str) -> datetime | None:
        """Date and time in UTC, as a browser's field writes them."""
        text = self.text(name)
        if not text:
            return None
        try:
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
        except ValueError:
            self.refuse(name, "moment_not_valid", "This is no date and time.")
            return None

    def attempt(self, name: str, parse: Callable[[], T]) -> T | None:
        """What `parse` makes of a field; its refusal is that field's problem."""
        try:
            return parse()
        except RialtoError as error:
            self.refuse(name, error.stable_code, error.text)
            return None

    def refuse(self, name: str, code: str, message: str) -> None:
        self._problems.append(FieldProblem(path=name, code=code, message=message))

    def end(self) -> None:
        """Raises Invalid naming every field that could not be read."""
        if self._problems:
            raise Invalid("This cannot be saved.", fields=tuple(self._problems))


def decimal_point(text: str) -> str:
    """`19,90` as `19.90`; `1.200,50` is not guessed at and stays as it is."""
    return text.replace(",", ".") if text.count(",") == 1 and "." not in text else text


def as_typed(amount: int, currency: Currency) -> str:
    """Minor units as a field shows them."""
    return Money(amount, currency).decimal()


def moment_typed(at: datetime | None) -> str:
    """As a browser's field for date and time wants it."""
    return "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")


def switch_typed(on: bool) -> str:
    return ON if on else ""
