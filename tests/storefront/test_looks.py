"""A shop's own colour and logo as pages show them."""

from __future__ import annotations

import pytest

from rialto.catalog.api import Logo, ShopProfile
from rialto.storefront import accents, logos

pytestmark = pytest.mark.fast


def test_the_address_of_the_style_changes_with_the_colours_alone() -> None:
    assert accents.url(ShopProfile(name="Lamps")) == ""
    one = accents.url(ShopProfile(accent_light="#7a1f3d"))
    other = accents.url(ShopProfile(accent_light="#7a1f3d", accent_dark="#f2a7bd"))
    assert one.startswith("/assets/accent/7a1f3d-none-")
    assert other.startswith("/assets/accent/7a1f3d-f2a7bd-")
    assert accents.url(ShopProfile(name="Lamps", accent_light="#7a1f3d")) == one


@pytest.mark.parametrize(
    ("size", "drawn"),
    [
        ((1200, 300), ("1200-300", 160, 40, 400)),
        ((300, 1200), ("300-1200", 11, 44, 300)),
        ((60, 20), ("60-20", 60, 20, 60)),
        ((12000, 1), ("12000-1", 160, 1, 12000)),
        ((1, 12000), ("1-12000", 1, 44, 1)),
    ],
)
def test_a_logo_is_drawn_as_large_as_fits_and_no_larger(
    size: tuple[int, int], drawn: tuple[str, int, int, int]
) -> None:
    widths = [400, 800, 1200] if size[0] == 1200 else [size[0]]
    logo = Logo(file=f"web-{drawn[0]}", widths=widths, width=size[0], height=size[1])
    found = logos.shown(ShopProfile(logo=logo))
    assert found is not None
    assert (found.width, found.height) == drawn[1:3]
    assert found.url == f"/media/web-{drawn[0]}-{drawn[3]}.webp"
    assert logos.shown(ShopProfile()) is None
