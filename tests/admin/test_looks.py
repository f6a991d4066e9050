"""The shop's own colour and logo: set at the desk, shown on pages, refused with a sentence."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from rialto.catalog.api import Catalog, ShopProfile
from rialto.kernel.service import Nothing
from tests.admin.merchants_desk import Browser

pytestmark = pytest.mark.anyio

PLACE = "/settings"


def a_picture(kind: str = "PNG", size: tuple[int, int] = (600, 150)) -> bytes:
    file = io.BytesIO()
    Image.new("RGBA" if kind == "PNG" else "RGB", size, "#7a1f3d").save(file, kind)
    return file.getvalue()


async def profile_of(desk: Browser) -> ShopProfile:
    return (await desk.shop.app[Catalog].channels(Nothing())).items[0].profile


async def hand_in(desk: Browser, content: bytes, *, version: int | None = None) -> tuple[int, str]:
    """The status, and the page it answers with or the address it leads to."""
    number = (await profile_of(desk)).version if version is None else version
    answer = await desk.web.post(
        "/admin/settings/logo?channel=default",
        data={"version": str(number)},
        files={"logo": ("logo.png", content, "image/png")},
    )
    return answer.status_code, answer.headers.get("location", answer.text)


async def test_a_colour_counts_at_once_by_a_style_of_its_own(desk: Browser) -> None:
    assert "/assets/accent/" not in (await desk.web.get("/en/")).text
    form = await desk.form(PLACE, "/admin/settings")
    colours = {"accent_light": "#7A1F3D", "accent_dark": "#f2a7bd"}
    assert "done=settings_saved" in await desk.post(PLACE, form | colours)
    await desk.shop.settle()
    page = await desk.web.get("/en/")
    link = page.text.partition('<link rel="stylesheet" href="/assets/accent/')[2].partition('"')[0]
    assert link.startswith("7a1f3d-f2a7bd-")
    assert "style=" not in page.text
    assert "style-src 'self';" in page.headers["content-security-policy"]
    style = await desk.web.get(f"/assets/accent/{link}")
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert style.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert style.text == (
        "@media (prefers-color-scheme:light){:root{--lagoon:#7a1f3d;--lagoon-deep:#55162b}}"
        "@media (prefers-color-scheme:dark){:root{--lagoon:#f2a7bd;--lagoon-deep:#f7cad7}}"
    )
    for odd in ("7a1f3d-f2a7bd-000000000000.css", "none-none-000000000000.css", "x.css", f"{link}x"):
        assert (await desk.web.get(f"/assets/accent/{odd}")).status_code == 404, odd


async def test_a_colour_that_cannot_be_read_is_refused_with_the_ratio(desk: Browser) -> None:
    before = await profile_of(desk)
    form = await desk.form(PLACE, "/admin/settings")
    page = await desk.post(PLACE, form | {"accent_light": "#FF0000"}, 422)
    assert "This colour cannot be read well on panels: its contrast is 3.31" in page
    assert 'value="#FF0000"' in page
    german = await desk.web.post(
        "/admin/settings",
        data=dict(form) | {"accent_dark": "#333333"},
        headers={"Accept-Language": "de"},
    )
    assert "Diese Farbe ist auf Flächen nicht gut zu lesen" in german.text
    assert "A colour is written like" in await desk.post(PLACE, form | {"accent_dark": "red"}, 422)
    assert await profile_of(desk) == before


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_a_logo_is_written_anew_and_stands_in_the_header(desk: Browser, kind: str) -> None:
    status, place = await hand_in(desk, a_picture(kind))
    assert (status, "done=settings_saved" in place) == (303, True)
    await desk.shop.settle()
    logo = (await profile_of(desk)).logo
    assert logo is not None
    assert (logo.width, logo.height, logo.widths) == (600, 150, [400, 600])
    for address in ("/en/", "/de/pages/imprint"):
        page = (await desk.web.get(address)).text
        assert f'src="/media/{logo.file}-400.webp" width="160" height="40" alt="Rialto"' in page
    served = await desk.web.get(f"/media/{logo.file}-400.webp")
    assert served.headers["content-type"] == "image/webp"
    with Image.open(io.BytesIO(served.content)) as written:
        assert (written.format, written.size) == ("WEBP", (400, 100))
    # The settings' form keeps it, and so does nobody who saves over an older version.
    form = await desk.form(PLACE, "/admin/settings")
    await desk.post(PLACE, form | {"notice-en": f"Now in {kind}"})
    assert (await profile_of(desk)).logo == logo
    assert "done=terms_changed" in (await hand_in(desk, a_picture(size=(90, 90)), version=0))[1]
    assert (await profile_of(desk)).logo == logo
    remove = await desk.form(PLACE, "/admin/settings/logo/remove?channel=default")
    assert "done=settings_saved" in await desk.post(f"{PLACE}/logo/remove?channel=default", remove)
    await desk.shop.settle()
    assert "/media/web-" not in (await desk.web.get("/en/pages/imprint")).text


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "Choose a file first."),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "This is no PNG, JPEG or WebP."),
        (b"GIF89a" + bytes(40), "This is no PNG, JPEG or WebP."),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "This is no picture that can be read"),
        (b"\x89PNG\r\n\x1a\n" + bytes(2_000_000), "This file is too large"),
        (b"\x89PNG\r\n\x1a\n" + bytes(2_200_000), "This file is too large"),
    ],
    ids=["none", "svg", "gif", "broken", "large", "larger"],
)
async def test_what_is_no_logo_is_refused(desk: Browser, content: bytes, told: str) -> None:
    before = await profile_of(desk)
    status, page = await hand_in(desk, content)
    assert (status, told in page) == (422, True), page[:2000]
    assert await profile_of(desk) == before


async def test_a_shop_front_that_is_not_there_has_no_logo(desk: Browser) -> None:
    await desk.post(f"{PLACE}/logo?channel=none", {"version": "0"}, 404)
    await desk.post(f"{PLACE}/logo/remove?channel=none", {"version": "0"}, 404)
