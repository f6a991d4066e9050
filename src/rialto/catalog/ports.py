"""What the catalogue needs of an engine for pictures: a place that keeps them as files."""

from __future__ import annotations

from typing import Protocol


class KeptPicture(Protocol):
    """Files `{file}-{width}.webp`; `width` and `height` are those of the largest."""

    @property
    def file(self) -> str: ...
    @property
    def widths(self) -> list[int]: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


class PictureShelf(Protocol):
    async def add(self, content: bytes) -> KeptPicture:
        """The same content has the same names. Raises Invalid for what is no picture, Unavailable."""
        ...
