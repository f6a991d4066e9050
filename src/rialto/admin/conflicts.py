"""Two people changed the same thing: the second is shown the difference, chooses field by field, and saves again.

The page sends the form once more, each field with the value that was chosen and the version the difference was shown
against. Should a third be quicker still, the same happens again; nothing is overwritten unseen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rialto.admin.desk import Desk
from rialto.admin.rendering import PAGE, page
from rialto.kernel.service import Frozen


class Field(Frozen):
    """A field of the form: its name there, what it is called, and for a select what its values are called.

    Of a select that takes several, each value is a line.
    """

    name: str
    label: str
    words: dict[str, str] = {}

    def told(self, value: str) -> str:
        return "\n".join(self.words.get(line, line) for line in value.split("\n"))


class Difference(Frozen):
    """One field that both changed, or that only one did: whoever changed it is not asked about again."""

    field: Field
    yours: str
    theirs: str


def differences(
    fields: Sequence[Field], yours: Mapping[str, str], theirs: Mapping[str, str]
) -> list[Difference]:
    """The fields in which the form as it was sent is not what is stored now."""
    return [
        Difference(field=field, yours=yours.get(field.name, ""), theirs=theirs.get(field.name, ""))
        for field in fields
        if _plain(yours.get(field.name, "")) != _plain(theirs.get(field.name, ""))
    ]


def conflict_page(
    desk: Desk,
    *,
    section: str,
    title: str,
    action: str,
    back: str,
    version: str,
    fields: Sequence[Field],
    yours: Mapping[str, str],
    theirs: Mapping[str, str],
) -> PAGE:
    """`action` takes the form again, with `version` (the one stored now) and a value for each field.

    `back` is the page of what is stored, for whoever gives up. What is the same in both goes along unseen.
    """
    found = differences(fields, yours, theirs)
    shown = {difference.field.name for difference in found}
    kept = {name: value for name, value in yours.items() if name not in shown and name != "version"}
    return page(
        desk,
        "pages/conflict.html",
        section=section,
        status=409,
        title=title,
        action=action,
        back=back,
        version=version,
        differences=found,
        kept=kept,
    )


def _plain(value: str) -> str:
    """Browsers send line breaks as CR LF, whatever they were given."""
    return value.replace("\r\n", "\n").strip()
