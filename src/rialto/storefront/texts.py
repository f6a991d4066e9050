"""What the pages say, by language: flat keys to sentences, with named gaps and plurals.

A sentence may hold `{name}` and `{n, plural, one {# item} other {# items}}`. Nothing else of ICU is
understood, on purpose: whoever translates needs no more, and a page cannot fail over a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec
from babel import Locale

LANGUAGES = ("en", "de")
_FOLDER = Path(__file__).parent / "texts"
_PLURAL = re.compile(r"\{(\w+), plural,((?: *=?\w+ \{[^{}]*\})+) *\}")
_FORM = re.compile(r"(=?\w+) \{([^{}]*)\}")


class Texts:
    """The sentences of one language. A missing key is a bug and raises KeyError."""

    def __init__(self, language: str, sentences: Mapping[str, str]) -> None:
        self.language = language
        self.sentences = sentences
        self._plural_form = Locale(language).plural_form

    def __call__(self, key: str, **values: str | int) -> str:
        sentence = self.sentences[key]
        if not values:
            return sentence
        sentence = _PLURAL.sub(lambda match: self._chosen(match, values), sentence)
        return re.sub(r"\{(\w+)\}", lambda match: str(values[match[1]]), sentence)

    def get(self, key: str, fallback: str) -> str:
        """For keys made of somebody else's codes (an error, a status): the sentence, or that of `fallback`."""
        return self.sentences.get(key) or self.sentences[fallback]

    def _chosen(self, match: re.Match[str], values: Mapping[str, str | int]) -> str:
        count = int(values[match[1]])
        forms = dict(_FORM.findall(match[2]))
        text: str = forms.get(f"={count}") or forms.get(self._plural_form(count)) or forms["other"]
        return text.replace("#", str(count))


@cache
def texts_of(language: str) -> Texts:
    """The sentences of a language; of an unknown one, English."""
    known = language if language in LANGUAGES else "en"
    return Texts(known, msgspec.json.decode((_FOLDER / f"{known}.json").read_bytes(), type=dict[str, str]))
