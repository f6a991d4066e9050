"""What every engine of the key-value port promises: the one in the process, and the one that speaks to Valkey and Redis,
each against a server that this test starts. What only a server can suffer is in tests/engines/test_redis_keyvalue.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from rialto.engines.memory_keyvalue import MemoryKeyValues
from rialto.engines.redis_keyvalue import RedisKeyValues
from rialto.kernel.clock import ManualClock, SystemClock
from rialto.kernel.keyvalue import VALUE_BYTES_MAX, KeyValueAddress, KeyValues
from rialto.kernel.telemetry import Metrics
from tests.support.key_value_servers import KeyValueServer, find_server, key_value_server

pytestmark = pytest.mark.anyio

SLOWLY = 1e-6  # tokens per second: none comes back while a test runs
LONG_S = 60.0


class Stores:
    """Two callers of the same entries, as two processes are; and how time passes for them."""

    def __init__(
        self, one: KeyValues, other: KeyValues, pass_time: Callable[[float], Awaitable[None]]
    ) -> None:
        self.one = one
        self.other = other
        self.pass_time = pass_time


@pytest.fixture(params=[pytest.param("memory", marks=pytest.mark.fast), "valkey", "redis"])
async def stores(request: pytest.FixtureRequest, servers: Servers) -> AsyncIterator[Stores]:
    opening = in_memory() if request.param == "memory" else at_server(servers.of(request.param))
    async with opening as found:
        yield found


class Servers:
    """Each is started for the first test that wants it."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self._running: dict[str, KeyValueServer] = {}

    def of(self, name: str) -> KeyValueServer:
        if name not in self._running:
            program = find_server(name)
            if program is None:
                pytest.skip(f"there is no {name}-server on this machine")
            self._running[name] = self._stack.enter_context(key_value_server(program))
        return self._running[name]


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    stack = AsyncExitStack()
    try:
        yield Servers(stack)
    finally:
        asyncio.run(stack.aclose())


@asynccontextmanager
async def in_memory() -> AsyncIterator[Stores]:
    clock = ManualClock()
    engine = MemoryKeyValues(clock)

    async def pass_time(seconds: float) -> None:
        clock.advance(seconds)

    yield Stores(engine, engine, pass_time)


@asynccontextmanager
async def at_server(server: KeyValueServer) -> AsyncIterator[Stores]:
    server.ask("FLUSHALL")
    one, other = (
        RedisKeyValues(
            KeyValueAddress(host="127.0.0.1", port=server.port),
            secret="secret",
            clock=SystemClock(),
            metrics=Metrics(),
            limit_s=5.0,  # this machine may be busy; how long a call may take is tried elsewhere
        )
        for _ in range(2)
    )

    async def pass_time(seconds: float) -> None:
        """Asks until the server's own clock has moved so far."""
        end = server_time(server) + seconds
        while server_time(server) <= end:
            await one.get("what time is it")

    try:
        yield Stores(one, other, pass_time)
    finally:
        await one.close()
        await other.close()


def server_time(server: KeyValueServer) -> float:
    seconds, microseconds = server.ask("TIME")
    return int(seconds) + int(microseconds) / 1_000_000


async def test_what_was_put_is_found_by_all_and_what_was_not_is_none(stores: Stores) -> None:
    assert await stores.one.put("a", b"1", ttl_s=LONG_S)
    assert await stores.other.put("b", b"", ttl_s=LONG_S)
    assert await stores.other.get("a") == b"1"
    assert await stores.one.get("b") == b""
    assert await stores.one.get("c") is None
    assert await stores.one.get_many(["a", "b", "c", "a"]) == {"a": b"1", "b": b""}
    assert await stores.one.get_many([]) == {}


async def test_a_second_value_replaces_the_first(stores: Stores) -> None:
    await stores.one.put("a", b"1", ttl_s=LONG_S)
    await stores.other.put("a", b"2", ttl_s=LONG_S)
    assert await stores.one.get("a") == b"2"


