"""What text from outside must be before it may be stored."""

from __future__ import annotations


def clean_text(value: str) -> bool:
    """Whether PostgreSQL can store it: no NUL and no lone surrogate."""
    return "\x00" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)


def is_plain(value: str, *, lines: bool = False) -> bool:
    """No control characters (line breaks and tabs where `lines`) and nothing that UTF-8 cannot hold."""
    return not any(
        (letter < " " and not (lines and letter in "\n\r\t"))
        or "\x7f" <= letter <= "\x9f"
        or "\ud800" <= letter <= "\udfff"
        for letter in value
    )
