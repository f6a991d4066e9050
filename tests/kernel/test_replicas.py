from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from rialto.kernel.clock import ManualClock
from rialto.kernel.errors import Unavailable
from rialto.kernel.replicas import FAILURES_MAX, LEAVING_S, REST_S, REST_S_MAX, Replica, Replicas
from tests.support.values import seeded_ids

pytestmark = [pytest.mark.fast, pytest.mark.anyio]


class Names:
    """A name service that can be changed and be away."""

    def __init__(self, **found: Sequence[str]) -> None:
        self.found: dict[str, Sequence[str]] = dict(found)

    async def __call__(self, name: str) -> Sequence[str]:
        if name not in self.found:
            raise Unavailable
        return self.found[name]


class Group:
    def __init__(self, *addresses: str) -> None:
        self.clock = ManualClock()
        self.names = Names(sell=addresses)
        self.replicas = Replicas(["sell"], self.names, clock=self.clock, ids=seeded_ids())

    async def drawn(self, times: int = 200) -> Counter[str]:
        return Counter([(await self.replicas.choose()).address for _ in range(times)])

    async def one(self, address: str) -> Replica:
        await self.replicas.refresh()
        return next(replica for replica in self.replicas.known() if replica.address == address)


async def test_all_replicas_are_asked() -> None:
    group = Group("a", "b", "c")
    drawn = await group.drawn()
    assert drawn.keys() == {"a", "b", "c"}
    assert min(drawn.values()) > 40


async def test_of_two_the_less_busy_one_is_asked() -> None:
    group = Group("a", "b")
    (await group.one("a")).calls = 5
    drawn = await group.drawn()
    assert drawn["b"] > 130  # "a" only where both draws are "a"


async def test_one_that_keeps_failing_rests_and_comes_back() -> None:
    group = Group("a", "b")
    failing = await group.one("a")
    for _ in range(FAILURES_MAX - 1):
        failing.failed(group.clock.monotonic())
    assert (await group.drawn())["a"] > 0
    failing.failed(group.clock.monotonic())
    assert (await group.drawn())["a"] == 0
    group.clock.advance(REST_S + 0.1)
    assert (await group.drawn())["a"] > 0


async def test_rests_grow_and_end_with_the_first_answer() -> None:
    group = Group("a", "b")
    failing = await group.one("a")
    rests = []
    for _ in range(FAILURES_MAX + 8):
        failing.failed(now := group.clock.monotonic())
        if failing.rests_until > now:
            rests.append(failing.rests_until - now)
    assert rests[:3] == [REST_S, 2 * REST_S, 4 * REST_S]
    assert max(rests) == REST_S_MAX
    failing.answered()
    failing.failed(group.clock.monotonic() + 100)
    assert failing.rests_until < group.clock.monotonic() + 100


async def test_when_all_rest_all_are_asked() -> None:
    group = Group("a", "b")
    for address in ("a", "b"):
        (await group.one(address)).leaves(group.clock.monotonic())
    assert (await group.drawn()).keys() == {"a", "b"}


async def test_one_that_leaves_gets_nothing_more() -> None:
    group = Group("a", "b")
    (await group.one("a")).leaves(group.clock.monotonic())
    assert (await group.drawn()).keys() == {"b"}
    group.clock.advance(LEAVING_S + 1)
    assert (await group.drawn()).keys() == {"a", "b"}


async def test_new_replicas_get_work_and_gone_ones_none() -> None:
    group = Group("a", "b")
    busy = await group.one("b")
    busy.calls = 3
    group.names.found["sell"] = ["b", "c"]
    await group.replicas.refresh()
    assert {replica.address for replica in group.replicas.known()} == {"b", "c"}
    assert await group.one("b") is busy


async def test_while_names_cannot_be_looked_up_the_known_ones_stay() -> None:
    group = Group("a")
    await group.replicas.refresh()
    group.names.found.clear()
    await group.replicas.refresh()
    assert (await group.replicas.choose()).address == "a"
    group.names.found["sell"] = []
    await group.replicas.refresh()
    assert (await group.replicas.choose()).address == "a"


async def test_without_any_replica_nothing_can_be_asked() -> None:
    with pytest.raises(Unavailable):
        await Group().replicas.choose()
    group = Group("a")
    only = await group.one("a")
    with pytest.raises(Unavailable):
        await group.replicas.choose([only])


async def test_several_names_are_one_group() -> None:
    clock = ManualClock()
    replicas = Replicas(["x", "y"], Names(x=["a"], y=["b", "c"]), clock=clock, ids=seeded_ids())
    await replicas.refresh()
    assert {replica.address for replica in replicas.known()} == {"a", "b", "c"}
    half = Replicas(["x", "away"], Names(x=["a"]), clock=clock, ids=seeded_ids())
    with pytest.raises(Unavailable):
        await half.choose()
