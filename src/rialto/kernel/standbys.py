"""Copies of the database that only read: how far each has come, and which may answer whom.

A standby answers a session that says what it has seen (kernel/positions.py), once it has replayed that. It is asked how
far it is four times a second; between two looks its last answer counts, which is on the safe side, since a standby only
goes forward. One that falls behind by more than `LAG_MAX_S`, does not answer, or is a primary itself answers nobody,
and the primary answers in its place.

How far behind a standby is in seconds is told by the primary's own log: a standby that has replayed what the primary had
written five seconds ago is less than five seconds behind, however little is written. While the primary does not answer
that cannot be told; a standby is then as good as anything there is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog

from rialto.kernel.clock import Clock
from rialto.kernel.errors import RialtoError, Unavailable
from rialto.kernel.positions import parse_lsn, seen_now

LOOK_EVERY_S = 0.25
LAG_MAX_S = 5.0
# Without a look this fresh nothing is known of a standby.
LOOKED_AT_LEAST_S = 2.0
LOOK_TIMEOUT_S = 1.0

PRIMARY_POSITION = "SELECT pg_current_wal_insert_lsn()::text"
STANDBY_POSITION = "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()::text END"

log = structlog.get_logger("rialto.standbys")

# Asks one server for a text by one statement. Raises what asking raises.
Ask = Callable[[str], Awaitable[str | None]]


class Standby:
    """One copy. `place` is what its connections are opened by, `name` how people know it."""

    def __init__(self, name: str, place: Any, ask: Ask) -> None:
        self.name = name
        self.place = place
        self.ask = ask
        self.replayed = -1
        self.looked_at: float | None = None

    def rest(self) -> None:
        """It failed somebody: nobody is sent there before it has told again how far it is."""
        self.looked_at = None


class Standbys:
    """All copies of one database. `ask_primary` as `Standby.ask`."""

    def __init__(self, standbys: Sequence[Standby], ask_primary: Ask, clock: Clock) -> None:
        self.all = standbys
        self._ask_primary = ask_primary
        self._clock = clock
        self._turn = 0
        # When the primary was asked and what it had written then, newest last: from the last that is old enough on.
        self._written: deque[tuple[float, int]] = deque()
        self._primary_answers = False

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Ask the primary and every standby how far they are. Never raises for one that does not answer."""
        try:
            async with asyncio.timeout(LOOK_TIMEOUT_S):
                await self.position()
        except (RialtoError, TimeoutError):
            self._primary_answers = False
        await asyncio.gather(*(self._look_at(standby) for standby in self.all))

    def choose(self) -> Standby | None:
        """A standby that may answer whoever is being answered, in turn; None: the primary."""
        seen = seen_now()
        wanted = None if seen is None else seen.allows
        if wanted is None:
            return None
        now = self._clock.monotonic()
        fit = [one for one in self.all if one.replayed >= wanted and self._is_fresh(one, now)]
        if not fit:
            return None
        self._turn += 1
        return fit[self._turn % len(fit)]

    async def position(self) -> int:
        """How far the primary is now. Whatever was committed before is below. Raises Unavailable."""
        asked_at = self._clock.monotonic()
        position = parse_lsn(await self._ask_primary(PRIMARY_POSITION) or "")
        if position is None:
            raise Unavailable
        self._primary_answers = True
        self._written.append((asked_at, position))
        while len(self._written) > 1 and self._written[1][0] <= asked_at - LAG_MAX_S:
            self._written.popleft()
        return position

    def behind(self) -> dict[str, int | None]:
        """Bytes that each standby has not replayed yet, as last looked at; None: it does not answer."""
        now = self._clock.monotonic()
        last = self._written[-1][1] if self._written else 0
        return {
            one.name: max(0, last - one.replayed) if self._is_known(one, now) else None for one in self.all
        }

    async def _look_at(self, standby: Standby) -> None:
        try:
            async with asyncio.timeout(LOOK_TIMEOUT_S):
                replayed = parse_lsn(await standby.ask(STANDBY_POSITION) or "")
        except (RialtoError, TimeoutError) as error:
            if standby.looked_at is not None:
                log.warning("a standby does not answer", standby=standby.name, reason=str(error))
            standby.rest()
            return
        if replayed is None:
            if standby.looked_at is not None:
                log.warning("a standby is none any more", standby=standby.name)
            standby.rest()
            return
        if standby.looked_at is None:
            log.info("a standby answers", standby=standby.name)
        standby.replayed = replayed
        standby.looked_at = self._clock.monotonic()

    def _is_known(self, standby: Standby, now: float) -> bool:
        return standby.looked_at is not None and now - standby.looked_at <= LOOKED_AT_LEAST_S

    def _is_fresh(self, standby: Standby, now: float) -> bool:
        if not self._is_known(standby, now):
            return False
        return not self._primary_answers or (bool(self._written) and standby.replayed >= self._written[0][1])
