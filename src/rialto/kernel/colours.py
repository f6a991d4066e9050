"""Colours as people type them, and how well one is read upon another, by WCAG 2."""

from __future__ import annotations

import re

CONTRAST_OF_TEXT = 4.5

_HEX = re.compile(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})")

Colour = tuple[int, int, int]


def parse_colour(text: str) -> Colour:
    """`#0a5a52`. Raises ValueError for anything else."""
    found = _HEX.fullmatch(text)
    if found is None:
        raise ValueError(text)
    red, green, blue = (int(part, 16) for part in found.groups())
    return red, green, blue


def written(colour: Colour) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour)


def contrast(one: Colour, other: Colour) -> float:
    """From 1 (the same) to 21 (black and white)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mixed(colour: Colour, other: Colour, percent: int) -> Colour:
    """With so much of the other."""
    red, green, blue = (
        (mine * (100 - percent) + theirs * percent + 50) // 100
        for mine, theirs in zip(colour, other, strict=True)
    )
    return red, green, blue


def _luminance(colour: Colour) -> float:
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
