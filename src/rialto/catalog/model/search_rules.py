"""The rules of synonyms and pins: what their texts must be, and what two of them may not share."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from rialto.catalog.api.search_rules import Pins, SearchRuleInvalid, Synonyms
from rialto.catalog.model.fields import Problems
from rialto.kernel.text import is_plain

RULES_MAX = 500
TERMS_MAX = 20
TERM_LENGTH_MAX = 60
TERM_WORDS_MAX = 5
PINNED_MAX = 20
QUERY_LENGTH_MAX = 120


def checked_synonyms(synonyms: Synonyms, languages: Collection[str]) -> Synonyms:
    """With single blanks and each term once. Raises SearchRuleInvalid with every problem."""
    problems = Problems()
    problems.slug("id", synonyms.id)
    _check_language(problems, synonyms.language, languages)
    once: dict[str, str] = {}
    for term in map(_plain, synonyms.terms):
        once.setdefault(term.casefold(), term)
    terms = list(once.values())
    if len(synonyms.terms) > TERMS_MAX:
        problems.add("terms", "too_many", f"At most {TERMS_MAX} terms.")
    elif len(terms) < 2:
        problems.add("terms", "too_few", "At least two different terms.")
    else:
        for index, term in enumerate(synonyms.terms):
            _check_words(problems, f"terms.{index}", term, length_max=TERM_LENGTH_MAX)
    problems.raise_as(SearchRuleInvalid, "The synonyms are not valid.")
    return msgspec.structs.replace(synonyms, terms=terms)


def checked_pins(pins: Pins, languages: Collection[str]) -> Pins:
    """With single blanks and each product once. Raises SearchRuleInvalid with every problem."""
    problems = Problems()
    problems.slug("id", pins.id)
    _check_language(problems, pins.language, languages)
    _check_words(problems, "query", pins.query, length_max=QUERY_LENGTH_MAX)
    if not pins.products:
        problems.add("products", "required", "At least one product.")
    elif len(pins.products) > PINNED_MAX:
        problems.add("products", "too_many", f"At most {PINNED_MAX} products.")
    else:
        for index, slug in enumerate(pins.products):
            problems.slug(f"products.{index}", slug)
    problems.raise_as(SearchRuleInvalid, "The pins are not valid.")
    return msgspec.structs.replace(
        pins, query=_plain(pins.query), products=list(dict.fromkeys(pins.products))
    )


def check_products_exist(pins: Pins, known: Collection[str]) -> None:
    """Raises SearchRuleInvalid naming the products that are not there: most likely mistyped."""
    problems = Problems()
    for index, slug in enumerate(pins.products):
        if slug not in known:
            problems.add(f"products.{index}", "product_unknown", "There is no such product.")
    problems.raise_as(SearchRuleInvalid, "The pins are not valid.")


def query_key(query: str) -> str:
    """By what two queries are the same to whoever pins products to one."""
    return _plain(query).casefold()


def _check_language(problems: Problems, language: str, languages: Collection[str]) -> None:
    if language not in languages:
        offered = ", ".join(sorted(languages))
        problems.add("language", "language_not_offered", f"This shop speaks {offered}.")


def _check_words(problems: Problems, path: str, text: str, *, length_max: int) -> None:
    problems.text(path, text, length_max=length_max)
    if text.strip() and is_plain(text) and not any(letter.isalnum() for letter in text):
        problems.add(path, "not_valid", "This holds nothing that can be searched for.")
    elif len(text.split()) > TERM_WORDS_MAX and path != "query":
        problems.add(path, "too_many_words", f"At most {TERM_WORDS_MAX} words.")


def _plain(text: str) -> str:
    return " ".join(text.split())
