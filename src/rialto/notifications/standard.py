"""What mails say until the merchant says it otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

from rialto.notifications.api import Passages
from rialto.notifications.model.wording import Kind

_FOLDER = Path(__file__).parent / "templates"


def standard_words(kind: Kind, language: str) -> Passages:
    return _all_words(language)[kind]


@cache
def _all_words(language: str) -> Mapping[Kind, Passages]:
    text = (_FOLDER / language / "standard.json").read_bytes()
    return msgspec.json.decode(text, type=dict[Kind, Passages])
