"""Every sentence of the back office in both languages, none missing and none left over."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rialto import admin
from rialto.admin.navigation import GROUPS
from rialto.admin.promotion_form import BENEFITS
from rialto.admin.texts import texts_of
from rialto.pricing.model.promotions import NOT_GIVEN
from rialto.reporting.api import PAYMENT_STATUSES, STAGES
from rialto.reviews.api import REASONS as REPORT_REASONS
from rialto.reviews.api import STATUSES
from rialto.storefront.texts import LANGUAGES

pytestmark = pytest.mark.fast

FOLDER = Path(next(iter(admin.__path__)))
# Keys that pages make from somebody else's words.
MADE = (
    *(
        "done.",
        "event.",
        "fulfilment.",
        "import.",
        "language.",
        "nav.",
        "payment.",
        "problem.",
        "settings.",
        "stage.",
        "status.",
        "word.",
    ),
    *("error_page.", "conflict."),
    *("bulk.", "codes.", "collections.", "customers.", "log.", "preview.total.", "products."),
    *("promotions.benefit.", "reason.", "reviews.report.", "reviews.state.", "search.", "stock."),
    *("taxes.class.", "delivery.", "mails.", "currencies.", "channels."),
)


def test_every_key_stands_in_both_languages_with_the_same_gaps() -> None:
    english, german = texts_of("en").sentences, texts_of("de").sentences
    assert english.keys() == german.keys()
    for key, sentence in english.items():
        assert sentence.strip()
        assert gaps_of(sentence) == gaps_of(german[key]), key


def gaps_of(sentence: str) -> set[str]:
    """The names of its gaps; what a plural's forms say is no gap."""
    plain = re.sub(r"\{(\w+), plural,(?:[^{}]*\{[^{}]*\})*[^{}]*\}", r"{\1}", sentence)
    return set(re.findall(r"\{(\w+)\}", plain))


def test_pages_name_the_keys_there_are_and_all_of_them() -> None:
    files = [*FOLDER.rglob("*.html"), *FOLDER.rglob("*.py")]
    written = "".join(file.read_text() for file in files)
    named = set(re.findall(r'\b(?:t|texts|theirs)\(\s*["\']([\w.]+)["\']\s*[,)]', written))
    known = texts_of("en").sentences.keys()
    assert not named - known
    unused = {key for key in known if key not in written and not key.startswith(MADE)}
    assert unused == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_made_from_others_words_has_a_sentence(language: str) -> None:
    known = texts_of(language).sentences.keys()
    assert {f"stage.{stage}" for stage in STAGES} <= known
    assert {f"payment.{status}" for status in PAYMENT_STATUSES} <= known
    assert {f"promotions.benefit.{benefit}" for benefit in BENEFITS} <= known
    assert {f"reason.{reason}" for reason in NOT_GIVEN} <= known
    assert {f"reviews.state.{status}" for status in STATUSES} <= known
    assert {f"reviews.report.{reason}" for reason in REPORT_REASONS} <= known
    for group in GROUPS:
        assert {f"nav.group.{group.name}", *(f"nav.{entry.name}" for entry in group.entries)} <= known
