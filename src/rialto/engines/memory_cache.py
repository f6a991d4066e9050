"""The in-process cache engine: a bounded, least-recently-used dictionary with tags."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Generic, TypeVar

V = TypeVar("V")


class MemoryCache(Generic[V]):
    """Keeps at most `size_max` entries; the one unused for longest goes first."""

    def __init__(self, size_max: int) -> None:
        self._size_max = size_max
        self._entries: OrderedDict[str, tuple[V, tuple[str, ...]]] = OrderedDict()
        self._tagged: dict[str, set[str]] = {}

    def get(self, key: str) -> V | None:
        found = self._entries.get(key)
        if found is None:
            return None
        self._entries.move_to_end(key)
        return found[0]

    def put(self, key: str, value: V, *, tags: Iterable[str] = ()) -> None:
        self._forget(key)
        kept = tuple(tags)
        self._entries[key] = (value, kept)
        for tag in kept:
            self._tagged.setdefault(tag, set()).add(key)
        while len(self._entries) > self._size_max:
            self._forget(next(iter(self._entries)))

    def drop_tagged(self, tag: str) -> int:
        keys = list(self._tagged.get(tag, ()))
        for key in keys:
            self._forget(key)
        return len(keys)

    def clear(self) -> None:
        self._entries.clear()
        self._tagged.clear()

    def _forget(self, key: str) -> None:
        found = self._entries.pop(key, None)
        if found is None:
            return
        for tag in found[1]:
            keys = self._tagged[tag]
            keys.discard(key)
            if not keys:
                del self._tagged[tag]
