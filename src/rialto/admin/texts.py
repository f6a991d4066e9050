"""What the back office says, by language: one file per part of it, put together here."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from rialto.storefront.texts import LANGUAGES, Texts

_FOLDER = Path(__file__).parent / "texts"


@cache
def texts_of(language: str) -> Texts:
    """The sentences of a language; of an unknown one, English."""
    known = language if language in LANGUAGES else "en"
    sentences: dict[str, str] = {}
    for path in sorted((_FOLDER / known).glob("*.json")):
        part = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
        twice = sentences.keys() & part.keys()
        assert not twice, f"{path.name} says again {sorted(twice)}"
        sentences |= part
    return Texts(known, sentences)
