from __future__ import annotations

import msgspec
import pytest

from rialto.engines.memory_cache import MemoryCache
from rialto.engines.memory_keyvalue import MemoryKeyValues
from rialto.kernel.cache import Cache, Entry
from rialto.kernel.clock import ManualClock
from rialto.kernel.errors import NotFound, Unavailable
from rialto.kernel.shared_answers import SharedAnswers
from tests.support.values import seeded_ids

pytestmark = [pytest.mark.fast, pytest.mark.anyio]

TTL_S = 10.0


class Server(MemoryKeyValues):
    """What processes share; `away` while it does not answer."""

    shared = True
    away = False

    async def get(self, key: str) -> bytes | None:
        self._answer()
        return await super().get(key)

    async def put(self, key: str, value: bytes, *, ttl_s: float, only_if_absent: bool = False) -> bool:
        self._answer()
        self.last = key
        return await super().put(key, value, ttl_s=ttl_s, only_if_absent=only_if_absent)

    def _answer(self) -> None:
        if self.away:
            raise Unavailable


class Process:
    """A cache with what it has taken in of the events, and a source that says how often it was asked."""

    def __init__(
        self, server: Server, clock: ManualClock, *, name: str = "t:1", secret: str = "secret"
    ) -> None:
        self.known: dict[int, int] | None = {0: 5, 1: 7}
        self.asked = 0
        self.error: Exception | None = None
        self.cache: Cache[str] = Cache(
            MemoryCache[Entry[str]](10), clock, seeded_ids(), ttl_s=TTL_S, stale_if_error_s=100, jitter=0
        )
        self.beyond: SharedAnswers[str] = SharedAnswers(
            name,
            server,
            secret=secret,
            clock=clock,
            encode=msgspec.msgpack.encode,
            decode=lambda packed: msgspec.msgpack.decode(packed, type=str),
            as_of=lambda: self.known,
        )

    async def get(self, key: str = "k", *, ttl_s: float = TTL_S) -> str:
        async def fetch() -> str:
            self.asked += 1
            if self.error is not None:
                raise self.error
            return f"{key} as of {self.known}"

        return await self.cache.get(key, fetch, ttl_s=lambda _: ttl_s, beyond=self.beyond)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def server(clock: ManualClock) -> Server:
    return Server(clock)


async def test_what_one_process_made_another_need_not_make(server: Server, clock: ManualClock) -> None:
    one, other = Process(server, clock), Process(server, clock)
    assert await one.get() == await other.get()
    assert await other.get("another") == await one.get("another")
    assert (one.asked, other.asked) == (1, 1)


async def test_its_time_runs_from_when_it_was_made(server: Server, clock: ManualClock) -> None:
    one, other = Process(server, clock), Process(server, clock)
    await one.get()
    clock.advance(TTL_S - 1)
    await other.get()
    assert other.cache.peek("k") is not None
    clock.advance(1.1)
    assert other.cache.peek("k") is None
    await other.get()
    assert other.asked == 1


async def test_what_ends_in_a_moment_is_made_anew(server: Server, clock: ManualClock) -> None:
    one, other = Process(server, clock), Process(server, clock)
    await one.get()
    clock.advance(TTL_S - 0.1)
    await other.get()
    assert other.asked == 1


async def test_nothing_is_taken_over_from_who_knew_less(server: Server, clock: ManualClock) -> None:
    behind, ahead = Process(server, clock), Process(server, clock)
    await behind.get()
    ahead.known = {0: 5, 1: 8}
    assert await ahead.get() == "k as of {0: 5, 1: 8}"
    assert ahead.asked == 1
    later = Process(server, clock)  # and who is behind takes what is newer
    assert await later.get() == "k as of {0: 5, 1: 8}"
    assert later.asked == 0


