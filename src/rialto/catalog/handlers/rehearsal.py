"""Rehearsing changes: do everything as it would be done, note what came of it, roll all of it back."""

from __future__ import annotations

from typing import NoReturn

from rialto.catalog.api import PutProduct, Rehearsal, Rehearsed
from rialto.catalog.handlers.saving import Saving
from rialto.catalog.handlers.verdicts import verdict_on
from rialto.kernel.db import Database, WriteSession
from rialto.kernel.errors import field_problem

REHEARSED_MAX = 10_000


class _Over(Exception):
    """Ends the transaction of a rehearsal, so that nothing of it stays."""

    def __init__(self, result: Rehearsed) -> None:
        self.result = result
        super().__init__()


async def rehearse(db: Database, saving: Saving, command: Rehearsal) -> Rehearsed:
    if len(command.attributes) + len(command.categories) + len(command.products) > REHEARSED_MAX:
        raise field_problem("products", "too_many", f"At most {REHEARSED_MAX} things at a time.")
    try:
        async with db.write() as session:
            await _perform(session, saving, command)
    except _Over as over:
        return over.result


async def _perform(session: WriteSession, saving: Saving, command: Rehearsal) -> NoReturn:
    result = Rehearsed(
        attributes=[await verdict_on(session, saving.attribute(session, one)) for one in command.attributes],
        categories=[await verdict_on(session, saving.category(session, one)) for one in command.categories],
        products=[
            await verdict_on(session, saving.product(session, PutProduct(draft=draft)))
            for draft in command.products
        ],
    )
    raise _Over(result)
