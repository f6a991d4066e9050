"""Pictures as a page shows them: source set, size, alternative text, and a drawing where there is no photograph."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rialto.catalog.api import Picture
from rialto.storefront.assets import assets

STAND_INS = 6
STAND_IN_SIZE = (800, 1000)


class Shown(NamedTuple):
    """All an `img` needs. `stand_in` drawings carry no information and have an empty alternative text."""

    src: str
    srcset: str
    width: int
    height: int
    alt: str
    stand_in: bool = False


def shown(picture: Picture | None, *, language: str, title: str, width_max: int = 0) -> Shown:
    """One picture. Those kept at other addresses are not shown: no page of ours loads from elsewhere.

    With `width_max` files that are wider are not offered, where there is one that is not.
    """
    if picture is None or not picture.file or not picture.widths:
        return stand_in(title)
    widths = sorted(picture.widths)
    offered = [width for width in widths if width <= width_max] or widths
    return Shown(
        src=f"/media/{picture.file}-{widths[len(widths) // 2]}.webp",
        srcset=", ".join(f"/media/{picture.file}-{width}.webp {width}w" for width in offered),
        width=picture.width or widths[-1],
        height=picture.height or widths[-1] * 5 // 4,
        alt=picture.alt.get(language) or next(iter(picture.alt.values()), title),
    )


def stand_in(title: str) -> Shown:
    """The drawing of a product without a picture: always the same one for the same title."""
    number = hashlib.blake2b(title.encode(), digest_size=1).digest()[0] % STAND_INS + 1
    width, height = STAND_IN_SIZE
    return Shown(assets().url(f"stand-in-{number}.svg"), "", width, height, "", stand_in=True)


def of_variant(images: Sequence[Picture], options: Mapping[str, str]) -> list[Picture]:
    """The pictures of a variant, its own first; those of other variants are left out unless nothing else is there."""
    own = [image for image in images if image.options and _shows(image, options)]
    any_variant = [image for image in images if not image.options]
    return own + any_variant or list(images)


def of_choice(images: Sequence[Picture], filters: Mapping[str, Sequence[str]]) -> list[Picture]:
    """For a list filtered by black: the black one first."""

    def chosen(image: Picture) -> bool:
        return any(value in filters.get(code, ()) for code, value in image.options.items())

    return sorted(images, key=lambda image: not chosen(image)) if filters else list(images)


def _shows(image: Picture, options: Mapping[str, str]) -> bool:
    return all(options.get(code) == value for code, value in image.options.items())
