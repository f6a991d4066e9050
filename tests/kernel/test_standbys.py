"""Which standby may answer whom, tried without any database."""

from __future__ import annotations

import asyncio

import pytest

from rialto.kernel.clock import ManualClock
from rialto.kernel.errors import Unavailable
from rialto.kernel.positions import note_write, seeing, write_lsn
from rialto.kernel.standbys import LAG_MAX_S, LOOKED_AT_LEAST_S, Standby, Standbys

pytestmark = [pytest.mark.fast, pytest.mark.anyio]


class Server:
    """A database as far as it is asked how far it is. `at` None: a standby that was made a primary."""

    def __init__(self, at: int | None = 100) -> None:
        self.at = at
        self.answers = True

    async def ask(self, _sql: str) -> str | None:
        if not self.answers:
            raise Unavailable
        return None if self.at is None else write_lsn(self.at)


class Town:
    def __init__(self, standbys: int = 1) -> None:
        self.clock = ManualClock()
        self.primary = Server()
        self.servers = [Server() for _ in range(standbys)]
        copies = [Standby(f"s{number}", number, server.ask) for number, server in enumerate(self.servers)]
        self.standbys = Standbys(copies, self.primary.ask, self.clock)

    def chosen(self, position: int | None = 0) -> str | None:
        with seeing(position):
            found = self.standbys.choose()
        return None if found is None else found.name


async def test_a_standby_answers_whoever_has_seen_no_more_than_it_has() -> None:
    town = Town()
    assert town.chosen() is None, "nothing is known of it yet"
    await town.standbys.look()
    assert town.chosen(100) == "s0"
    assert town.chosen(101) is None
    assert town.chosen(None) is None, "who does not say what they have seen"
    town.servers[0].at = 101
    await town.standbys.look()
    assert town.chosen(101) == "s0"


async def test_jobs_and_who_has_just_written_are_answered_by_the_primary() -> None:
    town = Town()
    await town.standbys.look()
    assert town.standbys.choose() is None
    with seeing(0):
        assert town.standbys.choose() is not None
        note_write()
        assert town.standbys.choose() is None


async def test_several_take_turns() -> None:
    town = Town(3)
    await town.standbys.look()
    assert {town.chosen() for _ in range(3)} == {"s0", "s1", "s2"}
    town.servers[1].at = 50
    town.standbys.all[1].replayed = 50
    assert {town.chosen(100) for _ in range(4)} == {"s0", "s2"}


async def test_one_that_falls_behind_by_seconds_answers_nobody() -> None:
    town = Town()
    await town.standbys.look()
    for _ in range(4):
        town.primary.at = (town.primary.at or 0) + 10
        await town.standbys.look()
        assert town.chosen() == "s0"
        town.clock.advance(LAG_MAX_S / 4)
    for _ in range(2):
        await town.standbys.look()
        town.clock.advance(LAG_MAX_S / 4)
    assert town.chosen() is None, "it has not replayed what was written five seconds ago"
    town.servers[0].at = town.primary.at
    await town.standbys.look()
    assert town.chosen() == "s0"


async def test_a_quiet_primary_makes_nobody_late() -> None:
    town = Town()
    for _ in range(40):
        await town.standbys.look()
        town.clock.advance(1)
        assert town.chosen() == "s0"


async def test_without_the_primary_a_standby_answers_as_well_as_it_can() -> None:
    town = Town()
    await town.standbys.look()
    town.primary.answers = False
    for _ in range(20):
        town.clock.advance(1)
        await town.standbys.look()
    assert town.chosen(100) == "s0"
    assert town.chosen(101) is None
    with pytest.raises(Unavailable):
        await town.standbys.position()


@pytest.mark.parametrize("trouble", ["silent", "promoted", "resting", "not looked at"])
async def test_one_of_which_nothing_is_known_answers_nobody(trouble: str) -> None:
    town = Town()
    await town.standbys.look()
    if trouble == "not looked at":
        town.clock.advance(LOOKED_AT_LEAST_S + 0.1)
    elif trouble == "resting":
        town.standbys.all[0].rest()
    else:
        town.servers[0].answers = trouble != "silent"
        town.servers[0].at = None
        await town.standbys.look()
        await town.standbys.look()
    assert town.chosen() is None
    assert town.standbys.behind() == {"s0": None}
    town.servers[0].answers, town.servers[0].at = True, 100
    await town.standbys.look()
    assert town.chosen() == "s0"


async def test_how_far_each_is_behind_is_told_in_bytes() -> None:
    town = Town()
    assert town.standbys.behind() == {"s0": None}
    town.primary.at = 164
    await town.standbys.look()
    assert town.standbys.behind() == {"s0": 64}


async def test_a_primary_that_answers_nonsense_is_unavailable() -> None:
    town = Town()
    town.primary.at = None
    with pytest.raises(Unavailable):
        await town.standbys.position()


async def test_it_looks_again_and_again() -> None:
    town = Town()
    running = asyncio.ensure_future(town.standbys.run())
    try:
        async with asyncio.timeout(5):
            while town.chosen() is None:
                await asyncio.sleep(0)
            town.servers[0].at = town.primary.at = 200
            while town.chosen(200) is None:
                town.clock.advance(0.25)
                await asyncio.sleep(0)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
