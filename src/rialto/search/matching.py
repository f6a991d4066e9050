"""Text search: from what was typed to products in order of relevance, with help for mistyped words."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from rialto.search.columns import bits_of
from rialto.search.ports import Alternatives, Term
from rialto.search.store import SearchStore
from rialto.search.words import COMPOUNDING, QUERY_LENGTH_MAX, alternatives, query_words

CACHED_MAX = 64


@dataclass(frozen=True, slots=True)
class Match:
    """`order` is best first. `instead` are better ways to write the query, when it found nothing as it stands."""

    order: list[int] = field(default_factory=list)
    bits: int = 0
    instead: list[str] = field(default_factory=list)


class Matcher:
    """Remembers the last matches: pages, filters and suggestions of one query search once."""

    def __init__(self, store: SearchStore) -> None:
        self._store = store
        self._cache: OrderedDict[tuple[int, str, str], Match] = OrderedDict()

    def match(self, q: str, language: str) -> Match:
        """Products in which every word occurs; an exact SKU stands first.

        Where nothing is found, longer words may be one letter off and compounds give way to their last part.
        """
        q = q.strip()[:QUERY_LENGTH_MAX]
        key = (self._store.version, language, q)
        if key in self._cache:
            self._cache.move_to_end(key)
            return self._cache[key]
        found = self._cache[key] = self._search(q, language)
        if len(self._cache) > CACHED_MAX:
            self._cache.popitem(last=False)
        return found

    def _search(self, q: str, language: str) -> Match:
        words = query_words(q)
        if not words:
            return Match()
        order = self._find([self._forms(words, at, language) for at in range(len(words))])
        named = self._by_sku(q)
        if named is not None:
            order = [named, *(slot for slot in order if slot != named)]
        if order:
            return Match(order, bits_of(order))
        return self._near(words, language)

    def _near(self, words: list[str], language: str) -> Match:
        """Put near words in the place of those that find nothing; without any, suggest to leave them out."""
        vocabulary = self._store.shelf.vocabularies[language]
        lists, best, kept = list[Alternatives](), list[str](), list[str]()
        for at, word in enumerate(words):
            forms = self._forms(words, at, language)
            if self._find([forms]):
                lists.append(forms)
                best.append(word)
                kept.append(word)
                continue
            near = vocabulary.near(word) or (vocabulary.endings(word) if language in COMPOUNDING else [])
            best += near[:1]
            terms: list[Term] = []
            for other in near:
                terms += alternatives(other, language, self._store.engine.stems, open_end=False)
            if terms:
                lists.append(terms)
        complete = len(lists) == len(words)
        order = self._find(lists) if complete and best != words else []
        if order:
            return Match(order, bits_of(order), [" ".join(best)])
        shorter = kept if kept and len(kept) < len(words) else []
        suggested = [
            part for part in (" ".join(best), " ".join(shorter), *kept) if part and part != " ".join(words)
        ]
        return Match(instead=list(dict.fromkeys(suggested))[:3])

    def _forms(self, words: list[str], at: int, language: str) -> Alternatives:
        return alternatives(words[at], language, self._store.engine.stems, open_end=at == len(words) - 1)

    def _find(self, lists: list[Alternatives]) -> list[int]:
        """Slots of published products. The index may be a moment ahead of the shelf."""
        published = self._store.shelf.rows
        return [
            slot
            for slot, _ in self._store.index.match(lists)
            if slot in published and published[slot].published
        ]

    def _by_sku(self, q: str) -> int | None:
        by_sku = self._store.shelf.by_sku
        return next((by_sku[form] for form in (q, q.upper(), q.lower()) if form in by_sku), None)
