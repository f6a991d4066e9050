"""Order numbers: what people read to each other."""

from __future__ import annotations

from rialto.kernel.ids import bucket_of_key

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS = 35


def order_number(bucket: int, random_value: int) -> str:
    """What people read to each other: bucket (10 bits), 35 random bits, a check letter (sum weighted by place, mod 31).

    Crockford's base 32 in groups of five: `0A3F9-KT2M7`.
    """
    value = bucket << _RANDOM_BITS | random_value % (1 << _RANDOM_BITS)
    body = "".join(_ALPHABET[value >> shift & 31] for shift in range(40, -1, -5))
    digits = body + _check_letter(body)
    return f"{digits[:5]}-{digits[5:]}"


def is_order_number(text: str) -> bool:
    """Whether the check letter fits: most mistyped numbers are told apart from unknown ones."""
    digits = text.replace("-", "").upper()
    fits = len(digits) == 10 and all(letter in _ALPHABET for letter in digits)
    return fits and _check_letter(digits[:9]) == digits[9]


def bucket_of_number(number: str) -> int:
    """Where an order with this number stands: a number of ours carries its bucket, of any other a stable hash decides."""
    if not is_order_number(number):
        return bucket_of_key(f"order:{number}")
    value = 0
    for letter in number.replace("-", "").upper()[:9]:
        value = value << 5 | _ALPHABET.index(letter)
    return value >> _RANDOM_BITS


def _check_letter(body: str) -> str:
    # The prime 31 finds every swap of neighbours and every wrong letter except 0 for Z.
    return _ALPHABET[sum(place * _ALPHABET.index(letter) for place, letter in enumerate(body, start=1)) % 31]
