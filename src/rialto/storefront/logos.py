"""A shop's own mark in the header, with the size it is drawn at: nothing moves when it arrives."""

from __future__ import annotations

from rialto.catalog.api import ShopProfile
from rialto.kernel.service import Frozen

# The room in the header, in CSS pixels. Files are twice as wide where there are any, for dense screens.
WIDTH_MAX = 160
HEIGHT_MAX = 44
DENSITY = 2


class ShownLogo(Frozen):
    url: str
    width: int
    height: int


def shown(profile: ShopProfile) -> ShownLogo | None:
    """As large as fits, never larger than it is. None: the shop's name is written beside Rialto's mark."""
    logo = profile.logo
    if logo is None:
        return None
    width = min(WIDTH_MAX, logo.width, max(1, HEIGHT_MAX * logo.width // logo.height))
    height = min(HEIGHT_MAX, max(1, (2 * width * logo.height + logo.width) // (2 * logo.width)))
    fitting = [each for each in logo.widths if each >= DENSITY * width]
    file = min(fitting, default=max(logo.widths))
    return ShownLogo(url=f"/media/{logo.file}-{file}.webp", width=width, height=height)
