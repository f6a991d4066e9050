"""What the search service needs of a full-text engine: one generation of an index in a folder.

The engine stores entries and finds them by weighted terms. It knows nothing of products: words are cut,
folded and marked with their language before they come here, so that any engine that can look up whole terms
and prefixes will do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

ZONES = ("title", "detail", "body")


class IndexDamaged(Exception):
    """The folder is missing, unreadable, or of another schema: it has to be built anew."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One stored thing. `(kind, key)` is unique: adding it again replaces it. `zones` are terms with blanks between."""

    kind: str
    key: str
    body: bytes
    slot: int = 0
    zones: Mapping[str, str] = field(default_factory=dict)


class Stored(NamedTuple):
    kind: str
    key: str
    slot: int
    seq: int
    body: bytes


class Term(NamedTuple):
    """`prefix`: every term that begins so; these score flat, whole terms by how rare they are."""

    zone: str
    text: str
    boost: float
    prefix: bool = False


Alternatives = Sequence[Term]


class Index(Protocol):
    """One generation. Reading and writing block; only one process at a time may write."""

    def add(self, entries: Sequence[Entry], seq: int) -> None:
        """Stage entries under a sequence number; nothing is seen or kept before `commit`."""
        ...

    def commit(self) -> None:
        """Keep all that was staged, or (raising Unavailable) nothing of it."""
        ...

    def reload(self) -> bool:
        """See what was committed since, here or by another process; False when there is nothing new."""
        ...

    def changed(self, since: int, kind: str | None = None) -> Iterator[Stored]:
        """Entries (of one kind) with a higher sequence number, in no order. Raises IndexDamaged."""
        ...

    def bodies(self, slots: Sequence[int]) -> dict[int, bytes]:
        """The product entries in these slots; unknown slots are absent."""
        ...

    def match(self, words: Sequence[Alternatives], limit: int | None = None) -> list[tuple[int, float]]:
        """(slot, score) of every product in which each word occurs by one of its alternatives, best first.

        With a `limit`, of so many of the best.
        """
        ...

    def close(self) -> None:
        """Let go of the writer. Staged entries are lost."""
        ...


class IndexEngine(Protocol):
    """Makes and opens generations, and knows the languages' stems."""

    def create(self, folder: Path) -> Index: ...

    def open(self, folder: Path) -> Index:
        """Raises IndexDamaged."""
        ...

    def stems(self, language: str, words: Sequence[str]) -> list[str]:
        """The stem of each word; the word itself in a language whose stems are not known."""
        ...
