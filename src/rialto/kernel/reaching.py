"""Whether a database answers, found out by asking it again and again; so that nobody else has to wait to learn it.

Connections refused are told at once, but a server that hangs (frozen, or behind a network that swallows packets) would
cost each request all of its time. So one small question goes out every second. When two in a row bring nothing, the
database counts as away: sessions are refused at once (kernel/db.py asks `check`), those who wait in line for a connection
are let go, and connections that lie ready are dropped, since nobody knows what became of them. The questions go on, and
the first that is answered opens the doors again.

What is slow and answers is not away: its callers' own time limits are what holds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import structlog

from rialto.kernel.clock import Clock
from rialto.kernel.errors import RialtoError, Unavailable
from rialto.kernel.pool import Pool
from rialto.kernel.refusals import translate
from rialto.kernel.service import Frozen

ASK_EVERY_S = 1.0
ASK_AGAIN_S = 0.25  # after a question that brought nothing, and while the database is away
ANSWER_S = 1.5
MISSES_MAX = 2
RETRY_AFTER_S = 5.0
NOTE_EVERY_S = 15.0

log = structlog.get_logger("rialto.reaching")


async def ask(pool: Pool) -> None:
    """Whether the server behind a pool answers, without regard to what is thought of it. Raises Unavailable."""
    try:
        connection = await pool.acquire()
    except Exception as error:
        raise translate(error) from error
    answered = False
    try:
        await connection.execute("SELECT 1")
        answered = True
    except Exception as error:
        raise translate(error) from error
    finally:
        pool.release(connection, sound=answered)


class Outage(Frozen):
    """The database is away. `as_of` is when it last answered this machine's processes; None: nobody remembers."""

    as_of: datetime | None


class Reach:
    """One database as this process sees it. Without `run` it counts as reached, and nothing is asked."""

    def __init__(self, ask: Callable[[], Awaitable[None]], clock: Clock, *, note: Path | None = None) -> None:
        """`ask` raises a RialtoError when there is no answer. `note` is a file with the time of the last one: for those who
        are started while the database is away.
        """
        self._ask = ask
        self._clock = clock
        self._note = note
        self._as_of: datetime | None = None
        self._noted_at: float | None = None
        self._misses = 0
        self._away = False
        self._on_away: list[Callable[[], None]] = []
        self._on_change: list[Callable[[], None]] = []

    @property
    def outage(self) -> Outage | None:
        """None while the database is reached."""
        return Outage(as_of=self._as_of) if self._away else None

    def check(self) -> None:
        """Raises Unavailable while the database is away."""
        if self._away:
            raise Unavailable("The database does not answer at the moment.", retry_after_s=RETRY_AFTER_S)

    def when_away(self, act: Callable[[], None]) -> None:
        """Called whenever it goes away, before `when_changed`."""
        self._on_away.append(act)

    def when_changed(self, act: Callable[[], None]) -> None:
        """Called whenever it goes away and whenever it is back."""
        self._on_change.append(act)

    async def run(self) -> None:
        """Ask again and again, until cancelled."""
        self._as_of = self._remembered()
        while True:
            answered = await self.look()
            await self._clock.sleep(ASK_EVERY_S if answered else ASK_AGAIN_S)

    async def look(self) -> bool:
        """Ask once; whether there was an answer."""
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._ask()
        except (RialtoError, TimeoutError):
            self._missed()
            return False
        self._answered()
        return True

    def _missed(self) -> None:
        self._misses += 1
        if self._misses < MISSES_MAX or self._away:
            return
        self._away = True
        log.warning("the database is away")
        for act in (*self._on_away, *self._on_change):
            act()

    def _answered(self) -> None:
        self._misses = 0
        self._as_of = self._clock.now()
        self._write_down()
        if self._away:
            self._away = False
            log.warning("the database is back")
            for act in self._on_change:
                act()

    def _remembered(self) -> datetime | None:
        with suppress(OSError, ValueError):
            found = datetime.fromisoformat(self._note.read_text()) if self._note else None
            return found.astimezone(UTC) if found is not None and found.tzinfo is not None else None
        return None

    def _write_down(self) -> None:
        """Now and then: it is shown to the minute. A disk that refuses costs a label its time and nothing else."""
        now = self._clock.monotonic()
        if self._note is None or (self._noted_at is not None and now - self._noted_at < NOTE_EVERY_S):
            return
        self._noted_at = now
        fresh = self._note.with_name(f"{self._note.name}.new")
        with suppress(OSError):
            fresh.write_text(self._clock.now().isoformat())
            fresh.replace(self._note)
