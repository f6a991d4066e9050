"""Pictures from elsewhere, written anew."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms, features

from rialto.engines.picture_files import KeptPicture, PictureFiles, PictureRefused
from rialto.kernel.errors import Unavailable

pytestmark = [pytest.mark.anyio, pytest.mark.fast]

URL = "https://example.com/a.png"


def a_picture(kind: str, *, size: tuple[int, int] = (900, 600), mode: str = "RGB", **saving: Any) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, 0 if mode in {"P", "L"} else (200, 30, 30, 128)[: len(mode)]).save(
        file, kind, **saving
    )
    return file.getvalue()


def sizes(folder: Path, kept: KeptPicture) -> list[tuple[int, int]]:
    found = []
    for width in kept.widths:
        with Image.open(folder / f"{kept.file}-{width}.webp") as picture:
            assert picture.format == "WEBP"
            found.append(picture.size)
    return found


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("PNG", "RGB"),
        ("PNG", "RGBA"),
        ("JPEG", "RGB"),
        ("JPEG", "CMYK"),
        ("WEBP", "RGB"),
        ("GIF", "P"),
        *([("AVIF", "RGB")] if features.check("avif") else []),
    ],
)
async def test_a_picture_becomes_webp_in_three_widths(tmp_path: Path, kind: str, mode: str) -> None:
    files = PictureFiles(tmp_path)
    assert await files.find(URL) is None
    kept = await files.keep(URL, a_picture(kind, size=(2400, 1600), mode=mode))
    assert (kept.widths, kept.width, kept.height) == ([400, 800, 1200], 1200, 800)
    assert sizes(tmp_path, kept) == [(400, 267), (800, 533), (1200, 800)]
    assert await files.find(URL) == kept
    assert not list(tmp_path.glob(".*.part"))


async def test_a_small_picture_is_not_blown_up(tmp_path: Path) -> None:
    files = PictureFiles(tmp_path)
    kept = await files.keep(URL, a_picture("PNG", size=(500, 1)))
    assert (kept.widths, kept.height) == ([400, 500], 1)
    assert sizes(tmp_path, kept) == [(400, 1), (500, 1)]


async def test_the_same_content_has_the_same_name_wherever_it_came_from(tmp_path: Path) -> None:
    files = PictureFiles(tmp_path)
    first = await files.keep(URL, a_picture("PNG"))
    assert await files.keep("https://example.com/b.png", a_picture("PNG")) == first
    other = await files.keep("https://example.com/c.png", a_picture("PNG", size=(901, 600)))
    assert other.file != first.file
    (tmp_path / f"{first.file}-400.webp").unlink()
    assert await files.find(URL) is None


async def test_what_a_picture_carries_is_left_behind_and_it_stands_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010E] = "a secret place"
    content = a_picture("JPEG", size=(600, 300), exif=exif) + b"<script>alert(1)</script>"
    kept = await PictureFiles(tmp_path).keep(URL, content)
    assert sizes(tmp_path, kept)[0] == (300, 600)
    for file in tmp_path.glob("*.webp"):
        assert b"secret" not in file.read_bytes()
        assert b"script" not in file.read_bytes()


async def test_handed_in_or_fetched_the_same_bytes_are_the_same_files(tmp_path: Path) -> None:
    files, content = PictureFiles(tmp_path), a_picture("PNG")
    fetched = await files.keep(URL, content)
    before = sorted(path.name for path in tmp_path.glob("*"))
    assert await files.add(content) == fetched
    assert sorted(path.name for path in tmp_path.glob("*")) == before


async def test_colours_of_a_profile_become_those_of_the_web(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    kept = await PictureFiles(tmp_path).add(a_picture("PNG", size=(8, 8), icc_profile=profile))
    with Image.open(tmp_path / f"{kept.file}-8.webp") as shown:
        assert "icc_profile" not in shown.info
        red, green, blue = shown.convert("RGB").getpixel((4, 4))  # type: ignore[misc]
    assert abs(red - 200) < 8, (red, green, blue)
    broken = await PictureFiles(tmp_path).add(a_picture("PNG", size=(8, 8), icc_profile=b"no profile"))
    assert broken.widths == [8]


def a_huge_png(width: int, height: int) -> bytes:
    """Some bytes that claim to be an enormous picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\x00" * 100)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no picture",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"%PDF-1.7",
        a_picture("BMP"),
        a_picture("TIFF"),
        a_picture("PNG")[:200],
        a_picture("JPEG")[:300],
        a_huge_png(50_000, 50_000),
        a_huge_png(12_001, 1),
        a_huge_png(11_000, 11_000),
        a_huge_png(2_000_000_000, 2_000_000_000),
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 64,
        b"GIF89a" + b"\xff" * 64,
        b"RIFF\x10\x00\x00\x00WEBPVP8 " + b"\xff" * 16,
    ],
)  # fmt: skip
async def test_what_is_no_picture_leaves_no_file(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(PictureRefused):
        await PictureFiles(tmp_path / "media").keep(URL, content)
    assert not (tmp_path / "media").exists()


async def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "media").write_text("a file", "utf-8")
    with pytest.raises(Unavailable):
        await PictureFiles(tmp_path / "media").keep(URL, a_picture("PNG"))
