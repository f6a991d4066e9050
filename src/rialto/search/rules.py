"""Staff's say in searching: synonyms as other ways to put a query, and products pinned to a query's top.

Words are compared by their stems, so that *Lampen* meets a synonym of *Lampe*.
"""

from __future__ import annotations

from collections.abc import Sequence

from rialto.catalog.api import SearchRules
from rialto.search.words import Stems, fold, query_words

WAYS_MAX = 8
PHRASE_WORDS_MAX = 5

Phrase = tuple[str, ...]


class Rules:
    """What `SearchRules` says, by language, ready to be looked up."""

    def __init__(self, told: SearchRules, stems: Stems) -> None:
        self.told = told
        self._stems = stems
        self._others: dict[tuple[str, Phrase], list[Phrase]] = {}
        self._pins: dict[tuple[str, Phrase], list[str]] = {}
        for group in told.synonyms:
            phrases = [tuple(query_words(term)) for term in group.terms]
            for place, phrase in enumerate(phrases if not group.one_way else phrases[:1]):
                key = (group.language, self._key(phrase, group.language))
                self._others.setdefault(key, []).extend(phrases[:place] + phrases[place + 1 :])
        for pins in told.pins:
            phrase = self._key(query_words(pins.query), pins.language)
            self._pins[pins.language, phrase] = pins.products

    def other_ways(self, words: Sequence[str], language: str) -> list[list[str]]:
        """The query with one of its phrases put differently; at most WAYS_MAX of them."""
        if not self._others:
            return []
        key = self._key(words, language)
        found: list[list[str]] = []
        for start in range(len(words)):
            for end in range(min(len(words), start + PHRASE_WORDS_MAX), start, -1):
                others = self._others.get((language, key[start:end]), ())
                found += [[*words[:start], *other, *words[end:]] for other in others]
        return found[:WAYS_MAX]

    def pinned(self, words: Sequence[str], language: str) -> list[str]:
        """Slugs for this very query, in their order."""
        return self._pins.get((language, self._key(words, language)), []) if self._pins else []

    def _key(self, words: Sequence[str], language: str) -> Phrase:
        return tuple(fold(stem) for stem in self._stems(language, list(words)))
