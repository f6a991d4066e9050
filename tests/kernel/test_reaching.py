"""Whether the database answers: two questions without an answer, one with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rialto.kernel.clock import ManualClock
from rialto.kernel.errors import InvariantBroken, Unavailable
from rialto.kernel.pool import Pool
from rialto.kernel.reaching import NOTE_EVERY_S, Outage, Reach, ask

pytestmark = pytest.mark.fast


class Server:
    """Answers, refuses or hangs."""

    def __init__(self) -> None:
        self.does: Callable[[], None] | None = None
        self.hangs = False
        self.asked = 0

    async def __call__(self) -> None:
        self.asked += 1
        if self.hangs:
            raise TimeoutError  # what asyncio.timeout around it makes of that
        if self.does is not None:
            self.does()


def refuse() -> None:
    raise Unavailable


def test_one_question_without_an_answer_means_nothing() -> None:
    async def check() -> None:
        server = Server()
        reach = Reach(server, ManualClock())
        server.does = refuse
        assert not await reach.look()
        reach.check()
        assert reach.outage is None

    asyncio.run(check())


def test_two_in_a_row_mean_that_it_is_away_and_one_answer_that_it_is_back() -> None:
    async def check() -> None:
        server, clock, told = Server(), ManualClock(), list[str]()
        reach = Reach(server, clock)
        reach.when_away(lambda: told.append("away"))
        reach.when_changed(lambda: told.append("changed"))
        await reach.look()
        at = clock.now()
        clock.advance(1)
        server.hangs = True
        for _ in range(4):
            await reach.look()
        assert told == ["away", "changed"]
        assert reach.outage == Outage(as_of=at)
        with pytest.raises(Unavailable) as refused:
            reach.check()
        assert refused.value.retry_after_s
        server.hangs = False
        assert await reach.look()
        assert told == ["away", "changed", "changed"]
        assert reach.outage is None
        reach.check()

    asyncio.run(check())


def test_an_answer_between_two_failures_begins_the_count_anew() -> None:
    async def check() -> None:
        server = Server()
        reach = Reach(server, ManualClock())
        for does in (refuse, None, refuse):
            server.does = does
            await reach.look()
        assert reach.outage is None

    asyncio.run(check())


def test_a_bug_is_not_taken_for_an_outage() -> None:
    async def check() -> None:
        server = Server()

        def break_() -> None:
            raise InvariantBroken

        server.does = break_
        with pytest.raises(InvariantBroken):
            await Reach(server, ManualClock()).look()

    asyncio.run(check())


def test_it_asks_again_and_again(tmp_path: Path) -> None:
    async def check() -> None:
        server = Server()
        running = asyncio.ensure_future(Reach(server, ManualClock()).run())
        while server.asked < 3:
            await asyncio.sleep(0)
            server.does = refuse
        running.cancel()
        assert isinstance((await asyncio.gather(running, return_exceptions=True))[0], asyncio.CancelledError)

    asyncio.run(check())


def test_who_is_started_during_an_outage_knows_from_when_the_last_answer_is(tmp_path: Path) -> None:
    note = tmp_path / "reached"
    clock = ManualClock()

    async def first() -> datetime:
        reach = Reach(Server(), clock, note=note)
        await reach.look()
        noted = clock.now()
        clock.advance(NOTE_EVERY_S / 2)
        await reach.look()  # too soon to be written down again
        return noted

    async def second() -> Outage | None:
        server = Server()
        server.does = refuse
        reach = Reach(server, clock, note=note)
        running = asyncio.ensure_future(reach.run())
        while reach.outage is None:
            await asyncio.sleep(0)
        running.cancel()
        return reach.outage

    noted = asyncio.run(first())
    assert asyncio.run(second()) == Outage(as_of=noted)


@pytest.mark.parametrize("written", ["no time at all", "2026-01-05T09:00:00"])
def test_a_note_that_says_nothing_is_as_good_as_none(tmp_path: Path, written: str) -> None:
    note = tmp_path / "reached"
    note.write_text(written)
    assert Reach(Server(), ManualClock(), note=note)._remembered() is None


def test_a_note_in_another_zone_is_the_same_moment(tmp_path: Path) -> None:
    note = tmp_path / "reached"
    note.write_text("2026-01-05T10:00:00+01:00")
    found = Reach(Server(), ManualClock(), note=note)._remembered()
    assert found == datetime(2026, 1, 5, 9, tzinfo=UTC)


def test_a_disk_that_refuses_the_note_stops_nothing(tmp_path: Path) -> None:
    reach = Reach(Server(), ManualClock(), note=tmp_path / "not" / "there")
    assert asyncio.run(reach.look())
    assert reach._remembered() is None


class Connection:
    def __init__(self, fails: bool = False) -> None:
        self.fails = fails
        self.closed = False

    async def execute(self, _sql: str) -> str:
        if self.fails:
            raise OSError("gone")
        return "SELECT 1"

    def is_closed(self) -> bool:
        return self.closed

    def is_in_transaction(self) -> bool:
        return False

    def terminate(self) -> None:
        self.closed = True


def pool_of(open_one: Callable[[], Any]) -> Pool:
    async def opened() -> Any:
        return open_one()

    return Pool(opened, size=1, idle_close_s=60)


def test_asking_gives_the_connection_back() -> None:
    async def check() -> None:
        connection = Connection()
        pool = pool_of(lambda: connection)
        await ask(pool)
        assert await pool.acquire() is connection
        pool.release(connection, sound=True)
        pool.terminate()

    asyncio.run(check())


def test_asking_drops_a_connection_that_did_not_answer() -> None:
    async def check() -> None:
        connection = Connection(fails=True)
        with pytest.raises(Unavailable):
            await ask(pool_of(lambda: connection))
        assert connection.closed

    asyncio.run(check())


def test_asking_where_no_connection_can_be_had() -> None:
    def refused() -> Any:
        raise ConnectionRefusedError

    with pytest.raises(Unavailable):
        asyncio.run(ask(pool_of(refused)))


def test_a_pool_lets_go_of_what_lies_ready_and_of_who_waits() -> None:
    async def check() -> None:
        made: list[Connection] = []

        def another() -> Connection:
            made.append(Connection())
            return made[-1]

        pool = Pool(_async(another), size=2, idle_close_s=60)
        used, free = await pool.acquire(), await pool.acquire()
        waiting = asyncio.ensure_future(pool.acquire())
        await asyncio.sleep(0)
        pool.let_go()
        with pytest.raises(ConnectionError):
            await waiting
        pool.release(free, sound=True)
        pool.let_go()
        assert free.closed
        assert not used.closed
        pool.release(used, sound=True)
        pool.terminate()

    asyncio.run(check())


def _async(make: Callable[[], Any]) -> Callable[[], Any]:
    async def made() -> Any:
        return make()

    return made
