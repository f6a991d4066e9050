"""A shop front's colour and logo: what may be one, and why not."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from rialto.catalog.api import Logo, ShopProfile, poorest_contrast
from rialto.catalog.api.accents import ACCENT_MEETS
from rialto.catalog.model.profile import decide_profile
from rialto.kernel.errors import Invalid
from rialto.storefront.assets import FOLDER

pytestmark = pytest.mark.fast

LOGO = Logo(file="web-0123456789abcdef01234567", widths=[400, 640], width=640, height=200)


def decided(wanted: ShopProfile) -> ShopProfile:
    return decide_profile(ShopProfile(), wanted, 0, ["en"])


def test_the_roles_are_those_of_the_shops_style() -> None:
    light, dark = (FOLDER / "css" / "00-base.css").read_text().split("prefers-color-scheme: dark", 1)
    for theme, style in (("light", light), ("dark", dark)):
        said = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", style))
        for role, colour in ACCENT_MEETS[theme].items():
            assert said[role] == colour, (theme, role)


def test_a_colour_that_is_read_everywhere_is_taken_in_small_letters() -> None:
    profile = decided(ShopProfile(accent_light=" #7A1F3D ", accent_dark="#f2a7bd"))
    assert (profile.accent_light, profile.accent_dark) == ("#7a1f3d", "#f2a7bd")
    assert decided(ShopProfile(accent_light="#0a5a52", accent_dark="#86dccb")).version == 1, "the usual ones"


@pytest.mark.parametrize(
    ("wanted", "code", "ratio"),
    [
        (ShopProfile(accent_light="#ff0000"), "contrast_too_low", "3.31"),
        (ShopProfile(accent_light="#f4f5f1"), "contrast_too_low", "1.00"),
        (ShopProfile(accent_dark="#7a1f3d"), "contrast_too_low", "1.55"),
        (ShopProfile(accent_light="red"), "colour_not_valid", ""),
        (ShopProfile(accent_dark="#fff"), "colour_not_valid", ""),
        (ShopProfile(accent_dark="#fff}body{"), "colour_not_valid", ""),
    ],
)
def test_a_colour_that_cannot_be_read_is_refused_with_what_was_measured(
    wanted: ShopProfile, code: str, ratio: str
) -> None:
    with pytest.raises(Invalid) as refused:
        decided(wanted)
    [fault] = refused.value.fields
    assert fault.code == code
    assert ratio in fault.message


def test_the_measured_contrast_is_never_rounded_up() -> None:
    # 4.496 on the panel: what is told must not read like enough.
    for grey in range(256):
        found = poorest_contrast("light", f"#{grey:02x}{grey:02x}{grey:02x}")
        passes = True
        try:
            decided(ShopProfile(accent_light=f"#{grey:02x}{grey:02x}{grey:02x}"))
        except Invalid:
            passes = False
        assert passes is (found.ratio >= "4.50" or len(found.ratio) > 4), (grey, found)


def test_a_logo_is_a_picture_that_was_kept() -> None:
    assert decided(ShopProfile(logo=LOGO)).logo == LOGO
    wrong: list[dict[str, Any]] = [
        {"file": "../../etc/passwd"},
        {"file": "chair"},
        {"widths": []},
        {"widths": [0, 640]},
        {"width": 641},
        {"height": 0},
        {"height": 10**6},
    ]
    for odd in wrong:
        with pytest.raises(Invalid) as refused:
            decided(ShopProfile(logo=msgspec.structs.replace(LOGO, **odd)))
        assert [fault.path for fault in refused.value.fields] == ["logo"]
