"""What only a server can suffer: killed, paused, emptied, full, wrongly addressed, spoken to by TLS. The bounds of the tests
are wide, since machines are busy; the engine's own are told by its settings."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from rialto.engines.redis_keyvalue import FAILURES_MIN, REST_S, STUCK_S, RedisKeyValues
from rialto.kernel.clock import ManualClock
from rialto.kernel.errors import Unavailable
from rialto.kernel.limits import SharedLimiter, Throttle
from rialto.kernel.telemetry import Metrics
from tests.engines.key_value_clients import PATIENT_S, client_of, program, server
from tests.support.key_value_servers import KeyValueServer, key_value_server

pytestmark = pytest.mark.anyio

__all__ = ["program", "server"]

LONG_S = 60.0
SLOWLY = 1e-6
# Of calls that must not be the reason of a failure; and how long a call may have taken that waits for LIMIT_S.
AT_ONCE_S = 2.0


async def fails(engine: RedisKeyValues) -> None:
    """One call, which is told so before long."""
    begun = time.monotonic()
    with pytest.raises(Unavailable):
        await engine.get("a")
    assert time.monotonic() - begun < AT_ONCE_S


async def until_answered(engine: RedisKeyValues, clock: ManualClock) -> bytes | None:
    """The first answer. The clock that counts the rests is moved, nothing is waited for."""
    for _ in range(50):
        clock.advance(REST_S)
        try:
            return await engine.get("a")
        except Unavailable:
            continue
    raise AssertionError("the server is back and nobody asks it")


def outcome(metrics: Metrics, name: str) -> float:
    return metrics.registry.get_sample_value("rialto_key_values_total", {"outcome": name}) or 0.0


def resting(metrics: Metrics) -> float | None:
    return metrics.registry.get_sample_value("rialto_key_values_resting")


async def test_killed_it_costs_some_short_failures_then_nothing_and_it_comes_back(
    server: KeyValueServer,
) -> None:
    clock, metrics = ManualClock(), Metrics()
    async with client_of(server, clock=clock, metrics=metrics) as engine:
        await engine.put("a", b"1", ttl_s=LONG_S)
        assert await engine.take("b", per_s=SLOWLY, burst=1) == 0.0
        server.kill()
        for _ in range(FAILURES_MIN):
            await fails(engine)
        assert (outcome(metrics, "failed"), outcome(metrics, "resting"), resting(metrics)) == (3, 0, 1)
        for _ in range(20):
            await fails(engine)
        assert (outcome(metrics, "failed"), outcome(metrics, "resting")) == (3, 20)
        server.start()
        assert await until_answered(engine, clock) is None
        assert resting(metrics) == 0
        assert await engine.take("b", per_s=SLOWLY, burst=1) == 0.0  # the script is unknown to the new one
        assert (outcome(metrics, "hit"), outcome(metrics, "miss")) == (0, 1)


async def test_a_single_restart_is_not_even_noticed(server: KeyValueServer) -> None:
    async with client_of(server) as engine:
        await engine.put("a", b"1", ttl_s=LONG_S)
        server.kill()
        server.start()
        # The first may meet the old connection; a shop without an answer goes on.
        for _ in range(FAILURES_MIN - 1):
            try:
                assert await engine.get("a") is None
            except Unavailable:
                continue
        assert await engine.get("a") is None


async def test_paused_a_call_waits_for_its_bound_and_not_longer(server: KeyValueServer) -> None:
    clock, metrics = ManualClock(), Metrics()
    async with client_of(server, clock=clock, metrics=metrics, limit_s=PATIENT_S) as patient:
        await patient.put("a", b"1", ttl_s=LONG_S)
        async with client_of(server, clock=clock, metrics=metrics, limit_s=0.1) as engine:
            assert await patient.get("a") == b"1"
            server.pause()
            for _ in range(FAILURES_MIN + 5):
                await fails(engine)
            assert outcome(metrics, "resting") == 5
            server.go_on()
            assert await until_answered(engine, clock) == b"1"


async def test_a_connection_that_has_been_silent_for_long_is_given_up(server: KeyValueServer) -> None:
    """The other end may be gone without a word, and every packet to it be lost: a new connection finds the way."""
    clock = ManualClock()
    async with client_of(server, clock=clock, limit_s=0.1) as engine:
        await until_answered(engine, clock)
        before = clients_of(server)
        server.pause()
        await fails(engine)
        clock.advance(STUCK_S + 0.1)
        await fails(engine)
        server.go_on()
        await until_answered(engine, clock)
        assert not before & clients_of(server)


def clients_of(server: KeyValueServer) -> set[str]:
    """The ids of connections, without the one that asks."""
    lines = [line for line in "\n".join(server.ask("CLIENT", "LIST")).split("\n") if "cmd=client" not in line]
    return {line.split(" ")[0] for line in lines if line.startswith("id=")}


async def test_emptied_it_has_forgotten_and_goes_on(server: KeyValueServer) -> None:
    async with client_of(server) as engine:
        await engine.put("a", b"1", ttl_s=LONG_S)
        await engine.add("a", 5, ttl_s=LONG_S)
        await engine.take("a", per_s=SLOWLY, burst=1)
        server.ask("FLUSHALL")
        server.ask("SCRIPT", "FLUSH")
        assert await engine.get("a") is None
        assert await engine.add("a", 1, ttl_s=LONG_S) == 1
        assert await engine.take("a", per_s=SLOWLY, burst=1) == 0.0


async def test_full_it_refuses_and_that_is_no_more_than_an_absence(program: Path) -> None:
    options = ("--maxmemory", "3mb", "--maxmemory-policy", "noeviction")
    with key_value_server(program, *options) as server:
        async with client_of(server, clock=ManualClock()) as engine:
            puts = (engine.put(str(number), b"x" * 200_000, ttl_s=LONG_S) for number in range(20))
            answers = await asyncio.gather(*puts, return_exceptions=True)
            assert any(isinstance(answer, Unavailable) for answer in answers)
            assert answers[0] is True


async def test_a_caller_who_leaves_disturbs_nobody(server: KeyValueServer) -> None:
    async with client_of(server) as engine:
        for number in range(20):
            await engine.put(str(number), str(number).encode(), ttl_s=LONG_S)
        server.pause()
        asked = [asyncio.ensure_future(engine.get(str(number))) for number in range(20)]
        for _ in range(5):
            await asyncio.sleep(0)
        for one in asked[::2]:
            one.cancel()
        server.go_on()
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert answers[1::2] == [str(number).encode() for number in range(1, 20, 2)]
        assert all(isinstance(answer, asyncio.CancelledError) for answer in answers[::2])
        assert len(clients_of(server)) == 1


async def test_callers_in_a_long_line_are_refused_and_not_piled_up(server: KeyValueServer) -> None:
    async with client_of(server, clock=ManualClock()) as engine:
        await engine.get("a")
        server.pause()
        asked = [asyncio.ensure_future(engine.get("a")) for _ in range(1100)]
        done, waiting = await asyncio.wait(asked, timeout=AT_ONCE_S, return_when=asyncio.FIRST_COMPLETED)
        assert done
        assert all(isinstance(one.exception(), Unavailable) for one in done)
        server.go_on()
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_every_entry_belongs_to_the_shop_and_has_an_end_and_names_no_client(
    server: KeyValueServer,
) -> None:
    async with client_of(server) as engine:
        await engine.put("page", b"1", ttl_s=LONG_S)
        await engine.put("page", b"1", ttl_s=LONG_S, only_if_absent=True)
        await engine.add("page", 1, ttl_s=LONG_S)
        await engine.take("gate:203.0.113.9", per_s=1, burst=10)
        await engine.charge("gate:203.0.113.9", per_s=1, burst=10, cost=3)
        names = [line for line in server.ask("KEYS", "*") if line]
        assert len(names) == 3
        assert all(name.startswith("rialto:") and "203" not in name for name in names)
        assert all(0 < int(server.ask("PTTL", name)[0]) <= LONG_S * 1000 for name in names)


async def test_a_full_bucket_leaves_nothing_behind(server: KeyValueServer) -> None:
    async with client_of(server) as engine:
        await engine.take("b", per_s=1000, burst=1)
        while server.ask("DBSIZE") != ["0"]:
            assert await engine.get("nothing") is None


async def test_shops_and_databases_share_a_server_and_nothing_else(server: KeyValueServer) -> None:
    async with (
        client_of(server) as ours,
        client_of(server, secret="another") as theirs,
        client_of(server, database=1) as elsewhere,
    ):
        await ours.put("a", b"ours", ttl_s=LONG_S)
        assert await theirs.get("a") is None
        assert await elsewhere.get("a") is None
        await theirs.put("a", b"theirs", ttl_s=LONG_S)
        assert await ours.get("a") == b"ours"


async def test_a_limit_holds_over_processes_and_each_goes_on_alone_without_the_server(
    server: KeyValueServer,
) -> None:
    clock = ManualClock()
    async with client_of(server, clock=clock) as one, client_of(server, clock=clock) as other:
        limits = [SharedLimiter("gate", e, per_s=SLOWLY, burst=20, clock=clock) for e in (one, other)]
        throttles = [Throttle("sign-in", e, per_s=SLOWLY, burst=10, clock=clock) for e in (one, other)]
        passed = throttled = 0
        for _ in range(30):
            for limit, throttle in zip(limits, throttles, strict=True):
                passed += limit.take("client") == 0.0
                throttled += await throttle.take("client") == 0.0
                await limit.settled()
        assert 20 <= passed <= 22  # a lot is two, and each process may be one lot ahead
        assert throttled == 10
        server.kill()
        alone = SharedLimiter("gate", one, per_s=SLOWLY, burst=20, clock=clock)
        assert [alone.take("client") for _ in range(21)].count(0.0) == 20
        await alone.settled()
        assert alone.take("other") == 0.0
        assert await throttles[0].take("other") == 0.0
