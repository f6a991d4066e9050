"""A clock that a test moves, and an admission that it fills."""

from __future__ import annotations

import asyncio

from rialto.edge.admission import SHARE, Admission
from rialto.kernel.clock import ManualClock
from rialto.kernel.importance import Importance
from rialto.kernel.telemetry import Metrics
from tests.support.values import seeded_ids

SPARE, BROWSING, OWN, BUYING = Importance


class StillClock(ManualClock):
    """Stands until a test moves it: who sleeps is woken by `pass_by`."""

    def __init__(self) -> None:
        super().__init__()
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    async def sleep(self, seconds: float) -> None:
        one: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.monotonic() + seconds, one))
        await one

    async def pass_by(self, seconds: float) -> None:
        """Time passes in small steps, and whoever has something to do at each does it."""
        for _ in range(round(seconds / 0.01)):
            self.advance(0.01)
            due = [one for one in self._sleepers if one[0] <= self.monotonic() + 1e-9]
            self._sleepers = [one for one in self._sleepers if one not in due]
            for _at, sleeper in due:
                if not sleeper.done():  # who was cancelled sleeps no more
                    sleeper.set_result(None)
            await others_run()


async def others_run() -> None:
    for _ in range(8):
        await asyncio.sleep(0)


def an_admission(clock: ManualClock | None = None) -> Admission:
    return Admission(clock or StillClock(), seeded_ids(), Metrics(), port="public")


async def fill(admission: Admission, importance: Importance = BUYING) -> int:
    """Take all places that this importance may have; how many."""
    taken = 0
    while admission.under_way < max(1, int(admission.limit * SHARE[importance])):
        await admission.enter(importance)
        taken += 1
    return taken
