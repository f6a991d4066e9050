"""Lists: what their address asks for, and the addresses that ask for something else.

A list is searched, filtered and sorted by its address alone, so that it can be kept, sent and gone back to. It goes
on from a place in its order (`cursor`), which any change of the question forgets.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from rialto.admin.desk import Desk
from rialto.kernel.service import Frozen

VALUE_LENGTH_MAX = 200
CURSOR = "cursor"


class Choice(Frozen):
    """One value of a filter, and what it is called."""

    value: str
    label: str


class Filter(Frozen):
    """A filter with its values; the empty value, which is all of them, stands before these by itself."""

    name: str
    label: str
    choices: list[Choice]


class Column(Frozen):
    """`sort` is the word that orders by this column, upwards; with a minus before it, downwards."""

    label: str
    sort: str | None = None
    numeric: bool = False


class Listing(Frozen):
    """A list as it was asked for. `values` are the known words of its address, without the empty ones."""

    path: str
    values: dict[str, str]
    sort_default: str

    def value(self, name: str) -> str:
        return self.values.get(name, "")

    @property
    def sort(self) -> str:
        return self.value("sort") or self.sort_default

    @property
    def cursor(self) -> str | None:
        return self.values.get(CURSOR)

    @property
    def is_narrowed(self) -> bool:
        """Whether it shows less than everything."""
        return bool(self.values.keys() - {CURSOR, "sort"})

    def url(self, **changes: str) -> str:
        """The list with these words changed, from its beginning; an empty word is left out."""
        kept = {name: value for name, value in self.values.items() if name != CURSOR} | changes
        query = urlencode({name: value for name, value in kept.items() if value})
        return f"{self.path}?{query}" if query else self.path

    def sorted_by(self, word: str) -> str:
        """`ascending` or `descending` when it is in this order, else empty: what `aria-sort` says."""
        return {word: "ascending", f"-{word}": "descending"}.get(self.sort, "")

    def sort_url(self, word: str) -> str:
        """Ordered by this column; once more: the other way round."""
        return self.url(sort=f"-{word}" if self.sort == word else word)


def read_listing(desk: Desk, names: Sequence[str], *, sorts: Sequence[str]) -> Listing:
    """What the address asks for, as far as it is known. `sorts` are the orders there are, the first is the usual one."""
    known = {*names, "sort", CURSOR}
    values = {
        name: value.strip()[:VALUE_LENGTH_MAX]
        for name, value in desk.query
        if name in known and value.strip() and value.isprintable()
    }
    if values.get("sort") not in sorts:
        values.pop("sort", None)
    return Listing(path=desk.path, values=values, sort_default=sorts[0])
