"""The words of titles in one language: for mistyped queries and for completing what is being typed."""

from __future__ import annotations

from rialto.search.words import fold, within_one_edit, words_of

MISTYPED_MIN = 4
PART_MIN = 4
SCANNED_MAX = 50_000


class Vocabulary:
    """Counts by folded word; shown is the form that was written first."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._written: dict[str, str] = {}
        self._by_length: dict[int, set[str]] = {}

    def add(self, text: str) -> None:
        for word in words_of(text):
            folded = fold(word)
            self._counts[folded] = self._counts.get(folded, 0) + 1
            self._written.setdefault(folded, word)
            self._by_length.setdefault(len(folded), set()).add(folded)

    def discard(self, text: str) -> None:
        for word in words_of(text):
            folded = fold(word)
            left = self._counts.get(folded, 0) - 1
            if left > 0:
                self._counts[folded] = left
            elif left == 0:
                del self._counts[folded], self._written[folded]
                self._by_length[len(folded)].discard(folded)

    def near(self, word: str, limit: int = 5) -> list[str]:
        """Words one edit away from a word of at least MISTYPED_MIN letters, commonest first."""
        folded = fold(word)
        if len(folded) < MISTYPED_MIN:
            return []
        found: list[str] = []
        for length in (len(folded), len(folded) - 1, len(folded) + 1):
            candidates = self._by_length.get(length, ())
            if len(candidates) <= SCANNED_MAX:
                found += [other for other in candidates if other != folded and within_one_edit(folded, other)]
        return [self._written[other] for other in sorted(found, key=self._rank)[:limit]]

    def endings(self, word: str) -> list[str]:
        """The longest known word with which a compound ends: *Tischlampe* gives *Lampe*."""
        folded = fold(word)
        for start in range(1, len(folded) - PART_MIN + 1):
            if folded[start:] in self._counts:
                return [self._written[folded[start:]]]
        return []

    def completions(self, word: str, limit: int = 3) -> list[str]:
        """Words that begin like this one and go on, commonest first."""
        start = fold(word)
        found = [other for other in self._counts if other.startswith(start) and other != start]
        return [self._written[other] for other in sorted(found, key=self._rank)[:limit]]

    def _rank(self, word: str) -> tuple[int, str]:
        return (-self._counts[word], word)
