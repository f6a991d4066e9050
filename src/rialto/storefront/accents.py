"""A shop's own colour as a small style of its own, since the Content-Security-Policy allows no style within pages.

Its name holds the colours and a hash of what they become. So every process can serve it, whichever made the page, and
it may be kept for ever.
"""

from __future__ import annotations

import hashlib
import re

from litestar import Response, get
from litestar.params import FromPath

from rialto.catalog.api import ShopProfile
from rialto.kernel.colours import mixed, parse_colour, written
from rialto.kernel.errors import NotFound

UNDER = "/assets/accent"
FOR_EVER = "public, max-age=31536000, immutable"
NONE = "none"
# A pressed button is darker on light ground, and lighter on dark.
PRESSED = {"light": ((0, 0, 0), 30), "dark": ((255, 255, 255), 40)}
_NAME = re.compile(r"([0-9a-f]{6}|none)-([0-9a-f]{6}|none)-[0-9a-f]{12}\.css")


def url(profile: ShopProfile) -> str:
    """Empty for a shop without a colour of its own."""
    light, dark = profile.accent_light.removeprefix("#"), profile.accent_dark.removeprefix("#")
    return f"{UNDER}/{_name(light or NONE, dark or NONE)}" if light or dark else ""


@get(UNDER + "/{name:str}")
async def accent(name: FromPath[str]) -> Response[bytes]:
    """Raises NotFound for a name that no colours make."""
    found = _NAME.fullmatch(name)
    if found is None or name != _name(found[1], found[2]):
        raise NotFound
    headers = {"Cache-Control": FOR_EVER}
    return Response(_style(found[1], found[2]), media_type="text/css", headers=headers)


def _name(light: str, dark: str) -> str:
    digest = hashlib.blake2b(_style(light, dark), digest_size=6).hexdigest()
    return f"{light}-{dark}-{digest}.css"


def _style(light: str, dark: str) -> bytes:
    """Each theme for itself: what has no colour keeps the shop's usual one."""
    rules = [
        f"@media (prefers-color-scheme:{theme}){{:root{{{_roles(theme, f'#{colour}')}}}}}"
        for theme, colour in (("light", light), ("dark", dark))
        if colour != NONE
    ]
    return "".join(rules).encode()


def _roles(theme: str, colour: str) -> str:
    towards, percent = PRESSED[theme]
    pressed = written(mixed(parse_colour(colour), towards, percent))
    return f"--lagoon:{colour};--lagoon-deep:{pressed}"
