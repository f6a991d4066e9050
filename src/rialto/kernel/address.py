"""A postal address as carts, orders and deliveries write it. Checked for what its country asks, not for existence."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from babel import Locale

from rialto.kernel.address_rules import is_postal_code, rules_of
from rialto.kernel.errors import FieldProblem, Invalid
from rialto.kernel.service import Frozen

FIELD_LENGTH_MAX = 120

# CLDR lists aggregates, private codes and islands that the post knows by their country's code (AC, CP, CQ, DG,
# EA, IC, TA) beside the 249 countries of ISO 3166-1.
_NO_COUNTRIES = frozenset(
    ["EU", "EZ", "UN", "XA", "XB", "XK", "ZZ", "QO", "AC", "CP", "CQ", "DG", "EA", "IC", "TA"]
)

COUNTRIES: frozenset[str] = frozenset(
    code
    for code in map(str, Locale("en").territories)
    if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES
)


class Address(Frozen):
    """Where to send it. `country` is ISO 3166-1 alpha-2. Not every country has cities or postal codes."""

    name: str
    line1: str
    country: str
    city: str = ""
    postal_code: str = ""
    company: str | None = None
    line2: str | None = None
    region: str | None = None
    phone: str | None = None


def check_address(address: Address, *, path: str) -> Address:
    """The address with blanks trimmed, its region as the country's code for it, its postal code in capitals.

    Raises Invalid naming every field that is missing, too long, or not what its country has.
    """
    cleaned: dict[str, str] = {}
    problems: list[FieldProblem] = []
    for name in Address.__struct_fields__:
        value = getattr(address, name)
        text = cleaned[name] = " ".join(value.split()) if isinstance(value, str) else ""
        if len(text) > FIELD_LENGTH_MAX or not text.isprintable():
            message = "This is too long or holds characters that cannot be printed."
            problems.append(FieldProblem(path=name, code="not_valid", message=message))
    country = cleaned["country"] = cleaned["country"].upper()
    if country and country not in COUNTRIES and not problems:
        problems.append(
            FieldProblem(path="country", code="country_unknown", message="Please choose a country.")
        )
    if country in COUNTRIES:
        rules = rules_of(country)
        cleaned["region"] = _region(cleaned["region"], rules.regions)
        cleaned["postal_code"] = cleaned["postal_code"].upper()
        required = {"name", "line1", "country"} | rules.required
        problems += _against_country(cleaned, country, {problem.path for problem in problems})
    else:
        required = {"name", "line1", "city", "postal_code", "country"}
    problems += [
        FieldProblem(path=name, code="required", message="Please fill this in.")
        for name in Address.__struct_fields__
        if name in required and not cleaned[name]
    ]
    if problems:
        named = [msgspec.structs.replace(problem, path=f"{path}.{problem.path}") for problem in problems]
        raise Invalid("The address is not complete.", fields=tuple(named))
    return Address(**{name: text for name, text in cleaned.items() if text})


def _region(given: str, regions: Mapping[str, str]) -> str:
    """The country's code for a region, where it is written in our letters; else what the customer wrote."""
    code = regions.get(given.casefold())
    return code if code is not None and code.isascii() else given


def _against_country(cleaned: Mapping[str, str], country: str, faulty: set[str]) -> list[FieldProblem]:
    """What the country does not have. What is faulty in itself is not judged again."""
    rules = rules_of(country)
    region, postal_code = cleaned["region"], cleaned["postal_code"]
    problems = []
    known = rules.regions.get(region.casefold())
    if region and rules.regions and known is None and "region" not in faulty:
        message = "Please choose one of the country's regions."
        problems.append(FieldProblem(path="region", code="region_unknown", message=message))
    if postal_code and "postal_code" not in faulty and not is_postal_code(country, known, postal_code):
        example = f", such as {rules.postal_code_examples[0]}" if rules.postal_code_examples else ""
        message = f"This is no postal code there{example}."
        problems.append(FieldProblem(path="postal_code", code="postal_code_unknown", message=message))
    return problems
