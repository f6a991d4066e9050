"""Text search: from what was typed to products in order of relevance, with help for mistyped words."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from rialto.search.api import FewerWords
from rialto.search.columns import bits_of
from rialto.search.front import Front
from rialto.search.ports import Alternatives, Term
from rialto.search.rules import Rules
from rialto.search.shelf import Shelf
from rialto.search.store import SearchStore
from rialto.search.words import (
    COMPOUND_PART_MIN,
    COMPOUND_TAIL_MIN,
    COMPOUNDING,
    QUERY_LENGTH_MAX,
    TAIL,
    WHOLE,
    ZONE_BOOSTS,
    alternatives,
    fold,
    meaningful,
    query_words,
)

CACHED_MAX = 64
# Whoever finds fewer products is also shown what is written nearly so, behind them.
FEW = 3
PART_OF_WORD_MIN = 3
PART_OF_SKU_MIN = 3
BY_SKU_MAX = 50
FEWER_WORDS_MAX = 3
# What links the parts of a compound: Arbeit-s-tisch, Blume-n-vase, Kind-er-becher.
LINKS = ("", "s", "n", "en", "er", "es", "e")
# What a match by other means than the word itself is worth beside one by the word.
SYNONYM, PART, NEAR = 0.7, 0.3, 0.4


@dataclass(frozen=True, slots=True)
class Match:
    """`order` is best first. `instead` are better ways to write the query, when it found nothing as it stands.

    `fewer` are queries of some of its words, when no product has all of them.
    """

    order: list[int] = field(default_factory=list)
    bits: int = 0
    instead: list[str] = field(default_factory=list)
    fewer: list[FewerWords] = field(default_factory=list)


class Matcher:
    """Remembers the last matches: pages, filters and suggestions of one query search once."""

    def __init__(self, store: SearchStore) -> None:
        self._store = store
        self._rules: Rules | None = None
        self._cache: OrderedDict[tuple[int, str, str, str, int | None, bool], Match] = OrderedDict()

    def finds(self, q: str, language: str, front: Front) -> bool:
        """Whether something is found as it is written, the last word perhaps not yet complete."""
        return bool(self.match(q, language, front, limit=1, nearly=False).order)

    def match(
        self, q: str, language: str, front: Front, *, limit: int | None = None, nearly: bool = True
    ) -> Match:
        """Products in which every word occurs. First what staff pinned, then an exact SKU, then by relevance.

        Where little or nothing is found, longer words may have letters wrong, parts of words and of SKUs count, and
        compounds give way to their parts; all of that stands behind what is written as it was typed. `limit`: only
        so many of the best, which is cheaper where nothing is counted; without `nearly`: only what is as it was typed.
        """
        q = q.strip()[:QUERY_LENGTH_MAX]
        # Those that hide nothing find the same.
        where = front.channel.code if front.hides else ""
        key = (self._store.version, where, language, q, limit, nearly)
        if key in self._cache:
            self._cache.move_to_end(key)
            return self._cache[key]
        words = meaningful(query_words(q), language)
        search = _Search(
            self._store, self._present_rules(), words, language=language, limit=limit, front=front
        )
        found = self._cache[key] = search.match(q, nearly=nearly) if words else Match()
        if len(self._cache) > CACHED_MAX:
            self._cache.popitem(last=False)
        return found

    def _present_rules(self) -> Rules:
        told = self._store.shelf.rules
        if self._rules is None or self._rules.told is not told:
            self._rules = Rules(told, self._store.engine.stems)
        return self._rules


class _Search:
    """One query on its way through one shop front's shelf."""

    def __init__(
        self,
        store: SearchStore,
        rules: Rules,
        words: Sequence[str],
        *,
        language: str,
        front: Front,
        limit: int | None = None,
    ) -> None:
        self._store = store
        self._rules = rules
        self._front = front
        self._shelf: Shelf = front.shelf
        self._vocabulary = self._shelf.vocabularies[language]
        self._words = words
        # The best so many may all be hidden.
        self._limit = None if front.hides else limit
        self._language = language
        self._compounding = language in COMPOUNDING

    def match(self, q: str, *, nearly: bool = True) -> Match:
        pinned = self._pinned()
        order = [*self._by_sku(q), *self._as_written()]
        instead: list[str] = []
        for widen in (self._nearly, self._apart) if nearly else ():
            if len(set(order)) < FEW:
                more, meant = widen(found=bool(order))
                instead = [meant] if more and not order and meant else instead
                order += more
        if nearly and len(set(order)) < FEW:
            order += self._by_part_of_sku(q)
        order = list(dict.fromkeys([*pinned, *order]))
        if order:
            return Match(order, bits_of(order), instead)
        return self._nothing() if nearly else Match()

    def _as_written(self) -> Iterable[int]:
        first = self._find(self._lists(self._words))
        ways = self._rules.other_ways(self._words, self._language)
        if not ways:
            return first
        scores = dict(first.items())
        for words in ways:
            for slot, score in self._find(self._lists(words)).items():
                scores[slot] = max(scores.get(slot, 0.0), score * SYNONYM)
        return sorted(scores, key=lambda slot: -scores[slot])

    def _nearly(self, *, found: bool) -> tuple[list[int], str]:
        """Products by words that are nearly those typed, and the query as it was probably meant.

        Beside products that were `found`, a near word has to begin like the one typed.
        """
        lists, meant = list[Alternatives](), list[str]()
        for at, word in enumerate(self._words):
            forms = self._forms(self._words, at)
            known = self._occurs(forms)
            near = self._near(word, same_start=found or known)
            other: list[Term] = [*self._parts(word, self._vocabulary.containing(word))]
            for place, one in enumerate(near):
                other += _worth(self._alternatives(one), NEAR / (1 + place))
            if known:
                lists.append([*forms, *other])
                meant.append(word)
            elif other:
                lists.append(other)
                meant.append(near[0] if near else word)
            else:
                return [], ""
        order = list(self._find(lists))
        return order, " ".join(meant) if meant != list(self._words) else ""

    def _apart(self, *, found: bool) -> tuple[list[int], str]:
        """Compounds taken apart: both parts; where nothing was `found` then the last alone, which says the kind of thing."""
        order: list[int] = []
        meant = ""
        for only_last in ((False,) if found else (False, True)) if self._compounding else ():
            words = [part for word in self._words for part in self._taken_apart(word, only_last=only_last)]
            more = self._find(self._lists(words)) if words != list(self._words) else {}
            meant = meant or (" ".join(words) if more else "")
            order += more
        return order, meant

    def _taken_apart(self, word: str, *, only_last: bool) -> list[str]:
        first = COMPOUND_TAIL_MIN if only_last else COMPOUND_PART_MIN
        for start in range(first, len(word) - COMPOUND_PART_MIN + 1):
            head, tail = word[:start], word[start:]
            if self._occurs(self._whole(tail)):
                part = "" if only_last else self._part_before(head)
                if part or only_last:
                    return [part, tail] if part else [tail]
        if self._occurs(self._alternatives(word)):
            return [word]
        return self._near(word)[:1] or [word]

    def _part_before(self, head: str) -> str:
        """What stands before the last part of a compound, without what links them; empty for no known word."""
        for link in LINKS:
            part = head.removesuffix(link)
            if head.endswith(link) and len(part) >= COMPOUND_PART_MIN and self._occurs(self._begun(part)):
                return part
        return ""

    def _nothing(self) -> Match:
        """Other queries that do find something: corrected, or with some of the words left out."""
        known = [word for word in self._words if self._occurs(self._alternatives(word))]
        fewer = list(islice(self._fewer(known), FEWER_WORDS_MAX))
        best = [word if word in known else _first(self._near(word)) for word in self._words]
        corrected = " ".join(word for word in best if word)
        suggested = [corrected] if corrected != " ".join(known) else []
        texts = [*suggested, *(each.q for each in fewer)]
        asked = " ".join(self._words)
        instead = [text for text in dict.fromkeys(texts) if text and text != asked]
        return Match(instead=instead[:FEWER_WORDS_MAX], fewer=fewer)

    def _fewer(self, known: Sequence[str]) -> Iterator[FewerWords]:
        """The known words together; if nothing has them all, all but one of them, then each alone."""
        tries = [list(known)] if len(known) < len(self._words) else []
        if len(known) > 2:
            tries += [[*known[:at], *known[at + 1 :]] for at in range(len(known))]
        tries += [[word] for word in known] if len(known) > 1 else []
        for words in tries:
            total = len(self._find(self._lists(words))) if words else 0
            if total:
                dropped = [word for word in self._words if word not in words]
                yield FewerWords(q=" ".join(words), dropped=dropped, total=total)

    def _lists(self, words: Sequence[str]) -> list[Alternatives]:
        return [self._forms(words, at) for at in range(len(words))]

    def _forms(self, words: Sequence[str], at: int) -> Alternatives:
        word = words[at]
        forms = alternatives(word, self._language, self._store.engine.stems, open_end=at == len(words) - 1)
        if self._compounding and len(word) > COMPOUND_PART_MIN:
            return [*forms, *self._parts(word, self._vocabulary.containing(word))]
        return forms

    def _alternatives(self, word: str) -> Alternatives:
        return alternatives(word, self._language, self._store.engine.stems, open_end=False)

    def _whole(self, word: str) -> Alternatives:
        """The word itself, or as what a longer one ends with."""
        return [term for term in self._alternatives(word) if not term.prefix or TAIL in term.text[:4]]

    def _begun(self, word: str) -> Alternatives:
        return [
            term for term in self._alternatives(word) if term.zone != "body" and TAIL not in term.text[:4]
        ]

    def _parts(self, word: str, longer: Iterable[str]) -> Iterator[Term]:
        """Words that hold this one somewhere within."""
        if len(word) < PART_OF_WORD_MIN:
            return
        for other in longer:
            for zone, boost in ZONE_BOOSTS[:2]:
                yield Term(zone, self._language + WHOLE + fold(other), boost * PART)

    def _near(self, word: str, *, same_start: bool = False) -> list[str]:
        """Words nearly this one. What only another shop front's products say is not told."""
        near = self._vocabulary.near(word, same_start=same_start)
        return [one for one in near if self._occurs(self._alternatives(one))] if self._front.hides else near

    def _occurs(self, word: Alternatives) -> bool:
        if self._front.hides:
            return bool(self._find([word]))
        return bool(self._store.index.match([word], limit=1))

    def _find(self, lists: Sequence[Alternatives]) -> dict[int, float]:
        """Scores by slot of products that are shown, best first. The index may be a moment ahead of the shelf."""
        rows, shows = self._shelf.rows, self._front.shows
        return {
            slot: score
            for slot, score in self._store.index.match(lists, self._limit)
            if slot in rows and shows(rows[slot])
        }

    def _pinned(self) -> list[int]:
        slugs = self._rules.pinned(self._words, self._language)
        found = (self._front.find(slug) for slug in slugs)
        return [row.slot for row in found if row is not None]

    def _by_sku(self, q: str) -> list[int]:
        by_sku = self._shelf.by_sku
        slots = [by_sku[form] for form in (q, q.upper(), q.lower()) if form in by_sku]
        return self._shown(slots)[:1]

    def _by_part_of_sku(self, q: str) -> list[int]:
        if len(q) < PART_OF_SKU_MIN or not q.isprintable():
            return []
        shelf = self._shelf
        skus = (sku for form in dict.fromkeys((q, q.upper(), q.lower())) for sku in shelf.skus.holding(form))
        return self._shown(shelf.by_sku[sku] for sku in islice(skus, BY_SKU_MAX))

    def _shown(self, slots: Iterable[int]) -> list[int]:
        rows, shows = self._shelf.rows, self._front.shows
        return [slot for slot in slots if shows(rows[slot])]


def _worth(terms: Iterable[Term], factor: float) -> Iterator[Term]:
    for term in terms:
        yield term._replace(boost=term.boost * factor)


def _first(words: Sequence[str]) -> str:
    return words[0] if words else ""