@pytest.mark.parametrize("key", ["", " ", "a\nb\r\nc", "straße/★", "\ud800", "a:b{c}*?", "x" * 5000])
async def test_any_text_is_a_key_and_any_bytes_are_a_value(stores: Stores, key: str) -> None:
    value = bytes(range(256)) + b"\r\n$-1\r\n"
    await stores.one.put(key, value, ttl_s=LONG_S)
    assert await stores.other.get(key) == value
    assert await stores.other.get(f"{key}.") is None


async def test_the_largest_value_fits_and_a_larger_one_is_refused(stores: Stores) -> None:
    await stores.one.put("large", b"x" * VALUE_BYTES_MAX, ttl_s=LONG_S)
    assert len(await stores.other.get("large") or b"") == VALUE_BYTES_MAX
    with pytest.raises(ValueError, match="bytes"):
        await stores.one.put("larger", b"x" * (VALUE_BYTES_MAX + 1), ttl_s=LONG_S)


@pytest.mark.parametrize("ttl_s", [0, -1])
async def test_a_time_that_is_none_is_refused(stores: Stores, ttl_s: float) -> None:
    with pytest.raises(ValueError, match="some time"):
        await stores.one.put("a", b"1", ttl_s=ttl_s)
    with pytest.raises(ValueError, match="some time"):
        await stores.one.add("a", 1, ttl_s=ttl_s)


async def test_a_value_ends_with_its_time_and_no_earlier(stores: Stores) -> None:
    await stores.one.put("short", b"1", ttl_s=0.2)
    await stores.one.put("long", b"1", ttl_s=LONG_S)
    await stores.one.put("again", b"1", ttl_s=0.2)
    await stores.one.put("again", b"2", ttl_s=LONG_S)
    assert await stores.other.get("short") == b"1"
    await stores.pass_time(0.21)
    assert await stores.other.get_many(["short", "long", "again"]) == {"long": b"1", "again": b"2"}


async def test_of_many_who_put_only_if_absent_one_does(stores: Stores) -> None:
    async def put(number: int) -> bool:
        store = stores.one if number % 2 else stores.other
        return await store.put("a", str(number).encode(), ttl_s=LONG_S, only_if_absent=True)

    done = await asyncio.gather(*(put(number) for number in range(50)))
    assert sum(done) == 1
    assert await stores.one.get("a") == str(done.index(True)).encode()


async def test_after_its_end_a_value_is_absent_for_who_asks_for_that(stores: Stores) -> None:
    await stores.one.put("a", b"1", ttl_s=0.1)
    assert not await stores.other.put("a", b"2", ttl_s=LONG_S, only_if_absent=True)
    await stores.pass_time(0.11)
    assert await stores.other.put("a", b"3", ttl_s=LONG_S, only_if_absent=True)
    assert await stores.one.get("a") == b"3"


async def test_values_counts_and_buckets_of_one_key_are_apart_and_dropped_together(stores: Stores) -> None:
    async def all_of(key: str) -> tuple[bytes | None, int, float]:
        return (
            await stores.one.get(key),
            await stores.one.add(key, 1, ttl_s=LONG_S),
            await stores.one.take(key, per_s=SLOWLY, burst=1),
        )

    await stores.one.put("a", b"1", ttl_s=LONG_S)
    assert await all_of("a") == (b"1", 1, 0.0)
    value, count, wait_s = await all_of("a")
    assert (value, count, wait_s > 0) == (b"1", 2, True)
    await stores.other.drop(["a", "unknown"])
    assert await all_of("a") == (None, 1, 0.0)
    await stores.other.drop([])


async def test_a_count_is_exact_whoever_adds(stores: Stores) -> None:
    async def add(number: int) -> int:
        return await (stores.one if number % 2 else stores.other).add("n", 1, ttl_s=LONG_S)

    counts = await asyncio.gather(*(add(number) for number in range(200)))
    assert sorted(counts) == list(range(1, 201))
    assert await stores.one.add("n", -150, ttl_s=LONG_S) == 50


async def test_a_count_ends_by_its_first_addition_and_then_begins_anew(stores: Stores) -> None:
    assert await stores.one.add("n", 5, ttl_s=0.2) == 5
    await stores.pass_time(0.1)
    await stores.other.add("n", 2, ttl_s=LONG_S)
    await stores.pass_time(0.11)
    assert await stores.one.add("n", 1, ttl_s=LONG_S) == 1


