from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from rialto.engines.memory_cache import MemoryCache
from rialto.kernel.cache import Cache, Entry, OneEntry
from rialto.kernel.clock import ManualClock
from rialto.kernel.errors import NotFound, Unavailable
from tests.support.values import seeded_ids

pytestmark = [pytest.mark.fast, pytest.mark.anyio]


class Shelf:
    """A cache, its clock, and a source that answers with how often it was asked."""

    def __init__(self, *, jitter: float = 0, stale_if_error_s: float = 0, size_max: int = 10) -> None:
        self.clock = ManualClock()
        self.cache: Cache[int] = Cache(
            MemoryCache[Entry[int]](size_max),
            self.clock,
            seeded_ids(),
            ttl_s=10,
            stale_if_error_s=stale_if_error_s,
            jitter=jitter,
        )
        self.asked = 0
        self.error: BaseException | None = None
        self.open = asyncio.Event()
        self.open.set()

    async def fetch(self) -> int:
        self.asked += 1
        answer = self.asked
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return answer

    async def get(self, key: str = "k") -> int:
        return await self.cache.get(key, self.fetch, tags=lambda _: ["tag", key])


async def test_an_answer_is_fresh_for_its_time() -> None:
    shelf = Shelf()
    assert await shelf.get() == 1
    shelf.clock.advance(9.9)
    assert await shelf.get() == 1
    assert shelf.cache.peek("k") == 1
    shelf.clock.advance(0.2)
    assert shelf.cache.peek("k") is None
    assert await shelf.get() == 2


async def test_peeking_at_what_was_never_kept_finds_nothing() -> None:
    assert Shelf().cache.peek("k") is None


async def test_however_many_wait_the_source_is_asked_once() -> None:
    shelf = Shelf()
    shelf.open.clear()
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(shelf.get()) for _ in range(50)]
        await asyncio.sleep(0)
        shelf.open.set()
    assert [task.result() for task in waiting] == [1] * 50
    assert shelf.asked == 1


async def test_all_who_wait_get_the_refusal_and_the_next_one_asks_again() -> None:
    shelf = Shelf()
    shelf.open.clear()
    shelf.error = NotFound()
    waiting = [asyncio.ensure_future(shelf.get()) for _ in range(3)]
    await asyncio.sleep(0)
    shelf.open.set()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(answer) for answer in answers] == [NotFound] * 3
    shelf.error = None
    assert await shelf.get() == 2


async def test_when_the_one_who_asked_is_cancelled_another_asks() -> None:
    shelf = Shelf()
    shelf.open.clear()
    waiting = [asyncio.ensure_future(shelf.get()) for _ in range(4)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    waiting[1].cancel()
    await asyncio.sleep(0)
    shelf.open.set()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(answer) for answer in answers[:2]] == [asyncio.CancelledError] * 2
    assert answers[2:] == [2, 2]
    assert shelf.asked == 2


async def test_a_stale_answer_is_better_than_none_for_a_while() -> None:
    shelf = Shelf(stale_if_error_s=60)
    await shelf.get()
    shelf.error = Unavailable()
    shelf.clock.advance(69)
    assert await shelf.get() == 1
    shelf.clock.advance(2)
    with pytest.raises(Unavailable):
        await shelf.get()


async def test_a_refusal_is_never_answered_with_something_stale() -> None:
    shelf = Shelf(stale_if_error_s=60)
    await shelf.get()
    shelf.clock.advance(11)
    shelf.error = NotFound()
    with pytest.raises(NotFound):
        await shelf.get()


async def test_what_was_invalidated_is_asked_for_again() -> None:
    shelf = Shelf(stale_if_error_s=60)
    await shelf.get("a")
    await shelf.get("b")
    shelf.cache.invalidate("a")
    shelf.error = Unavailable()
    with pytest.raises(Unavailable):
        await shelf.get("a")
    assert await shelf.get("b") == 2


async def test_an_answer_that_was_invalidated_on_its_way_is_not_kept() -> None:
    shelf = Shelf()
    shelf.open.clear()
    on_its_way = asyncio.ensure_future(shelf.get())
    await asyncio.sleep(0)
    shelf.cache.invalidate("tag")
    shelf.open.set()
    assert await on_its_way == 1
    assert await shelf.get() == 2


@pytest.mark.parametrize("forget", [Cache.clear, Cache.expire])
async def test_after_clearing_or_expiring_all_nothing_is_fresh(forget: Callable[[Cache[int]], None]) -> None:
    shelf = Shelf()
    await shelf.get()
    forget(shelf.cache)
    assert shelf.cache.peek("k") is None
    assert await shelf.get() == 2
    assert shelf.cache.peek("k") == 2


async def test_what_is_expired_may_still_help_out_and_what_is_cleared_not() -> None:
    shelf = Shelf(stale_if_error_s=60)
    await shelf.get()
    shelf.error = Unavailable()
    shelf.cache.expire()
    assert await shelf.get() == 1
    shelf.cache.clear()
    with pytest.raises(Unavailable):
        await shelf.get()


async def test_the_value_may_decide_how_long_it_is_fresh() -> None:
    shelf = Shelf()

    async def get(ttl_s: float) -> int:
        return await shelf.cache.get(str(ttl_s), shelf.fetch, ttl_s=lambda _: ttl_s)

    assert (await get(0), await get(0)) == (1, 2)
    assert (await get(2), await get(2)) == (3, 3)
    shelf.clock.advance(3)
    assert await get(2) == 4


async def test_times_to_live_differ_so_that_not_all_end_together() -> None:
    shelf = Shelf(jitter=0.5, size_max=200)
    for number in range(100):
        shelf.cache.put(str(number), number)
    shelf.clock.advance(4.9)
    assert all(shelf.cache.peek(str(number)) == number for number in range(100))
    shelf.clock.advance(2.6)
    assert 20 < sum(shelf.cache.peek(str(number)) is None for number in range(100)) < 80
    shelf.clock.advance(2.6)
    assert all(shelf.cache.peek(str(number)) is None for number in range(100))


async def test_a_cache_stays_within_its_bounds() -> None:
    shelf = Shelf(size_max=3)
    for number in range(10):
        shelf.cache.put(str(number), number)
    assert [shelf.cache.peek(str(number)) for number in range(10)] == [None] * 7 + [7, 8, 9]


async def test_flights_are_forgotten_when_they_land() -> None:
    shelf = Shelf()
    calls: list[Awaitable[int]] = [shelf.get(str(number)) for number in range(20)]
    await asyncio.gather(*calls)
    shelf.clock.advance(11)
    assert await shelf.get("3") == 21


async def test_a_cache_of_one_thing_forgets_it_only_when_told() -> None:
    cache: Cache[str] = Cache(OneEntry[Entry[str]](), ManualClock(), seeded_ids(), ttl_s=10)
    assert cache.peek("rules") is None
    cache.put("rules", "old", tags=["rules"])
    assert cache.peek("rules") == "old"
    cache.put("rules", "new")
    assert cache.peek("rules") == "new"
    cache.invalidate("rules")
    assert cache.peek("rules") is None
    cache.put("rules", "newer")
    cache.clear()
    assert cache.peek("rules") is None


async def test_what_is_put_for_no_time_is_not_kept() -> None:
    shelf = Shelf()
    shelf.cache.put("k", 1, ttl_s=0)
    assert shelf.cache.peek("k") is None
