"""A postal address as carts, orders and deliveries write it. Checked here for shape, not for existence."""

from __future__ import annotations

from babel import Locale

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
    """Where to send it. `country` is ISO 3166-1 alpha-2."""

    name: str
    line1: str
    city: str
    postal_code: str
    country: str
    company: str | None = None
    line2: str | None = None
    region: str | None = None
    phone: str | None = None


def check_address(address: Address, *, path: str) -> Address:
    """The address with blanks trimmed. Raises Invalid naming every field that is missing or too long."""
    problems: list[FieldProblem] = []
    cleaned: dict[str, str | None] = {}
    for name in Address.__struct_fields__:
        value = getattr(address, name)
        text = " ".join(value.split()) if isinstance(value, str) else None
        required = name in {"name", "line1", "city", "postal_code", "country"}
        if required and not text:
            problems.append(
                FieldProblem(path=f"{path}.{name}", code="required", message="Please fill this in.")
            )
        elif text and (len(text) > FIELD_LENGTH_MAX or not text.isprintable()):
            problems.append(
                FieldProblem(
                    path=f"{path}.{name}",
                    code="not_valid",
                    message="This is too long or holds characters that cannot be printed.",
                )
            )
        cleaned[name] = text or None
    country = (cleaned["country"] or "").upper()
    if cleaned["country"] and country not in COUNTRIES:
        problems.append(
            FieldProblem(path=f"{path}.country", code="country_unknown", message="Please choose a country.")
        )
    if problems:
        raise Invalid("The address is not complete.", fields=tuple(problems))
    cleaned["country"] = country
    return Address(**{key: value for key, value in cleaned.items() if value is not None})
