"""A way of delivery as a form: its fields by name as texts, and back again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from rialto.admin.conflicts import Field
from rialto.admin.forms import Reading, Values, as_typed
from rialto.kernel.address import COUNTRIES
from rialto.kernel.money import Currency
from rialto.pricing.api import DeliveryMethod
from rialto.storefront.texts import Texts

EVERYWHERE = "*"
AMOUNTS = ("prices", "free_from", "items_min", "items_max")
PLAIN = ("countries", "except_countries", "weight_g_max", "days_min", "days_max", "tax_class", "position")
STANDARD = "standard"

T = TypeVar("T")


class DeliveryForm:
    """The form of a shop with these languages and currencies. What a way says in others is kept as it is."""

    def __init__(self, languages: Sequence[str], currencies: Sequence[Currency]) -> None:
        self.languages = languages
        self.currencies = currencies

    def fields(self, texts: Texts) -> list[Field]:
        """All of them with what they are called, for showing two versions beside each other."""
        return [
            *(
                Field(name=f"title-{each}", label=f"{texts('delivery.name')} ({each})")
                for each in self.languages
            ),
            *(
                Field(name=f"{name}-{each}", label=f"{texts(f'delivery.{name}')} ({each})")
                for name in AMOUNTS
                for each in self.currencies
            ),
            *(Field(name=name, label=texts(f"delivery.{name}")) for name in PLAIN),
        ]

    def paths(self) -> dict[str, str]:
        """Which field is meant by a path of the command; where one has several fields, the first of them."""
        return {
            "title": f"title-{self.languages[0]}",
            **{name: f"{name}-{self.currencies[0]}" for name in AMOUNTS},
        }

    def empty(self) -> Values:
        """Of a way that is yet to be, behind all others."""
        usual = {"days_min": "1", "days_max": "3", "tax_class": STANDARD}
        names = [field for field in self._names() if field not in usual]
        return {**dict.fromkeys(names, ""), **usual}

    def values(self, method: DeliveryMethod) -> Values:
        return {
            **{f"title-{each}": method.title.get(each, "") for each in self.languages},
            **{
                f"{name}-{each}": as_typed(amounts[each], each) if each in amounts else ""
                for name in AMOUNTS
                for each in self.currencies
                for amounts in [getattr(method, name)]
            },
            "countries": "\n".join(method.countries),
            "except_countries": "\n".join(method.except_countries),
            "weight_g_max": "" if method.weight_g_max is None else str(method.weight_g_max),
            "days_min": str(method.days_min),
            "days_max": str(method.days_max),
            "tax_class": method.tax_class,
            "position": str(method.position),
        }

    def method(
        self, method_id: str, reading: Reading, *, stored: DeliveryMethod | None, last: int
    ) -> DeliveryMethod:
        """What was typed; without a position it stands at `last`. Raises Invalid naming the fields."""
        amounts = {name: self._amounts(name, reading, stored) for name in AMOUNTS}
        title = {
            **_others(stored.title if stored else {}, self.languages),
            **reading.by_language("title", self.languages),
        }
        if not title:
            reading.refuse(f"title-{self.languages[0]}", "required", "Please fill this in.")
        days_min, days_max = reading.number("days_min"), reading.number("days_max")
        if days_max < days_min:
            reading.refuse("days_max", "days_not_valid", "The last day is not before the first.")
        for each in self.currencies:
            if (
                amounts["items_max"].get(each, 0) < amounts["items_min"].get(each, 0)
                and each in amounts["items_max"]
            ):
                reading.refuse(
                    f"items_max-{each}", "limits_not_valid", "The upper limit is below the lower one."
                )
        method = DeliveryMethod(
            id=method_id,
            title=title,
            countries=_countries(reading, "countries", known=COUNTRIES | {EVERYWHERE}),
            except_countries=_countries(reading, "except_countries", known=COUNTRIES),
            weight_g_max=reading.number_or_none("weight_g_max"),
            days_min=days_min,
            days_max=days_max,
            tax_class=reading.text("tax_class") or STANDARD,
            position=reading.number("position", last),
            **amounts,
        )
        reading.end()
        return method

    def _amounts(self, name: str, reading: Reading, stored: DeliveryMethod | None) -> dict[str, int]:
        kept: dict[str, int] = getattr(stored, name) if stored else {}
        return {**_others(kept, self.currencies), **reading.amounts(name, self.currencies)}

    def _names(self) -> list[str]:
        return [
            *(f"title-{each}" for each in self.languages),
            *(f"{name}-{each}" for name in AMOUNTS for each in self.currencies),
            *PLAIN,
        ]


def _others(values: Mapping[str, T], edited: Sequence[str]) -> dict[str, T]:
    return {name: value for name, value in values.items() if name not in edited}


def _countries(reading: Reading, name: str, *, known: frozenset[str]) -> list[str]:
    """Codes, also in small letters."""
    codes = [code.upper() for line in reading.lines(name) for code in line.split()]
    if not known.issuperset(codes):
        reading.refuse(name, "countries_unknown", "Two capital letters for each country.")
    return list(dict.fromkeys(codes))
