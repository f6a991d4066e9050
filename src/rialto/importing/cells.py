"""Cells of our own tables: nothing that a spreadsheet would take for a formula, and every text exactly as it was.

A cell that begins with `=`, `+`, `-`, `@` or a blank, or ends with a blank, is written with an apostrophe before it, and
so is one that begins with apostrophes and goes on like that. Reading takes exactly that apostrophe off again; cells
without it lose the blanks around them. A name may be followed by its code in braces: `Stone grey {grey}`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rialto.importing.words import slug_of

SEPARATOR = "|"
ABOVE = ">"

_RISKY = re.compile(r"'*[=+\-@\s]")
_CODED = re.compile(r"(?:(.*\S)\s+)?\{([a-z0-9][a-z0-9_.-]{0,119}|-[a-z0-9-]{0,119})\}", re.DOTALL)


def protected(text: str) -> str:
    """The text as a cell."""
    return f"'{text}" if _needs_protection(text) else text


def taken(cell: str) -> str:
    """The text of a cell: `taken(protected(text)) == text` for every text."""
    rest = cell.lstrip()
    if rest.startswith("'") and _needs_protection(rest[1:]):
        return rest[1:]
    return cell.strip()


def _needs_protection(text: str) -> bool:
    return _RISKY.match(text) is not None or text[-1:].isspace()


def named(text: str) -> tuple[str, str | None]:
    """A name and, if it is told, its code."""
    found = _CODED.fullmatch(text)
    return (found[1] or found[2], found[2]) if found else (text, None)


def with_code(name: str, code: str, *, derived: str | None = None, reserved: str = "") -> str:
    """A name from which its code follows (`derived`, or else as slugs do), or else both; only the code where the
    name holds what separates it from others.
    """
    if not name or name != name.strip() or (reserved and reserved in name):
        return f"{{{code}}}"
    follows = code == (slug_of(name) if derived is None else derived)
    return name if follows and not name.endswith("}") else f"{name} {{{code}}}"


def category_cell(path: Sequence[tuple[str, str]]) -> str:
    """A category by its (slug, title) from the root: `Tableware > Cups`."""
    titles: list[str] = []
    parts: list[str] = []
    for slug, title in path:
        titles.append(title)
        derived = slug_of("-".join(titles), length_max=120)
        parts.append(with_code(title, slug, derived=derived, reserved=ABOVE))
        titles[-1] = named(parts[-1])[0]
    return f" {ABOVE} ".join(parts)
