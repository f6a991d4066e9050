"""What text from outside must be before it may be stored."""

from __future__ import annotations


def clean_text(value: str) -> bool:
    """Whether PostgreSQL can store it: no NUL and no lone surrogate."""
    return "\x00" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
