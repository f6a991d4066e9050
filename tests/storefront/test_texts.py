"""Every sentence in both languages, none missing and none left over."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from rialto import storefront
from rialto.kernel.money import EUR, Money
from rialto.storefront import formats
from rialto.storefront.texts import LANGUAGES, texts_of

pytestmark = pytest.mark.fast

FOLDER = Path(next(iter(storefront.__path__)))


def test_every_key_stands_in_both_languages_with_the_same_gaps() -> None:
    english, german = texts_of("en").sentences, texts_of("de").sentences
    assert english.keys() == german.keys()
    for key, sentence in english.items():
        assert set(re.findall(r"\{(\w+)[},]", sentence)) == set(re.findall(r"\{(\w+)[},]", german[key])), key


def test_every_key_that_pages_name_exists() -> None:
    files = [*FOLDER.rglob("*.html"), *FOLDER.rglob("*.py")]
    named = {
        key
        for file in files
        for key in re.findall(r'\b(?:t|texts)\(\s*[\'"]([\w.]+)[\'"]\s*[,)]', file.read_text())
    }
    assert len(named) > 100
    assert not named - texts_of("en").sentences.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_empty(language: str) -> None:
    assert all(sentence.strip() for sentence in texts_of(language).sentences.values())


def test_plurals_follow_the_count() -> None:
    english, german = texts_of("en"), texts_of("de")
    assert english("listing.count", n=0) == "No products"
    assert english("listing.count", n=1) == "1 product"
    assert english("listing.count", n=24) == "24 products"
    assert german("listing.count", n=1) == "1 Produkt"
    assert german("listing.count", n=2) == "2 Produkte"


def test_the_german_order_button_says_what_the_law_asks() -> None:
    assert texts_of("de")("checkout.place") == "Zahlungspflichtig bestellen"
    assert texts_of("de")("price.note_included") == "inkl. MwSt., zzgl. Versand"


def test_amounts_and_dates_are_written_as_readers_write_them() -> None:
    assert formats.money(Money(123456, EUR), "en") == "€1,234.56"
    assert formats.money(Money(123456, EUR), "de") == "1.234,56\xa0€"
    assert formats.rate("0.19", "de") == "19\xa0%"
    assert formats.rate("0.055", "en") == "5.5%"
    assert formats.full_day(date(2026, 1, 7), "de") == "7. Januar 2026"
    assert formats.plain_amount(Money(2000, EUR)) == "20"
    assert formats.plain_amount(Money(1950, EUR)) == "19.50"
