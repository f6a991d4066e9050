"""Words: how text is cut, folded and marked before the index sees it, and how titles sort.

A word is kept in three forms, each marked with its language: as written (folded: no case, no accents) for
whole words and prefixes, as its stem for other endings, and as its stem reversed in languages that build
compounds, so that *Lampe* finds *Tischlampe*. Folding is done on both sides, so a query needs no accents.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from rialto.search.ports import Alternatives, Term

Stems = Callable[[str, Sequence[str]], list[str]]

WORD_LENGTH_MAX = 40
QUERY_LENGTH_MAX = 200
QUERY_WORDS_MAX = 12
COMPOUND_PART_MIN = 4
COMPOUND_TAIL_MIN = 3
MISTYPED_MIN, MISTYPED_TWICE_MIN = 4, 8
COMPOUNDING = frozenset({"de", "nl", "sv", "da", "nb", "no", "fi"})
# A rare word in a description scores some four times its boost, what only begins or ends so scores flat: titles come first.
ZONE_BOOSTS = (("title", 8.0), ("detail", 3.0), ("body", 0.4))
WHOLE, STEM, TAIL = "=", "~", "<"

_LETTERS = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ß": "ss", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
_WITHOUT_KEY = (("ae", "ä"), ("oe", "ö"), ("ue", "ü"))
# Words that say nothing of a product; they count only where nothing else was asked for.
_LINKING = {
    "en": frozenset(
        ("a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with", "without")
    ),
    "de": frozenset(
        (
            *("am", "an", "auf", "aus", "bei", "das", "dem", "den", "der", "die", "ein", "eine", "einem"),
            *("einen", "einer", "für", "fürs", "im", "in", "mit", "oder", "ohne", "und", "vom", "von"),
            *("zu", "zum", "zur"),
        )
    ),
}
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
# CLDR collation: letters that stand after z, in this order. Elsewhere accents do not count.
_AFTER_Z = {"sv": "åäö", "fi": "åäö", "da": "æøå", "nb": "æøå", "no": "æøå"}


class _Cut(dict[int, int | str]):
    """Keeps letters, digits and their marks; everything else becomes a blank. At most one entry per code point."""

    def __missing__(self, code: int) -> int | str:
        letter = chr(code)
        keeps = letter.isalnum() or unicodedata.category(letter).startswith("M")
        self[code] = code if keeps else " "
        return self[code]


_CUT = _Cut()


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, accents kept, none longer than WORD_LENGTH_MAX."""
    plain = text.lower() if text.isascii() else _composed(text)
    cut = (word[:WORD_LENGTH_MAX] for word in plain.translate(_CUT).split())
    return [word for word in cut if any(letter.isalnum() for letter in word)]


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).casefold())


def fold(text: str) -> str:
    """Without case and accents: `Café` and `CAFE` are the same."""
    return text.lower() if text.isascii() else _fold(text)


@lru_cache(maxsize=10_000)
def _fold(text: str) -> str:
    parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold().translate(_LETTERS))
    return unicodedata.normalize(
        "NFC", "".join(letter for letter in parts if not unicodedata.combining(letter))
    )


def terms_of(text: str, language: str, stems: Stems) -> str:
    """All terms under which a text is found, with blanks between."""
    words = words_of(text)
    return " ".join(_indexed(words, stems(language, words), language))


def query_words(q: str) -> list[str]:
    """The words of a query; what goes beyond the limits is not looked at."""
    return words_of(q[:QUERY_LENGTH_MAX])[:QUERY_WORDS_MAX]


def meaningful(words: Sequence[str], language: str) -> list[str]:
    """Without the words that only link others; all of them where there are no others."""
    linking = _LINKING.get(language, frozenset())
    return [word for word in words if word not in linking] or list(words)


def alternatives(word: str, language: str, stems: Stems, *, open_end: bool) -> Alternatives:
    """Where and how one word of a query may match. `open_end`: it may still be being typed."""
    whole = fold(word)
    stem = fold(stems(language, [word])[0])
    compounding = language in COMPOUNDING
    terms: list[Term] = []
    for zone, boost in ZONE_BOOSTS:
        terms.append(Term(zone, language + WHOLE + whole, boost))
        terms.append(Term(zone, language + STEM + stem, boost * 0.8))
        if open_end or (compounding and len(whole) >= COMPOUND_PART_MIN):
            terms.append(Term(zone, language + WHOLE + whole, boost * 0.5, prefix=True))
        if compounding and len(stem) >= COMPOUND_TAIL_MIN:
            worth = 0.5 if len(stem) >= COMPOUND_PART_MIN else 0.3
            terms.append(Term(zone, language + TAIL + stem[::-1], boost * worth, prefix=True))
    umlauted = _umlauted(word) if language == "de" else word
    if umlauted != word:
        terms += alternatives(umlauted, language, stems, open_end=open_end)
    return terms


def _umlauted(word: str) -> str:
    """As somebody may have meant it who has no key for umlauts: *Glaeser* is *Gläser*."""
    for pair, umlaut in _WITHOUT_KEY:
        word = word.replace(pair, umlaut)
    return word


def sort_key(text: str, language: str) -> str:
    """A key that sorts titles as people of that language expect; digits sort as numbers."""
    plain = unicodedata.normalize("NFC", text.casefold())
    late = _AFTER_Z.get(language, "")
    late_here = any(letter in plain for letter in late)
    letters = "".join(_sorted_late(letter, late) for letter in plain) if late_here else fold(plain)
    return " ".join(
        word.rjust(12, "0") if word.isdecimal() else word for word in letters.translate(_CUT).split()
    )


def _sorted_late(letter: str, late: str) -> str:
    return f"zz{late.index(letter)}" if letter in late else fold(letter)


def edits_allowed(length: int) -> int:
    """How many letters of a word may be wrong: none of short ones, where any other word is near."""
    return 0 if length < MISTYPED_MIN else 1 if length < MISTYPED_TWICE_MIN else 2


def edits(one: str, other: str, most: int) -> int:
    """How many letters to add, leave out, exchange or swap with a neighbour; `most` + 1 where more are needed."""
    too_many = most + 1
    if abs(len(one) - len(other)) > most:
        return too_many
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        two_before, before, row = before, row, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, two_before[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return too_many
    return min(row[-1], too_many)


def _indexed(words: Sequence[str], stems: Sequence[str], language: str) -> Iterator[str]:
    compounding = language in COMPOUNDING
    for word, stem in zip(words, stems, strict=True):
        whole, folded_stem = fold(word), fold(stem)
        yield language + WHOLE + whole
        yield language + STEM + folded_stem
        if language == "de" and whole != word:
            # People without the key write ae, oe, ue.
            yield language + WHOLE + fold(word.translate(_UMLAUTS))
        if compounding and len(folded_stem) > COMPOUND_PART_MIN:
            yield language + TAIL + folded_stem[::-1]
