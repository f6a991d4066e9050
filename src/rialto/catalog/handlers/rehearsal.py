"""Rehearsing changes: do everything as it would be done, note what came of it, roll all of it back."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import NoReturn

from rialto.catalog.api import PutOutcome, PutProduct, Rehearsal, Rehearsed, Verdict
from rialto.catalog.handlers.saving import Saving
from rialto.kernel.db import Database, WriteSession
from rialto.kernel.errors import RialtoError, Unavailable, field_problem

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
        attributes=[await _verdict(session, saving.attribute(session, one)) for one in command.attributes],
        categories=[await _verdict(session, saving.category(session, one)) for one in command.categories],
        products=[
            await _verdict(session, saving.product(session, PutProduct(draft=draft)))
            for draft in command.products
        ],
    )
    raise _Over(result)


async def _verdict(session: WriteSession, change: Awaitable[object]) -> Verdict:
    """What came of one change, which fails for itself. Raises Unavailable, because then nothing is known."""
    try:
        async with session.savepoint():
            outcome = await change
    except Unavailable:
        raise
    except RialtoError as refused:
        return Verdict(
            outcome="refused", code=refused.stable_code, message=refused.text, fields=list(refused.fields)
        )
    if isinstance(outcome, PutOutcome):
        return Verdict(outcome=outcome.outcome, before=outcome.before)
    return Verdict(outcome="saved")
