"""Amounts as somebody types them, in either language's way."""

from __future__ import annotations

import re

from rialto.kernel.errors import Invalid, field_problem
from rialto.kernel.money import Currency, Money, parse_decimal

# One separator, and digits behind it: `1,234` is read as a decimal of a three-digit currency or refused, never as thousands.
_TYPED = re.compile(r"\d{1,12}(?:[.,]\d{1,3})?")


def typed_amount(text: str, currency: Currency, *, field: str) -> Money:
    """`12.50` and `12,50`. Raises Invalid naming the field for anything else."""
    plain = text.replace("\xa0", " ").strip()
    if _TYPED.fullmatch(plain):
        try:
            return parse_decimal(plain.replace(",", "."), currency)
        except Invalid:
            pass  # too many digits for this currency
    raise field_problem(field, "amount_not_valid", f"This is not an amount of {currency}.")
