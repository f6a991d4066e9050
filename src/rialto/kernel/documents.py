"""The document port: whole documents by key, a few declared indexes, a feed of changes.

For what is read and written as a whole and never joined: reviews, product documents. A collection and its
indexes are declared as data, so that an engine can make tables, indexes or nothing of them. Each operation
touches one document; there is no transaction over two. Versions are the only lock: whoever writes says which
version the change is based on, and loses with VersionConflict when it is not the present one.

Engines may answer queries from indexes that lag behind (`query` says so). Whatever decides reads by key.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from rialto.kernel.errors import InvariantBroken, field_problem
from rialto.kernel.service import Frozen

T = TypeVar("T", bound=Frozen)

Scalar = str | int | datetime | None

LIMIT_MAX = 500
INDEXED_BYTES_MAX = 500
_BETWEEN = "\x1f"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZERO = 1 << 63  # whole numbers become text of one length that sorts as they do


class Index(Frozen):
    """Documents with equal values in the fields `on`, in the order of the fields `by`.

    A document that has None in one of these fields does not stand in the index.
    """

    name: str
    on: tuple[str, ...]
    by: tuple[str, ...]


class Entry(Frozen):
    """Where a document stands in an index: below `under`, at `place`; both are text that compares by code points."""

    index: str
    under: str
    place: str


@dataclass(frozen=True, kw_only=True)
class Collection(Generic[T]):
    """Documents of one type. The fields `key` make a document's key; they never change and hold no slash."""

    name: str
    of: type[T]
    key: tuple[str, ...]
    indexes: tuple[Index, ...] = ()

    def key_of(self, value: T) -> str:
        parts = [str(getattr(value, field)) for field in self.key]
        key = "/".join(parts)
        if not all(parts) or key.count("/") != len(parts) - 1 or len(key.encode()) > INDEXED_BYTES_MAX:
            raise InvariantBroken(f"{key!r} cannot be a key of {self.name}")
        return key

    def index(self, name: str) -> Index:
        return next(index for index in self.indexes if index.name == name)

    def entries(self, value: T) -> Iterator[Entry]:
        """One for each index in which the document stands."""
        for index in self.indexes:
            on = [getattr(value, field) for field in index.on]
            by = [getattr(value, field) for field in index.by]
            if None not in on and None not in by:
                yield Entry(index=index.name, under=under(on), place=_place(by))

    @cached_property
    def decode(self) -> Callable[[str | bytes], T]:
        return msgspec.json.Decoder(self.of).decode


class Stored(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A document and its version. Versions of a key only rise, also when it was deleted and made again."""

    key: str
    version: int
    value: T


class Change(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """The document of `key` as it is now or was a moment ago; None: it was deleted."""

    key: str
    version: int
    value: T | None


class Changes(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """`position` goes into the next call. No items: nothing has changed since."""

    items: list[Change[T]]
    position: str


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    items: list[Stored[T]]
    next_cursor: str | None = None


class Query(Frozen):
    """By one index: documents whose fields `on` equal `equal`, in its order or the reverse."""

    index: str
    equal: tuple[Scalar, ...]
    descending: bool = False
    cursor: str | None = None
    limit: int = 50


class Documents(Protocol):
    """What every engine offers; one contract suite runs against all of them. All of it raises Unavailable."""

    async def prepare(self, collections: Sequence[Collection[Any]]) -> None:
        """Make what these collections and their indexes need, also for documents that are there already.

        Safe to repeat, and at once by several processes. Until it has run after an index was added, queries by
        that index may miss older documents.
        """
        ...

    async def get(self, collection: Collection[T], key: str) -> Stored[T] | None:
        """The present document: what was put before this call began is seen."""
        ...

    async def put(self, collection: Collection[T], value: T, *, expected: int) -> int:
        """Create (`expected` 0) or replace the document of the value's key; its new version.

        Raises VersionConflict, with nothing written, when there is another version (or none) now. After
        OutcomeUnknown it may have been written: read and see.
        """
        ...

    async def delete(self, collection: Collection[T], key: str, *, expected: int) -> None:
        """Raises VersionConflict when there is another version, or nothing to delete."""
        ...

    async def query(self, collection: Collection[T], query: Query) -> Page[T]:
        """A page of documents by an index; those with equal fields `by` stand in the order of their keys.

        May lag a moment behind puts. Each document matches the query in the version given. One that moves while
        somebody pages may be met twice or not at all. Raises Invalid for a cursor of another query.
        """
        ...

    async def scan(self, collection: Collection[T], *, cursor: str | None = None, limit: int) -> Page[T]:
        """Every document, in some fixed order of keys: for rebuilds and audits, never while somebody waits."""
        ...

    async def changes(self, collection: Collection[T], after: str | None, *, limit: int) -> Changes[T]:
        """What changed after a position; None: begin with every document there is.

        At least once, and in order for each key. Several changes of a key may come as one, with the last state;
        the last one is never left out, however late its write was committed. Deletions are changes. `limit` is
        about how many.
        """
        ...

    async def tail(self, collection: Collection[T]) -> str:
        """The position after everything that has changed until now."""
        ...

    async def close(self) -> None: ...


def under(values: Sequence[Scalar]) -> str:
    """Values of the fields `on` as one text, equal only for equal values."""
    return _short(msgspec.json.encode(list(values)).decode())


def write_cursor(query: Query | str, *last: str) -> str:
    """From where to go on, as opaque text that belongs to this query (or, for scans, this collection)."""
    return base64.urlsafe_b64encode(msgspec.json.encode([_asked(query), *last])).decode().rstrip("=")


def read_cursor(query: Query | str, cursor: str, parts: int) -> list[str]:
    """What `write_cursor` was given. Raises Invalid for anything else."""
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        asked, *last = msgspec.json.decode(packed, type=list[str])
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        asked, last = "", []
    if asked != _asked(query) or len(last) != parts or any("\x00" in part for part in last):
        raise field_problem("cursor", "not_valid", "This cursor does not belong to this list.")
    return last


def limited(limit: int) -> int:
    return max(1, min(limit, LIMIT_MAX))


def _asked(query: Query | str) -> str:
    if isinstance(query, str):
        return query
    return f"{query.index} {query.descending} {under(query.equal)}"


def _place(values: Sequence[Scalar]) -> str:
    return _short(_BETWEEN.join(_sortable(value) for value in values))


def _sortable(value: Scalar) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        value = (value - _EPOCH) // timedelta(microseconds=1)
    assert value is not None
    return f"{value + _ZERO:020}"


def _short(text: str) -> str:
    """Indexes of no engine take long text; what is indexed are ids, codes, numbers and times."""
    if len(text.encode()) > INDEXED_BYTES_MAX:
        raise InvariantBroken(f"{text[:80]!r}… is too long for an index")
    return text