async def test_what_was_known_counts_from_before_it_was_made(server: Server, clock: ManualClock) -> None:
    one, other = Process(server, clock), Process(server, clock)

    async def fetch() -> str:
        one.known = {0: 9, 1: 9}  # news come while it is being made: it may not have them
        return "old"

    assert await one.cache.get("k", fetch, beyond=one.beyond) == "old"
    other.known = {0: 9, 1: 9}
    assert await other.get() == "k as of {0: 9, 1: 9}"


async def test_who_does_not_know_what_it_knows_shares_nothing(server: Server, clock: ManualClock) -> None:
    one, other = Process(server, clock), Process(server, clock)
    one.known = None
    await one.get()
    await other.get()
    assert (one.asked, other.asked) == (1, 1)
    third = Process(server, clock)
    third.known = None
    await third.get()
    assert third.asked == 1


async def test_what_was_invalidated_meanwhile_is_not_shared(server: Server, clock: ManualClock) -> None:
    one, other = Process(server, clock), Process(server, clock)

    async def fetch() -> str:
        one.cache.expire()
        return "old"

    await one.cache.get("k", fetch, beyond=one.beyond)
    await other.get()
    assert other.asked == 1


async def test_what_is_not_kept_is_not_shared_and_errors_are_not_either(
    server: Server, clock: ManualClock
) -> None:
    one, other = Process(server, clock), Process(server, clock)
    await one.get(ttl_s=0)
    await other.get()
    assert other.asked == 1
    one.error = NotFound()
    with pytest.raises(NotFound):
        await one.get("none")
    await other.get("none")
    assert other.asked == 2


async def test_without_the_server_each_makes_its_own(server: Server, clock: ManualClock) -> None:
    one, other = Process(server, clock), Process(server, clock)
    server.away = True
    assert await one.get() == await other.get()
    assert (one.asked, other.asked) == (1, 1)


async def test_an_old_answer_of_ones_own_is_served_when_making_fails(
    server: Server, clock: ManualClock
) -> None:
    one = Process(server, clock)
    made = await one.get()
    clock.advance(TTL_S + 1)
    one.error = Unavailable()
    assert await one.get() == made


async def test_another_release_reads_nothing_of_it(server: Server, clock: ManualClock) -> None:
    one, newer = Process(server, clock), Process(server, clock, name="t:2")
    await one.get()
    await newer.get()
    assert newer.asked == 1


async def test_words_that_the_shop_did_not_say_are_not_repeated(server: Server, clock: ManualClock) -> None:
    one, stranger = Process(server, clock), Process(server, clock, secret="another")
    await one.get()
    await stranger.get()
    assert stranger.asked == 1
    genuine = await Process(server, clock, secret="another").get()  # what the stranger saved since
    assert genuine == "k as of {0: 5, 1: 7}"


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "swap"])
async def test_what_was_damaged_or_swapped_is_made_anew(
    server: Server, clock: ManualClock, damage: str
) -> None:
    one, other = Process(server, clock), Process(server, clock)
    await one.get("other")
    swapped = await server.get(server.last)
    await one.get()
    sealed = await server.get(server.last)
    assert sealed is not None
    assert swapped is not None
    changed = {"flip": sealed[:-1] + b"!", "cut": sealed[:-1], "empty": b"", "swap": swapped}[damage]
    await server.put(server.last, changed, ttl_s=TTL_S)
    assert await other.get() == "k as of {0: 5, 1: 7}"
    assert other.asked == 1


async def test_a_shape_that_is_not_understood_is_made_anew(server: Server, clock: ManualClock) -> None:
    one = Process(server, clock)
    one.beyond._encode = lambda _: msgspec.msgpack.encode(7)
    other = Process(server, clock)
    await one.get()
    await other.get()
    assert other.asked == 1


async def test_what_is_too_large_is_not_shared(server: Server, clock: ManualClock) -> None:
    one, other = Process(server, clock), Process(server, clock)
    one.beyond._encode = lambda _: b"x" * 1_000_000
    await one.get()
    await other.get()
    assert other.asked == 1
