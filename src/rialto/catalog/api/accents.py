"""The accent colour of a shop front, one for each theme: no single colour can be read on light and on dark ground.

It takes the place of `--lagoon`, so it has to be read on everything that stands behind that, and what stands on it
has to be read, too. The roles and their colours are told in docs/design.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from rialto.kernel.colours import contrast, parse_colour
from rialto.kernel.service import Frozen

# By theme the roles that the accent meets: what it stands on, and `on-lagoon`, which stands on it.
ACCENT_MEETS: Mapping[str, Mapping[str, str]] = {
    "light": {"ground": "#f4f5f1", "surface": "#fcfdfb", "panel": "#e8ebe4", "on-lagoon": "#f4f5f1"},
    "dark": {"ground": "#0e1614", "surface": "#141e1b", "panel": "#1a2623", "on-lagoon": "#06201c"},
}


class Contrast(Frozen):
    """How well a colour is read beside a role, to two digits, rounded down: what is told never passes by rounding."""

    role: str
    ratio: str


def poorest_contrast(theme: str, colour: str) -> Contrast:
    """Where the colour is read worst. Raises ValueError for what is no colour."""
    accent = parse_colour(colour)
    ratios = {role: contrast(accent, parse_colour(other)) for role, other in ACCENT_MEETS[theme].items()}
    role = min(ratios, key=lambda one: ratios[one])
    hundredths = int(ratios[role] * 100)
    return Contrast(role=role, ratio=f"{hundredths // 100}.{hundredths % 100:02d}")
