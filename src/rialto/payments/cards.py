"""Keeping card numbers out: whatever looks like one is refused before it is stored or logged."""

from __future__ import annotations

LENGTH_MIN, LENGTH_MAX = 12, 19


def looks_like_card_number(text: str) -> bool:
    """Whether the digits of `text`, blanks and dashes left out, pass for a card number (ISO/IEC 7812: Luhn)."""
    digits = text.replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit() and LENGTH_MIN <= len(digits) <= LENGTH_MAX):
        return False
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    rest = [int(digit) for digit in digits[-1::-2]]
    return (sum(value - 9 if value > 9 else value for value in doubled) + sum(rest)) % 10 == 0
