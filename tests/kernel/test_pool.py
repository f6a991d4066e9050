from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from rialto.kernel.pool import Pool
from rialto.kernel.saturation import PoolState

pytestmark = [pytest.mark.fast, pytest.mark.anyio]


class Wire:
    """Stands for a connection."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.ended = False
        self.politely = False
        self.in_transaction = False

    def is_closed(self) -> bool:
        return self.ended

    def is_in_transaction(self) -> bool:
        return self.in_transaction

    def terminate(self) -> None:
        self.ended = True

    async def close(self, *, timeout: float) -> None:
        self.ended = self.politely = True


class Server:
    """Opens wires, one after the other; may refuse or take its time."""

    def __init__(self, *, size: int = 2, idle_close_s: float = 60) -> None:
        self.opened: list[Wire] = []
        self.refuse = False
        self.ready = asyncio.Event()
        self.ready.set()
        self.pool = Pool(self.open, size=size, idle_close_s=idle_close_s)

    async def open(self) -> Wire:
        await self.ready.wait()
        if self.refuse:
            raise ConnectionRefusedError
        self.opened.append(Wire(len(self.opened)))
        return self.opened[-1]

    async def take(self, count: int) -> list[Wire]:
        return [await self.pool.acquire() for _ in range(count)]


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_the_last_one_given_back_is_the_next_one_taken() -> None:
    server = Server()
    one, two = await server.take(2)
    server.pool.release(one, sound=True)
    server.pool.release(two, sound=True)
    assert await server.take(2) == [two, one]
    assert len(server.opened) == 2


async def test_no_more_than_its_size_are_open_and_who_finds_none_waits_in_line() -> None:
    server = Server(size=2)
    one, _ = await server.take(2)
    waiting = [asyncio.ensure_future(server.pool.acquire()) for _ in range(2)]
    await turns()
    assert not any(task.done() for task in waiting)
    server.pool.release(one, sound=True)
    assert await waiting[0] is one
    assert not waiting[1].done()
    server.pool.release(one, sound=True)
    assert await waiting[1] is one
    assert len(server.opened) == 2


@pytest.mark.parametrize("fault", ["not sound", "closed", "in a transaction"])
async def test_one_that_is_not_clean_is_dropped_and_the_next_gets_another(fault: str) -> None:
    server = Server(size=1)
    [wire] = await server.take(1)
    waiting = asyncio.ensure_future(server.pool.acquire())
    await turns()
    wire.ended = fault == "closed"
    wire.in_transaction = fault == "in a transaction"
    server.pool.release(wire, sound=fault != "not sound")
    assert wire.ended
    assert await waiting is not wire


async def test_one_that_ended_while_idle_is_replaced() -> None:
    server = Server(size=1)
    [wire] = await server.take(1)
    server.pool.release(wire, sound=True)
    wire.ended = True
    assert (await server.take(1))[0] is server.opened[1]


async def test_a_server_that_refuses_is_told_and_asked_again() -> None:
    server = Server(size=1)
    server.refuse = True
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            await server.pool.acquire()
    server.refuse = False
    assert await server.take(1) == server.opened


async def test_who_waits_behind_one_that_could_not_be_opened_tries_too() -> None:
    server = Server(size=1)
    server.refuse = True
    server.ready.clear()
    first, second = (asyncio.ensure_future(server.pool.acquire()) for _ in range(2))
    await turns()
    server.ready.set()
    answers = await asyncio.gather(first, second, return_exceptions=True)
    assert [type(answer) for answer in answers] == [ConnectionRefusedError] * 2


async def test_who_leaves_the_line_calls_the_next_one() -> None:
    server = Server(size=1)
    [wire] = await server.take(1)
    leaving, next_one = (asyncio.ensure_future(server.pool.acquire()) for _ in range(2))
    await turns()
    server.pool.release(wire, sound=True)
    leaving.cancel()
    assert await next_one is wire
    with pytest.raises(asyncio.CancelledError):
        await leaving
    gone = asyncio.ensure_future(server.pool.acquire())
    await turns()
    gone.cancel()
    await turns()
    server.pool.release(wire, sound=True)
    assert await server.take(1) == [wire]


async def test_one_whose_opening_was_cancelled_takes_no_room() -> None:
    server = Server(size=1)
    server.ready.clear()
    opening = asyncio.ensure_future(server.pool.acquire())
    await turns()
    opening.cancel()
    await turns()
    server.ready.set()
    assert len(await server.take(1)) == 1


async def test_closing_ends_the_free_ones_politely_and_the_others_when_they_come_back() -> None:
    server = Server(size=2)
    one, two = await server.take(2)
    waiting = asyncio.ensure_future(server.pool.acquire())
    await turns()
    server.pool.release(two, sound=True)
    assert await waiting is two
    server.pool.release(two, sound=True)
    await server.pool.close()
    assert two.politely
    assert not one.ended
    server.pool.release(one, sound=True)
    assert one.ended


@pytest.mark.parametrize("polite", [True, False])
async def test_who_waits_when_it_ends_is_told(polite: bool) -> None:
    server = Server(size=1)
    await server.take(1)
    waiting = [asyncio.ensure_future(server.pool.acquire()) for _ in range(2)]
    await turns()
    waiting[0].cancel()
    if polite:
        await server.pool.close()
    else:
        server.pool.terminate()
        assert server.opened[0].ended
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(answer) for answer in answers] == [asyncio.CancelledError, ConnectionError]


async def test_one_that_opens_after_the_end_is_ended() -> None:
    server = Server(size=1)
    server.ready.clear()
    opening = asyncio.ensure_future(server.pool.acquire())
    await turns()
    server.pool.terminate()
    server.ready.set()
    with pytest.raises(ConnectionError):
        await opening
    assert server.opened[0].ended


async def test_after_a_quiet_interval_nothing_is_kept_open() -> None:
    server = Server(size=3, idle_close_s=0)
    wires = await server.take(2)
    await give_back(server, wires)
    async with asyncio.timeout(10):
        while not all(wire.ended for wire in wires):
            await asyncio.sleep(0)
    [another] = await server.take(1)
    assert another not in wires


async def test_what_is_in_use_when_the_interval_ends_is_left_alone() -> None:
    server = Server(size=1, idle_close_s=0)
    [wire] = await server.take(1)
    await give_back(server, [wire])
    assert await server.take(1) == [wire]
    await turns(20)
    assert not wire.ended
    await server.pool.close()


async def give_back(server: Server, wires: Sequence[Wire]) -> None:
    for wire in wires:
        server.pool.release(wire, sound=True)


async def test_a_pool_tells_how_full_it_is_and_who_had_to_wait() -> None:
    server = Server(size=1)
    assert server.pool.state == PoolState(limit=1)
    (wire,) = await server.take(1)
    waiting = asyncio.ensure_future(server.pool.acquire())
    await turns()
    full = server.pool.state
    assert (full.open, full.in_use, full.waiting, full.waited) == (1, 1, 1, 0)
    server.pool.release(wire, sound=True)
    assert await waiting is wire
    server.pool.release(wire, sound=True)
    rested = server.pool.state
    assert (rested.open, rested.in_use, rested.waiting, rested.waited) == (1, 0, 0, 1)
    assert rested.waited_s > 0
