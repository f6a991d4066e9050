"""Checks of single fields, and the list of problems that a refusal names.

Every text has a limit here, and none may hold what PostgreSQL cannot store (NUL, lone surrogates).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from rialto.catalog.api import Picture, Texts
from rialto.kernel.errors import FieldProblem, Invalid
from rialto.kernel.text import is_plain

SLUG_LENGTH_MAX = 120
SKU_LENGTH_MAX = 64
TITLE_LENGTH_MAX = 200
LABEL_LENGTH_MAX = 200
DESCRIPTION_LENGTH_MAX = 20_000
LANGUAGES_MAX = 30
PROBLEMS_MAX = 50
PICTURE_SIZE_MAX = 50_000
POSITION_MAX = 1_000_000

_SLUG = re.compile(r"[a-z0-9-]{1,120}")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,59}")
_VALUE_CODE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,79}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}")
_FILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}(/[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}){0,3}")


class Problems:
    """Collects what is wrong, so that a person can mend all of it at once. Keeps the first fifty."""

    def __init__(self) -> None:
        self._found: list[FieldProblem] = []

    @property
    def any(self) -> bool:
        return bool(self._found)

    def add(self, path: str, code: str, message: str) -> None:
        if len(self._found) < PROBLEMS_MAX:
            self._found.append(FieldProblem(path=path, code=code, message=message))

    def raise_as(self, error: type[Invalid], message: str) -> None:
        """Raise `error` if anything was found. One problem's own code stays in its field."""
        if self._found:
            raise error(message, fields=tuple(self._found))

    def text(self, path: str, value: str, *, length_max: int, lines: bool = False) -> None:
        """Present, within its length, without control characters (line breaks where `lines`)."""
        if not value.strip():
            self.add(path, "required", "Please fill this in.")
        elif len(value) > length_max:
            self.add(path, "too_long", f"At most {length_max} characters.")
        elif not is_plain(value, lines=lines):
            self.add(path, "not_valid", "This holds characters that cannot be stored.")

    def texts(self, path: str, values: Texts, *, length_max: int, lines: bool = False) -> None:
        if len(values) > LANGUAGES_MAX:
            self.add(path, "too_many", f"At most {LANGUAGES_MAX} languages.")
            return
        for language, value in values.items():
            where = f"{path}.{named(language)}"
            if not is_language(language):
                self.add(where, "language_unknown", "This is not a language code such as en or pt-BR.")
            else:
                self.text(where, value, length_max=length_max, lines=lines)

    def slug(self, path: str, value: str) -> None:
        if not is_slug(value):
            self.add(path, "slug_not_valid", "Lower-case letters, digits and hyphens, at most 120.")

    def code(self, path: str, value: str) -> None:
        if not is_code(value):
            self.add(
                path,
                "code_not_valid",
                "Lower-case letters, digits and underscores, at most 60, a letter first.",
            )

    def value_code(self, path: str, value: str) -> None:
        if not _VALUE_CODE.fullmatch(value):
            self.add(
                path,
                "code_not_valid",
                "Lower-case letters, digits, hyphens, dots and underscores, at most 80.",
            )

    def number(self, path: str, value: int, *, low: int, high: int) -> None:
        if not low <= value <= high:
            self.add(path, "out_of_range", f"Between {low} and {high}.")

    def picture(self, path: str, picture: Picture) -> None:
        """One view, as far as it can be judged by itself: where it is, its size, its text."""
        if (picture.file is None) == (picture.url is None):
            self.add(path, "not_valid", "A picture has either a file or a url.")
        if picture.file is not None and not _FILE.fullmatch(picture.file):
            self.add(f"{path}.file", "not_valid", "This is not a file name below the media address.")
        if picture.url is not None and not is_web_address(picture.url):
            self.add(f"{path}.url", "not_valid", "This is not an http or https address.")
        if len(picture.widths) > 10:
            self.add(f"{path}.widths", "too_many", "At most 10 widths.")
        else:
            for index, width in enumerate(picture.widths):
                self.number(f"{path}.widths.{index}", width, low=1, high=PICTURE_SIZE_MAX)
        self.number(f"{path}.width", picture.width, low=0, high=PICTURE_SIZE_MAX)
        self.number(f"{path}.height", picture.height, low=0, high=PICTURE_SIZE_MAX)
        self.texts(f"{path}.alt", picture.alt, length_max=300)

    def default_language(self, path: str, values: Texts, language: str) -> None:
        if not values.get(language, "").strip():
            self.add(
                f"{path}.{language}", "required", f"A text in the default language ({language}) is needed."
            )


def is_slug(value: str) -> bool:
    return _SLUG.fullmatch(value) is not None


def is_code(value: str) -> bool:
    return _CODE.fullmatch(value) is not None


def is_language(value: str) -> bool:
    return _LANGUAGE.fullmatch(value) is not None


def is_sku(value: str) -> bool:
    return 0 < len(value) <= SKU_LENGTH_MAX and value.isprintable() and not any(c.isspace() for c in value)


def is_web_address(value: str) -> bool:
    if len(value) > 2000 or not value.isprintable() or " " in value:
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None


def named(key: str) -> str:
    """A key from outside as part of a field path: short and printable whatever it was."""
    return "".join(letter if letter.isprintable() else "?" for letter in key[:60])


def in_order(values: Mapping[str, object], order: list[str]) -> list[str]:
    """The keys, those of `order` first and in its order, the others after them as they stand."""
    known = [key for key in dict.fromkeys(order) if key in values]
    return known + [key for key in values if key not in set(known)]