async def test_a_bucket_gives_its_burst_whoever_takes_and_however_many_at_once(stores: Stores) -> None:
    async def take(number: int) -> float:
        return await (stores.one if number % 2 else stores.other).take("b", per_s=SLOWLY, burst=50)

    waits = await asyncio.gather(*(take(number) for number in range(200)))
    assert waits.count(0.0) == 50


async def test_who_is_refused_is_told_when_and_costs_nothing(stores: Stores) -> None:
    assert await stores.one.take("b", per_s=5, burst=2, cost=2) == 0.0
    for _ in range(10):
        wait_s = await stores.other.take("b", per_s=5, burst=2)
        assert 0 < wait_s <= 0.2
    await stores.pass_time(wait_s + 0.001)
    assert await stores.one.take("b", per_s=5, burst=2) == 0.0


async def test_a_long_silence_gives_one_burst_and_no_more(stores: Stores) -> None:
    await stores.one.take("b", per_s=20, burst=2, cost=2)
    await stores.pass_time(0.3)
    assert [await stores.one.take("b", per_s=20, burst=2, cost=2) > 0 for _ in range(2)] == [False, True]


async def test_a_cost_above_the_burst_passes_when_the_bucket_is_full(stores: Stores) -> None:
    assert await stores.one.take("b", per_s=SLOWLY, burst=3, cost=10) == 0.0
    assert await stores.one.take("b", per_s=SLOWLY, burst=3) > 0


async def test_what_is_charged_is_taken_whether_it_is_there_or_not(stores: Stores) -> None:
    assert await stores.one.charge("b", per_s=0.1, burst=10, cost=4) == 0.0
    wait_s = await stores.other.charge("b", per_s=0.1, burst=10, cost=11)
    assert wait_s == pytest.approx(60, abs=2)  # five are owed, and one is to be there
    assert await stores.one.take("b", per_s=0.1, burst=10) == pytest.approx(60, abs=2)


async def test_a_bucket_owes_one_burst_at_most(stores: Stores) -> None:
    wait_s = await stores.one.charge("b", per_s=0.1, burst=10, cost=1000)
    assert wait_s == pytest.approx(110, abs=2)


@pytest.mark.parametrize(("per_s", "burst", "cost"), [(0, 1, 1), (1, 0.5, 1), (1, 1, 0), (1, 1, -1)])
async def test_a_bucket_that_could_never_work_is_refused(
    stores: Stores, per_s: float, burst: float, cost: float
) -> None:
    with pytest.raises(ValueError, match="bucket"):
        await stores.one.take("b", per_s=per_s, burst=burst, cost=cost)
    with pytest.raises(ValueError, match="bucket"):
        await stores.one.charge("b", per_s=per_s, burst=burst, cost=cost)


async def test_who_asks_at_the_same_time_gets_the_own_answer(stores: Stores) -> None:
    keys = [f"key {number}" for number in range(300)]
    await asyncio.gather(*(stores.one.put(key, key.encode(), ttl_s=LONG_S) for key in keys))
    found = await asyncio.gather(*(stores.other.get(key) for key in keys))
    assert found == [key.encode() for key in keys]


async def test_checking_finds_nothing_wrong(stores: Stores) -> None:
    await stores.one.check()


@pytest.mark.fast
async def test_memory_is_bounded_and_what_was_unused_for_longest_goes_first() -> None:
    engine = MemoryKeyValues(ManualClock(), size_max=3)
    for key in "abc":
        await engine.put(key, key.encode(), ttl_s=LONG_S)
    await engine.get("a")
    await engine.put("d", b"d", ttl_s=LONG_S)
    assert sorted(await engine.get_many(list("abcd"))) == ["a", "c", "d"]
    for number in range(10):
        await engine.add(str(number), 1, ttl_s=LONG_S)
        await engine.take(str(number), per_s=SLOWLY, burst=1)
    assert await engine.add("0", 1, ttl_s=LONG_S) == 1
    assert await engine.take("9", per_s=SLOWLY, burst=1) > 0
    assert await engine.take("0", per_s=SLOWLY, burst=1) == 0.0
