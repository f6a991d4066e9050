"""What becomes of a rule that somebody edits: checked, and only from the version it was looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from rialto.kernel.address import COUNTRIES
from rialto.kernel.errors import FieldProblem, Invalid, field_problem
from rialto.pricing.api import (
    CountryTaxes,
    DeliveryMethod,
    DeliveryTaken,
    DeliveryUnknown,
    PricingRules,
    RulesChanged,
    StoredDelivery,
    TaxRate,
)
from rialto.pricing.model.rules import METHODS_MAX, checked_rules

CLASSES_MAX = 20
POSITION_STEP = 10


def known_country(country: str) -> str:
    """Raises Invalid for what is no country."""
    if country not in COUNTRIES:
        raise field_problem("country", "country_unknown", "This is no country code.")
    return country


def decide_taxes(current: CountryTaxes, wanted: CountryTaxes) -> CountryTaxes:
    """The country's rates as they will be; the current ones where nothing changes. Raises Invalid, RulesChanged."""
    if len(wanted.rates) > CLASSES_MAX:
        raise field_problem("rates", "too_many_classes", f"At most {CLASSES_MAX} classes.")
    classes = sorted(wanted.rates)
    named = [
        TaxRate(country=wanted.country, tax_class=one, rate=wanted.rates[one].strip()) for one in classes
    ]
    try:
        checked = checked_rules(PricingRules(tax_rates=named, delivery_methods=[])).tax_rates
    except Invalid as refused:
        raise _told_by_class(refused, classes) from None
    rates = {rate.tax_class: rate.rate for rate in checked}
    if rates == current.rates:
        return current
    if wanted.version != current.version:
        raise RulesChanged
    return CountryTaxes(country=current.country, rates=rates, version=current.version + 1)


def decide_delivery(
    known: Sequence[StoredDelivery], wanted: DeliveryMethod, expected_version: int | None
) -> StoredDelivery | None:
    """The method with the version it was at; None where nothing changes.

    Raises Invalid, DeliveryTaken, DeliveryUnknown, RulesChanged.
    """
    try:
        checked_rules(PricingRules(tax_rates=[], delivery_methods=[wanted]))
    except Invalid as refused:
        raise _without_prefix(refused, "delivery_methods.0.") from None
    current = next((one for one in known if one.method.id == wanted.id), None)
    if current is None:
        if expected_version is not None:
            raise DeliveryUnknown
        if len(known) >= METHODS_MAX:
            raise field_problem("id", "too_many_methods", f"There are {METHODS_MAX} ways; change one.")
        return StoredDelivery(method=wanted, version=0)
    if current.method == wanted:
        return None
    if expected_version is None:
        raise DeliveryTaken(
            fields=(FieldProblem(path="id", code=DeliveryTaken.code, message=DeliveryTaken.message),)
        )
    if expected_version != current.version:
        raise RulesChanged
    return StoredDelivery(method=wanted, version=current.version)


def as_looked_at(known: Sequence[StoredDelivery], method_id: str, version: int) -> StoredDelivery:
    """Raises DeliveryUnknown, RulesChanged for another version."""
    found = next((one for one in known if one.method.id == method_id), None)
    if found is None:
        raise DeliveryUnknown
    if found.version != version:
        raise RulesChanged
    return found


def moved(
    known: Sequence[StoredDelivery], method_id: str, before: str | None, version: int
) -> list[DeliveryMethod]:
    """Those whose position changes, with the new one. `known` stand in their order.

    Raises DeliveryUnknown, RulesChanged.
    """
    mover = as_looked_at(known, method_id, version)
    rest = [one for one in known if one is not mover]
    place = len(rest)
    if before is not None:
        place = next((index for index, one in enumerate(rest) if one.method.id == before), -1)
        if place < 0:
            raise DeliveryUnknown
    order = [*rest[:place], mover, *rest[place:]]
    if [one.method.id for one in order] == [one.method.id for one in known]:
        return []
    positions = {one.method.id: (index + 1) * POSITION_STEP for index, one in enumerate(order)}
    return [
        msgspec.structs.replace(one.method, position=positions[one.method.id])
        for one in order
        if one.method.position != positions[one.method.id]
    ]


def changed_keys(before: PricingRules, put: PricingRules) -> tuple[list[str], list[str]]:
    """Countries and methods that are no longer what they were when these rules are put."""
    rates: Mapping[tuple[str, str], str] = {
        (rate.country, rate.tax_class): rate.rate for rate in before.tax_rates
    }
    methods = {method.id: method for method in before.delivery_methods}
    countries = {
        rate.country for rate in put.tax_rates if rates.get((rate.country, rate.tax_class)) != rate.rate
    }
    ids = {method.id for method in put.delivery_methods if methods.get(method.id) != method}
    return sorted(countries), sorted(ids)


def _told_by_class(refused: Invalid, classes: Sequence[str]) -> Invalid:
    """Faults of a list of rates as faults of the rates by class."""
    fields = []
    for fault in refused.fields:
        _, index, part = fault.path.split(".")
        path = "country" if part == "country" else f"rates.{classes[int(index)][:60]}"
        code = "class_not_valid" if part == "tax_class" else fault.code
        fields.append(FieldProblem(path=path, code=code, message=fault.message))
    return Invalid(refused.text, fields=tuple(fields))


def _without_prefix(refused: Invalid, prefix: str) -> Invalid:
    fields = (
        FieldProblem(path=fault.path.removeprefix(prefix), code=fault.code, message=fault.message)
        for fault in refused.fields
    )
    return Invalid(refused.text, code=refused.stable_code, fields=tuple(fields))
