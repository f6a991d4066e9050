"""Pictures from elsewhere as files of the shop: read with limits, written anew as WebP in the widths that pages ask for.

Nothing of the original is served, so nothing that hides in one (scripts, places, thumbnails) is. What a picture is, its
content says; only PNG, JPEG, WebP, GIF and (where Pillow was built with it) AVIF are read, of moving ones the first
picture. Colours of a profile are brought into sRGB first: the profile is left behind, too.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
from PIL import Image, ImageCms, ImageOps, features

from rialto.kernel.errors import Invalid, Unavailable
from rialto.kernel.service import Frozen
from rialto.kernel.threads import in_thread

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", *(["AVIF"] if features.check("avif") else []))
NAMES = ("PNG", "JPEG", "WebP", "GIF", *FORMATS[4:])
SIDE_MAX = 12_000
PIXELS_MAX = 40_000_000
WIDTHS = (400, 800, 1200)
QUALITY = 82
READABLE = 0o644
# One of 40 million pixels takes 160 MB while it is written anew.
AT_ONCE = 2


class PictureRefused(Invalid):
    code = "picture_not_valid"


class KeptPicture(Frozen):
    """Files `{file}-{width}.webp`; `width` and `height` are those of the largest."""

    file: str
    widths: list[int]
    width: int
    height: int


class PictureFiles:
    """The folder of the shop's own pictures, and beside it what was loaded from which address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sources = folder / "sources"
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def find(self, url: str) -> KeptPicture | None:
        """What an address was loaded as, if it was and its files are still there."""
        return await asyncio.to_thread(self._find, url)

    async def keep(self, url: str, content: bytes) -> KeptPicture:
        """As `add`, and remember what the address was loaded as."""
        kept = await self.add(content)
        await asyncio.to_thread(self._remember, url, kept)
        return kept

    async def add(self, content: bytes) -> KeptPicture:
        """Write the picture's files; the same content has the same names. Raises PictureRefused, Unavailable."""
        async with self._turns:
            return await in_thread(self._add, content)

    def _find(self, url: str) -> KeptPicture | None:
        try:
            kept = msgspec.json.decode(self._note(url).read_bytes(), type=KeptPicture)
        except (OSError, msgspec.MsgspecError):
            return None
        files = [self._folder / f"{kept.file}-{width}.webp" for width in kept.widths]
        return kept if files and all(file.is_file() for file in files) else None

    def _add(self, content: bytes) -> KeptPicture:
        name = f"web-{hashlib.sha256(content).hexdigest()[:24]}"
        picture = _read(content)
        widths = sorted({min(width, picture.width) for width in WIDTHS})
        height = 0
        with _told_when_full():
            self._folder.mkdir(parents=True, exist_ok=True)
            for width in widths:
                height = max(1, round_half_up(picture.height * width, picture.width))
                shown = picture.resize((width, height), Image.Resampling.LANCZOS)
                file = io.BytesIO()
                shown.save(file, "WEBP", quality=QUALITY, method=4)
                _write(self._folder / f"{name}-{width}.webp", file.getvalue())
        return KeptPicture(file=name, widths=widths, width=widths[-1], height=height)

    def _remember(self, url: str, kept: KeptPicture) -> None:
        with _told_when_full():
            self._sources.mkdir(parents=True, exist_ok=True)
            _write(self._note(url), msgspec.json.encode(kept))

    def _note(self, url: str) -> Path:
        return self._sources / f"{hashlib.sha256(url.encode('utf-8', 'replace')).hexdigest()}.json"


@contextmanager
def _told_when_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(f"It could not be written ({error.strerror}).") from error


def round_half_up(dividend: int, divisor: int) -> int:
    return (2 * dividend + divisor) // (2 * divisor)


def _read(content: bytes) -> Image.Image:
    """The picture upright and in full colours. Its size is known, and judged, before it is unpacked."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
                if not (0 < picture.width <= SIDE_MAX and 0 < picture.height <= SIDE_MAX):
                    raise PictureRefused(f"Its sides are longer than {SIDE_MAX} pixels.")
                if picture.width * picture.height > PIXELS_MAX:
                    raise PictureRefused(f"It has more than {PIXELS_MAX // 10**6} million pixels.")
                picture.load()
                has_alpha = "A" in picture.getbands() or "transparency" in picture.info
                return _in_srgb(ImageOps.exif_transpose(picture), "RGBA" if has_alpha else "RGB")
    except (
        OSError, ValueError, SyntaxError, OverflowError, ArithmeticError, LookupError, TypeError, MemoryError,
        Image.DecompressionBombError, Image.DecompressionBombWarning,
    ) as error:  # fmt: skip
        raise PictureRefused(f"It is no picture that can be read ({', '.join(NAMES)}).") from error


def _in_srgb(picture: Image.Image, mode: str) -> Image.Image:
    """Telephones write in wider colours, printers in CMYK; a profile that cannot be read counts as none."""
    profile = picture.info.get("icc_profile")
    if profile and picture.mode in {"RGB", "CMYK", "L"}:
        with suppress(ImageCms.PyCMSError, OSError):
            turned = ImageCms.profileToProfile(
                picture, io.BytesIO(profile), ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            if turned is not None:
                return turned.convert(mode)
    return picture.convert(mode)


def _write(path: Path, content: bytes) -> None:
    """The whole file or none, whoever else writes the same."""
    part = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        with suppress(FileNotFoundError):
            part.unlink()
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, READABLE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink()
