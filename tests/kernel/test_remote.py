"""Calling a service elsewhere: replies, errors, replicas that do not answer, time that is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec
import pytest
import structlog

from rialto.kernel.calls import connect
from rialto.kernel.clock import ManualClock
from rialto.kernel.errors import Conflict, OutcomeUnknown, Overloaded, Unavailable
from rialto.kernel.importance import Importance, importance_now
from rialto.kernel.positions import seeing
from rialto.kernel.remote import (
    CALLS_AT_ONCE,
    CALLS_WAITING,
    Answer,
    AnswerLost,
    NotSent,
    Peer,
    RemoteService,
    calls_made,
)
from rialto.kernel.replicas import Replicas
from rialto.kernel.resilience import deadline
from rialto.kernel.service import Frozen, operation
from rialto.kernel.telemetry import Metrics
from rialto.kernel.wire import encode_error
from tests.support.values import seeded_ids

pytestmark = [pytest.mark.fast, pytest.mark.anyio]


class Wanted(Frozen):
    loaves: int


class Baked(Frozen):
    loaves: int


class Bakery(Protocol):
    @operation(idempotent=True)
    async def look(self, command: Wanted) -> Baked: ...

    @operation(idempotent=False)
    async def bake(self, command: Wanted) -> Baked: ...

    @operation(idempotent=True, timeout_s=0.01)
    async def doze(self, command: Wanted) -> Baked: ...

    @operation(idempotent=False, timeout_s=0.01)
    async def sleep(self, command: Wanted) -> Baked: ...


Behave = Callable[[], Answer]


def spoken(kind: str, body: bytes = b"", *, status: int = 200, leaving: bool = False) -> Answer:
    more = {"rialto-leaving": "1"} if leaving else {}
    return Answer(status, {"rialto-answer": kind, **more}, body)


def baked(count: int = 2) -> Answer:
    return spoken("reply", msgspec.json.encode(Baked(loaves=count)))


class Street(ManualClock):
    """Bakeries by address, each doing next what it is told, and what they were asked."""

    def __init__(self, **bakeries: Sequence[Answer | type[Exception] | None]) -> None:
        super().__init__()
        self.will = {address: list(behaviour) for address, behaviour in bakeries.items()}
        self.asked: list[tuple[str, str, bytes, Mapping[str, str]]] = []
        self.metrics = Metrics()
        self.replicas = Replicas(["bakers"], self.resolve, clock=self, ids=seeded_ids())
        self.service = RemoteService(
            "bakery",
            Peer("bakers", self.replicas, self),
            clock=self,
            ids=seeded_ids(),
            metrics=self.metrics,
            token_of=lambda caller, service: f"{caller}>{service}",
        )
        self.bakery: Bakery = connect(Bakery, self.service.caller("cafe"))

    async def resolve(self, _name: str) -> Sequence[str]:
        return list(self.will)

    async def post(
        self, address: str, path: str, body: bytes, headers: Mapping[str, str], *, group: str
    ) -> Answer:
        self.asked.append((address, path, body, headers))
        behaviour = self.will[address].pop(0) if len(self.will[address]) > 1 else self.will[address][0]
        if behaviour is None:
            await asyncio.Event().wait()
        if isinstance(behaviour, Answer):
            return behaviour
        assert behaviour is not None
        raise behaviour(address)

    async def close(self) -> None:
        """Nothing to let go of."""

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)


async def test_a_call_says_who_asks_what_and_how_long_they_wait() -> None:
    street = Street(a=[baked(3)])
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        assert await street.bakery.bake(Wanted(loaves=3)) == Baked(loaves=3)
    (address, path, body, headers) = street.asked[0]
    assert (address, path, body) == ("a", "/internal/bakery/bake", b'{"loaves":3}')
    assert headers["authorization"] == "Bearer cafe>bakery"
    assert headers["rialto-deadline-ms"] == "5000"
    assert headers["rialto-request-id"] == "r1"


async def test_a_request_with_less_time_left_gives_less() -> None:
    street = Street(a=[baked()])
    with deadline(street, 1.5):
        await street.bakery.bake(Wanted(loaves=2))
    assert street.asked[0][3]["rialto-deadline-ms"] == "1500"
    with deadline(street, -1), pytest.raises(Unavailable):
        await street.bakery.bake(Wanted(loaves=2))
    assert len(street.asked) == 1


async def test_an_error_of_the_service_is_raised_here_and_never_repeated() -> None:
    street = Street(a=[spoken("error", encode_error(Conflict("Sold out.", code="sold_out")), status=409)])
    for call in (street.bakery.bake, street.bakery.look):
        with pytest.raises(Conflict, match="Sold out") as caught:
            await call(Wanted(loaves=2))
        assert caught.value.stable_code == "sold_out"
    assert len(street.asked) == 2


@pytest.mark.parametrize("operation_name", ["bake", "look"])
async def test_what_was_not_sent_goes_to_another_replica(operation_name: str) -> None:
    street = Street(a=[NotSent], b=[NotSent], c=[baked()])
    assert await getattr(street.bakery, operation_name)(Wanted(loaves=2)) == Baked(loaves=2)
    assert street.asked[-1][0] == "c"


@pytest.mark.parametrize("operation_name", ["bake", "look"])
async def test_who_is_turned_away_asks_another_replica(operation_name: str) -> None:
    away = spoken("turned-away", status=503)
    street = Street(a=[away], b=[away], c=[baked()])
    assert await getattr(street.bakery, operation_name)(Wanted(loaves=2)) == Baked(loaves=2)


def turned_away_as_too_much() -> Answer:
    return spoken("turned-away", encode_error(Overloaded(retry_after_s=2.5)), status=503)


async def test_who_is_too_busy_is_passed_over() -> None:
    street = Street(a=[turned_away_as_too_much()], b=[baked(2)])
    assert await street.bakery.bake(Wanted(loaves=2)) == Baked(loaves=2)


async def test_when_all_are_too_busy_nobody_is_asked_twice_and_the_caller_is_told_when_to_come_back() -> None:
    street = Street(a=[turned_away_as_too_much()], b=[turned_away_as_too_much()])
    with pytest.raises(Overloaded) as caught:
        await street.bakery.look(Wanted(loaves=2))
    assert caught.value.retry_after_s == 2.5
    assert sorted(address for address, *_ in street.asked) == ["a", "b"]


async def test_too_busy_for_some_is_not_broken_for_others() -> None:
    """Calls of those who look around are turned away; the breaker stays closed for those who buy."""
    street = Street(a=[*[turned_away_as_too_much()] * 30, baked(1)])
    for _ in range(30):
        with pytest.raises(Overloaded):
            await street.bakery.look(Wanted(loaves=1))
    assert street.service.breaker.state == "closed"
    assert await street.bakery.look(Wanted(loaves=1)) == Baked(loaves=1)


async def test_a_call_says_how_much_depends_on_it() -> None:
    street = Street(a=[baked(1)])
    await street.bakery.look(Wanted(loaves=1))
    token = importance_now.set(Importance.BROWSING)
    await street.bakery.look(Wanted(loaves=1))
    importance_now.reset(token)
    assert [headers["rialto-importance"] for *_, headers in street.asked] == ["buying", "browsing"]


async def test_when_nobody_can_be_reached_nothing_happened() -> None:
    street = Street(a=[NotSent], b=[NotSent])
    with pytest.raises(Unavailable) as caught:
        await street.bakery.bake(Wanted(loaves=2))
    assert type(caught.value) is Unavailable
    assert sorted(asked[0] for asked in street.asked) == ["a", "b"]


async def test_a_lost_answer_is_asked_for_again_only_where_that_is_safe() -> None:
    street = Street(a=[AnswerLost, baked()])
    with pytest.raises(OutcomeUnknown):
        await street.bakery.bake(Wanted(loaves=2))
    assert len(street.asked) == 1
    street = Street(a=[AnswerLost, baked()])
    assert await street.bakery.look(Wanted(loaves=2)) == Baked(loaves=2)
    assert len(street.asked) == 2


async def test_time_that_is_over_is_a_lost_answer() -> None:
    street = Street(a=[None])
    with pytest.raises(Unavailable) as caught:
        await street.bakery.doze(Wanted(loaves=2))
    assert type(caught.value) is Unavailable
    with pytest.raises(OutcomeUnknown):
        await street.bakery.sleep(Wanted(loaves=2))


@pytest.mark.parametrize(
    "answer",
    [
        Answer(502, {}, b"<html>Bad gateway</html>"),
        Answer(200, {}, b'{"loaves":2}'),
        spoken("bug", status=500),
        spoken("reply", b"<html>"),
        spoken("reply", b'{"loaves":"many"}'),
    ],
)
async def test_what_is_no_answer_of_the_service_says_nothing(answer: Answer) -> None:
    street = Street(a=[answer])
    with pytest.raises(OutcomeUnknown):
        await street.bakery.bake(Wanted(loaves=2))
    with pytest.raises(Unavailable) as caught:
        await street.bakery.look(Wanted(loaves=2))
    assert type(caught.value) is Unavailable


async def test_a_replica_that_leaves_is_asked_no_more() -> None:
    street = Street(a=[baked()], b=[spoken("reply", msgspec.json.encode(Baked(loaves=2)), leaving=True)])
    for _ in range(40):
        await street.bakery.bake(Wanted(loaves=2))
    assert [asked[0] for asked in street.asked].count("b") == 1


async def test_a_replica_that_fails_rests_while_others_answer() -> None:
    street = Street(a=[baked()], b=[AnswerLost])
    for _ in range(60):
        await street.bakery.look(Wanted(loaves=2))
    assert [asked[0] for asked in street.asked].count("b") == 3


async def test_a_service_that_keeps_failing_is_left_alone_for_a_while() -> None:
    street = Street(a=[AnswerLost])
    for _ in range(10):
        with pytest.raises(OutcomeUnknown):
            await street.bakery.bake(Wanted(loaves=2))
    assert street.service.breaker.state == "open"
    with pytest.raises(Unavailable) as caught:
        await street.bakery.bake(Wanted(loaves=2))
    assert type(caught.value) is Unavailable
    assert len(street.asked) == 10
    street.will["a"] = [baked()]
    street.advance(10)
    await street.bakery.bake(Wanted(loaves=2))
    assert street.service.breaker.state == "closed"


async def test_too_many_at_once_are_refused_and_not_queued() -> None:
    street = Street(a=[None])
    waiting = [
        asyncio.ensure_future(street.bakery.bake(Wanted(loaves=1)))
        for _ in range(CALLS_AT_ONCE + CALLS_WAITING)
    ]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="waiting"):
        await street.bakery.bake(Wanted(loaves=1))
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_caller_that_leaves_frees_its_replica() -> None:
    street = Street(a=[None])
    task = asyncio.ensure_future(street.bakery.bake(Wanted(loaves=1)))
    while not street.asked:
        await asyncio.sleep(0)
    assert [replica.calls for replica in street.replicas.known()] == [1]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [replica.calls for replica in street.replicas.known()] == [0]


async def test_calls_are_counted_for_the_request_and_timed_by_outcome() -> None:
    street = Street(a=[baked(), AnswerLost])
    counted: list[str] = []
    token = calls_made.set(counted)
    try:
        await street.bakery.bake(Wanted(loaves=2))
        with pytest.raises(OutcomeUnknown):
            await street.bakery.bake(Wanted(loaves=2))
    finally:
        calls_made.reset(token)
    assert counted == ["bakery.bake", "bakery.bake"]
    told = street.metrics.text().decode()
    for outcome in ("reply", "failed"):
        assert (
            f'rialto_calls_seconds_count{{operation="bake",outcome="{outcome}",service="bakery"}} 1.0' in told
        )


async def test_what_a_session_has_seen_goes_along_and_what_was_written_comes_back() -> None:
    wrote = Answer(200, {"rialto-answer": "reply", "rialto-wrote": "1"}, baked().body)
    street = Street(a=[baked(), wrote, baked()])
    with seeing(0x16_0000_00FF) as seen:
        for _ in range(3):
            await street.bakery.look(Wanted(loaves=2))
        assert seen.wrote
    told = [headers.get("rialto-position") for _, _, _, headers in street.asked]
    assert told == ["16/FF", "16/FF", None], "after a change only the primary will do"
