"""What text from outside must be before it may be stored."""

from __future__ import annotations

import re

_ODD = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_ODD_IN_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def clean_text(value: str) -> bool:
    """Whether PostgreSQL can store it: no NUL and no lone surrogate."""
    return "\x00" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)


def is_plain(value: str, *, lines: bool = False) -> bool:
    """No control characters (line breaks and tabs where `lines`) and nothing that UTF-8 cannot hold."""
    return (_ODD_IN_LINES if lines else _ODD).search(value) is None
