"""The words of one language: for mistyped queries, for parts of words, and for completing what is being typed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from rialto.search.lines import Lines
from rialto.search.words import edits, edits_allowed, fold, words_of

CANDIDATES_MAX = 2_000


class Vocabulary:
    """Counts by folded word; shown is the form that was written first."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._written: dict[str, str] = {}
        self._lines = Lines(self._counts)

    def add(self, text: str) -> None:
        for word in words_of(text):
            folded = fold(word)
            if folded not in self._counts:
                self._lines.add(folded)
            self._counts[folded] = self._counts.get(folded, 0) + 1
            self._written.setdefault(folded, word)

    def discard(self, text: str) -> None:
        for word in words_of(text):
            folded = fold(word)
            left = self._counts.get(folded, 0) - 1
            if left > 0:
                self._counts[folded] = left
            elif left == 0:
                del self._counts[folded], self._written[folded]
                self._lines.discard()

    def near(self, word: str, limit: int = 5, *, same_start: bool = False) -> list[str]:
        """Words that differ by no more letters than a word of this length may, the nearest and commonest first.

        A swap of neighbours counts as one. `same_start`: their first letter is right.
        """
        folded = fold(word)
        allowed = edits_allowed(len(folded))
        if not allowed:
            return []
        found = []
        for other in self._candidates(folded, allowed):
            if other != folded and (other[0] == folded[0] or not same_start):
                distance = edits(folded, other, allowed)
                if distance <= allowed:
                    found.append((distance, *self._rank(other)))
        return [self._written[other] for _, _, other in sorted(found)[:limit]]

    def containing(self, part: str, limit: int = 20) -> list[str]:
        """Longer words with this in them, commonest first."""
        folded = fold(part)
        found = {other for other in islice(self._lines.holding(folded), CANDIDATES_MAX) if other != folded}
        return [self._written[other] for other in sorted(found, key=self._rank)[:limit]]

    def completions(self, word: str, limit: int = 3) -> list[str]:
        """Words that begin like this one and go on, commonest first."""
        start = fold(word)
        found = {
            other for other in islice(self._lines.holding(f"\n{start}"), CANDIDATES_MAX) if other != start
        }
        return [self._written[other] for other in sorted(found, key=self._rank)[:limit]]

    def _candidates(self, folded: str, allowed: int) -> set[str]:
        """Of a word cut into one part more than there are mistakes, one part is right.

        Only a swap can spoil two parts at once, so swaps are looked up by themselves.
        """
        found = {other for other in _swapped(folded) if other in self._counts}
        size = -(-len(folded) // (allowed + 1))
        for start in range(0, len(folded), size):
            part = folded[start : start + size]
            for other in islice(self._lines.holding(part), CANDIDATES_MAX):
                if abs(len(other) - len(folded)) <= allowed:
                    found.add(other)
        return found

    def _rank(self, word: str) -> tuple[int, str]:
        return (-self._counts[word], word)


def _swapped(word: str) -> Iterator[str]:
    for at in range(len(word) - 1):
        yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]
