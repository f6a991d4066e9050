"""Pictures that a source names by address, as pictures that the shop keeps itself.

What was loaded once is used from then on, whether an import loads pictures or not, so that importing again changes
nothing. A picture that cannot be had is reported; its product keeps the address.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol
from urllib.parse import urlsplit

import msgspec

from rialto.catalog.api import Category, Picture, ProductDraft
from rialto.importing.model import CategoryRow, NotImported, ProductRow, Row
from rialto.importing.tables import shown
from rialto.kernel.errors import RialtoError, Unavailable

BYTES_MAX = 10_000_000
AT_ONCE = 4
SILENCES_MAX = 3

Progress = Callable[[int, int], None]
Found = Mapping[str, Picture]


class Web(Protocol):
    """Where addresses lead. Raises RialtoError: what is refused, and Unavailable."""

    async def fetch(self, url: str, *, bytes_max: int) -> bytes: ...


class Kept(Protocol):
    """A picture as files of the shop."""

    @property
    def file(self) -> str: ...
    @property
    def widths(self) -> list[int]: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


class Files(Protocol):
    """The shop's own pictures."""

    async def find(self, url: str) -> Kept | None:
        """What was loaded from there before."""
        ...

    async def keep(self, url: str, content: bytes) -> Kept:
        """Raises RialtoError for what is no picture, Unavailable when it cannot be written."""
        ...


async def with_pictures(
    rows: Iterable[Row], files: Files, web: Web | None, *, progress: Progress = lambda _done, _all: None
) -> list[Row]:
    """The rows with pictures of our own where there are any; with `web` those that are missing are loaded.

    Raises FileRefused of the rows before anything is loaded.
    """
    everything = list(rows)
    urls = list(dict.fromkeys(url for row in everything for url in _urls(row)))
    found: dict[str, Picture] = {}
    missing: list[str] = []
    for url in urls:
        kept = await files.find(url)
        if kept is None:
            missing.append(url)
        else:
            found[url] = _picture(kept)
    faults = await _load(missing, files, web, found=found, progress=progress) if web else {}
    told = [NotImported(what=f"picture {shown(url)}", rows=1, reason=why) for url, why in faults.items()]
    return [*(_replaced(row, found) for row in everything), *told]


async def _load(
    urls: list[str], files: Files, web: Web, *, found: dict[str, Picture], progress: Progress
) -> dict[str, str]:
    """A few at a time; why those failed that did. A host that keeps silent is soon left alone."""
    faults: dict[str, str] = {}
    silences: dict[str, int] = {}
    waiting = iter(urls)
    done = 0

    async def work() -> None:
        nonlocal done
        for url in waiting:
            host = _host(url)
            try:
                if silences.get(host, 0) >= SILENCES_MAX:
                    raise Unavailable("Its host did not answer before.")
                found[url] = _picture(await files.keep(url, await web.fetch(url, bytes_max=BYTES_MAX)))
            except RialtoError as refused:
                faults[url] = refused.text
                silences[host] = silences.get(host, 0) + isinstance(refused, Unavailable)
            else:
                silences[host] = 0
            done += 1
            progress(done, len(urls))

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(work())
    return {url: faults[url] for url in urls if url in faults}


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _picture(kept: Kept) -> Picture:
    return Picture(file=kept.file, widths=list(kept.widths), width=kept.width, height=kept.height)


def _urls(row: Row) -> list[str]:
    if isinstance(row, ProductRow):
        return [one.url for one in row.draft.images if one.url]
    image = row.category.image if isinstance(row, CategoryRow) else None
    return [image.url] if image and image.url else []


def _replaced(row: Row, found: Found) -> Row:
    if isinstance(row, ProductRow):
        images = [_own(one, found) for one in row.draft.images]
        draft: ProductDraft = msgspec.structs.replace(row.draft, images=images)
        return msgspec.structs.replace(row, draft=draft)
    if isinstance(row, CategoryRow) and row.category.image is not None:
        category: Category = msgspec.structs.replace(row.category, image=_own(row.category.image, found))
        return msgspec.structs.replace(row, category=category)
    return row


def _own(picture: Picture, found: Found) -> Picture:
    own = found.get(picture.url or "")
    return msgspec.structs.replace(own, alt=picture.alt, options=picture.options) if own else picture
