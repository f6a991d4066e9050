"""Words and measures of other shops in ours: slugs, codes, yes and no, exact units."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import datetime
from fractions import Fraction

from rialto.kernel.errors import Invalid
from rialto.kernel.money import round_half_away

_DECIMAL = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?")
_MEASURE = re.compile(r"(-?[0-9]{1,12}(?:\.[0-9]{1,12})?)\s*([^\s\d.,+-]\D{0,15})")
_WHOLE = re.compile(r"-?[0-9]{1,12}")
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "đ": "d", "ł": "l", "þ": "th", "ð": "d"})

# Exact by definition: the international pound is 0.45359237 kg, the inch 2.54 cm.
GRAMS: dict[str, Fraction] = {
    "g": Fraction(1),
    "kg": Fraction(1000),
    "lb": Fraction(45359237, 100000),
    "oz": Fraction(45359237, 1600000),
}
CENTIMETRES: dict[str, Fraction] = {
    "mm": Fraction(1, 10),
    "cm": Fraction(1),
    "m": Fraction(100),
    "in": Fraction(254, 100),
    "ft": Fraction(3048, 100),
}
MILLILITRES: dict[str, Fraction] = {
    "ml": Fraction(1),
    "cl": Fraction(10),
    "dl": Fraction(100),
    "l": Fraction(1000),
}
_DIMENSIONS = (GRAMS, CENTIMETRES, MILLILITRES)
YES = frozenset({"true", "yes", "y", "1", "ja"})
NO = frozenset({"false", "no", "n", "0", "nein"})


def slug_of(text: str, *, length_max: int = 80) -> str:
    """`Größe & Farbe` as `grosse-farbe`. Text without any Latin letter or digit becomes a stable hash."""
    folded = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:length_max].strip("-")
    if slug:
        return slug
    return "x-" + hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=4).hexdigest()


def code_of(text: str) -> str:
    """An attribute's code: like a slug, with underscores, beginning with a letter."""
    code = slug_of(text, length_max=56).replace("-", "_")
    return code if code[0].isalpha() else f"a_{code}"


def label_of(code: str) -> str:
    """`room_coverage` as `Room coverage`."""
    words = re.sub(r"[_\s-]+", " ", code).strip()
    return words[:1].upper() + words[1:]


def whole_number(text: str) -> int:
    """Raises Invalid for anything but digits."""
    if not _WHOLE.fullmatch(text):
        raise Invalid(f"{text[:32]!r} is not a whole number.")
    return int(text)


def decimal_number(text: str) -> Fraction:
    """Raises Invalid for anything but a decimal number with a point."""
    if not _DECIMAL.fullmatch(text):
        raise Invalid(f"{text[:32]!r} is not a number.")
    return Fraction(text)


def is_decimal(text: str) -> bool:
    return _DECIMAL.fullmatch(text) is not None


def moment(text: str) -> datetime:
    """Its zone is looked at by whoever takes it. Raises Invalid for anything but a time as ISO 8601 writes it."""
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"{text[:32]!r} is not a time such as 2026-01-31T08:00:00Z.") from error


def yes_or_no(text: str) -> bool:
    """Raises Invalid for anything else."""
    word = text.lower()
    if word not in YES | NO:
        raise Invalid(f"{text[:32]!r} is neither yes nor no.")
    return word in YES


def grams(amount: str, unit: str) -> int:
    """A weight in whole grams, exactly converted and rounded once. Raises Invalid."""
    factor = GRAMS.get(unit.lower())
    if factor is None:
        raise Invalid(f"{unit[:16]!r} is not a unit of weight ({', '.join(GRAMS)}).")
    return round_half_away(decimal_number(amount) * factor)


def measure(text: str) -> tuple[str, str] | None:
    """`1.5 L` as amount and unit, if it is one."""
    found = _MEASURE.fullmatch(text)
    return (found[1], found[2].strip()) if found else None


def is_convertible(unit: str, wanted: str | None) -> bool:
    """Whether both are the same, or units of the same dimension."""
    names = {unit.lower(), (wanted or "").lower()}
    return len(names) == 1 or any(names <= set(units) for units in _DIMENSIONS)


def converted(amount: str, unit: str, wanted: str) -> str:
    """A measure in another unit, as a decimal with at most six digits after the point. Raises Invalid."""
    if unit.lower() == wanted.lower():
        return decimal_text(decimal_number(amount))
    for units in _DIMENSIONS:
        if {unit.lower(), wanted.lower()} <= set(units):
            return decimal_text(decimal_number(amount) * units[unit.lower()] / units[wanted.lower()])
    raise Invalid(f"{unit[:16]!r} cannot be converted to {wanted[:16]!r}.")


def decimal_text(value: Fraction) -> str:
    """`35.052`; rounded to six digits after the point, the most an attribute holds."""
    millionths = round_half_away(value * 1_000_000)
    sign = "-" if millionths < 0 else ""
    whole, rest = divmod(abs(millionths), 1_000_000)
    return f"{sign}{whole}" + (f".{rest:06}".rstrip("0") if rest else "")
