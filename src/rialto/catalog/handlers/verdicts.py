"""What became of one change among several: a refusal is an answer here, not an error."""

from __future__ import annotations

from collections.abc import Awaitable

from rialto.catalog.api import PutOutcome, Verdict
from rialto.kernel.db import WriteSession
from rialto.kernel.errors import RialtoError, Unavailable


async def verdict_on(session: WriteSession, change: Awaitable[object]) -> Verdict:
    """What came of one change, which fails for itself. Raises Unavailable, because then nothing is known."""
    try:
        async with session.savepoint():
            outcome = await change
    except Unavailable:
        raise
    except RialtoError as refused:
        return refusal(refused)
    if isinstance(outcome, PutOutcome):
        return Verdict(outcome=outcome.outcome, before=outcome.before)
    return Verdict(outcome="saved")


def refusal(error: RialtoError) -> Verdict:
    return Verdict(outcome="refused", code=error.stable_code, message=error.text, fields=list(error.fields))
