"""Reading one's own writes: how far the database was when somebody last changed something, and who carries that along.

A position is a place in the primary's write-ahead log (an LSN, bytes as an integer). Whoever carries one may be answered
by a standby that has replayed it. It travels with a request (edge/positions.py: a cookie, or a header for programs), on
to other processes with each call, and that something was written travels back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_WRITTEN = re.compile(r"([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})")


class Seen:
    """What one request's session has seen. `position` None: it does not say, so only the primary will do.

    `wrote`: this request has changed something whose position nobody has asked for yet.
    """

    __slots__ = ("position", "wrote")

    def __init__(self, position: int | None) -> None:
        self.position = position
        self.wrote = False

    @property
    def allows(self) -> int | None:
        """The position that a standby must have replayed to answer; None: no standby may."""
        return None if self.wrote else self.position


_seen: ContextVar[Seen | None] = ContextVar("rialto_seen", default=None)


def seen_now() -> Seen | None:
    """None where nobody waits who could have written: jobs, reactions, commands."""
    return _seen.get()


def note_write() -> None:
    """Something was committed for whoever is being answered."""
    seen = _seen.get()
    if seen is not None:
        seen.wrote = True


@contextmanager
def seeing(position: int | None) -> Iterator[Seen]:
    """What runs inside belongs to a session that has seen this much."""
    seen = Seen(position)
    token = _seen.set(seen)
    try:
        yield seen
    finally:
        _seen.reset(token)


def parse_lsn(text: str) -> int | None:
    """PostgreSQL's `16/B374D848` as bytes since the log's beginning; None for anything else."""
    found = _WRITTEN.fullmatch(text)
    return None if found is None else int(found[1], 16) << 32 | int(found[2], 16)


def write_lsn(position: int) -> str:
    """As PostgreSQL writes it."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"
