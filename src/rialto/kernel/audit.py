"""What an audit says: findings, each with the invariant it breaks and the offending id."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from rialto.kernel.db import ReadSession
from rialto.kernel.ids import Kind
from rialto.kernel.service import Frozen


class Finding(Frozen):
    """`invariant` is I1 to I17 of the documentation, `subject` the id at fault.

    `checked` False: nothing is known to be broken, but this could not be looked at; `text` says why.
    """

    invariant: str
    subject: str
    text: str
    checked: bool = True


Audit = Callable[[Any], Awaitable[list[Finding]]]

FINDINGS_MAX = 100


async def findings(
    session: ReadSession,
    invariant: str,
    sql: str,
    *values: Any,
    text: str,
    kind: Kind[Any] | None = None,
) -> list[Finding]:
    """A finding for each row of `sql`: its `subject` column, and `text` filled in with the row's columns.

    A subject that is a stored id is printed as everywhere else where `kind` says what it is the id of.
    """
    rows = await session.all(f"{sql} LIMIT {FINDINGS_MAX}", *values)
    return [
        Finding(
            invariant=invariant,
            subject=str(row["subject"] if kind is None else kind.of(row["subject"])),
            text=text.format(**dict(row)),
        )
        for row in rows
    ]
