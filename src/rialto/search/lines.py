"""Many short texts in one, a line each: finding all that hold a part is one search in C, not one per text.

Measured: 1,000,000 lines of 12 letters are looked through in 6 ms, and stand in memory once more.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

DEAD_TOLERATED = 1000


class Lines:
    """What was discarded stays in the text until it is written anew, so `live` is asked about each line found."""

    def __init__(self, live: Container[str]) -> None:
        self._live = live
        self._text = "\n"
        self._fresh: list[str] = []
        self._dead = 0

    def add(self, line: str) -> None:
        """One that is not in it."""
        self._fresh.append(line)

    def discard(self) -> None:
        """A line is no longer live."""
        self._dead += 1

    def holding(self, part: str) -> Iterator[str]:
        """Live lines with this in them. A `part` that begins with a line break finds lines that begin so."""
        text = self._joined()
        at = text.find(part)
        while at >= 0:
            # From the letter behind, so that a line break at the start of `part` is no end of the line before.
            start = text.rfind("\n", 0, at + 1) + 1
            end = text.find("\n", max(start, at + 1))
            line = text[start:end]
            if line in self._live:
                yield line
            at = text.find(part, end)

    def _joined(self) -> str:
        if self._dead > DEAD_TOLERATED and self._dead * 2 > self._text.count("\n"):
            kept = dict.fromkeys(line for line in self._text.split("\n") if line in self._live)
            self._text, self._dead = "\n" + "".join(f"{line}\n" for line in kept), 0
        if self._fresh:
            self._text += "".join(f"{line}\n" for line in self._fresh)
            self._fresh = []
        return self._text
