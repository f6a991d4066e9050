"""How attempts are throttled: the first are free, then each waits longer than the one before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

ATTEMPTS_FREE = 10
ATTEMPTS_FORGOTTEN_S = 15 * 60
DELAY_MAX_S = 5 * 60


@dataclass(frozen=True, kw_only=True)
class Attempts:
    """Attempts on one account that were not (yet) successful."""

    count: int
    last_at: datetime


def next_attempt(before: Attempts, now: datetime, *, free: int = ATTEMPTS_FREE) -> Attempts | float:
    """The count with one more attempt, or for how many seconds none is taken.

    The first (ten) are free; then each has to wait twice as long as the one before, five minutes at most, so
    that an owner under attack is slowed but never locked out for good. A refused attempt counts for nothing.
    A quarter of an hour without attempts is forgotten.
    """
    silent_s = (now - before.last_at).total_seconds()
    count = 0 if silent_s >= ATTEMPTS_FORGOTTEN_S else before.count
    if count >= free:
        wait_s = min(2.0 ** min(count - free + 1, 30), DELAY_MAX_S) - silent_s
        if wait_s > 0:
            return wait_s
    return Attempts(count=count + 1, last_at=now)
