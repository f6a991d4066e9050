from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from rialto.kernel.batch import Batcher
from rialto.kernel.clock import ManualClock
from rialto.kernel.db import Database, WriteSession
from rialto.kernel.errors import Conflict, InvariantBroken, OutcomeUnknown, RialtoError, TooMany, Unavailable
from rialto.kernel.faults import NoFaults
from rialto.kernel.resilience import deadline, time_left
from rialto.kernel.saturation import HasLine, LineState
from tests.kernel.bakery import Town

pytestmark = pytest.mark.anyio

fast = pytest.mark.fast


class Book:
    """Stands in for a database of numbers: what a transaction wrote counts once it was committed."""

    def __init__(self) -> None:
        self.kept: list[int] = []
        self.lines: list[HasLine] = []
        self.open = asyncio.Event()
        self.open.set()
        self.transactions = 0
        self.after_commit: list[Exception] = []
        self.before_commit: list[Exception] = []

    @asynccontextmanager
    async def write(self) -> AsyncIterator[list[int]]:
        page: list[int] = []
        self.transactions += 1
        await self.open.wait()
        yield page
        if self.before_commit:
            raise self.before_commit.pop()
        self.kept += page
        if self.after_commit:
            raise self.after_commit.pop()


class Desk:
    """A batcher over the book: even numbers are written, odd ones refused, 13 is more than it can bear."""

    def __init__(self, **options: Any) -> None:
        self.book = Book()
        self.batches: list[list[int]] = []
        self.asked: list[list[int]] = []
        self.recovery: Callable[[Sequence[int]], Awaitable[Sequence[str | RialtoError]]] = self.look_up
        self.batcher: Batcher[int, str] = Batcher(
            self.book,  # type: ignore[arg-type]
            self.flush,
            self.recover,
            faults=NoFaults(),
            **options,
        )

    async def flush(self, session: WriteSession, members: Sequence[int]) -> Sequence[str | RialtoError]:
        self.batches.append(list(members))
        if 13 in members:
            raise InvariantBroken("thirteen")
        written: list[int] = session  # type: ignore[assignment]
        written += [member for member in members if member % 2 == 0]
        return [f"wrote {member}" if member % 2 == 0 else Conflict() for member in members]

    async def recover(self, members: Sequence[int]) -> Sequence[str | RialtoError]:
        return await self.recovery(members)

    async def look_up(self, members: Sequence[int]) -> Sequence[str | RialtoError]:
        self.asked.append(list(members))
        return [f"wrote {member}" if member in self.book.kept else Unavailable() for member in members]

    async def submit_all(self, members: Sequence[int], **options: Any) -> list[str | BaseException]:
        return await asyncio.gather(
            *(self.batcher.submit(member, **options) for member in members), return_exceptions=True
        )


def kinds(answers: Sequence[object]) -> list[object]:
    return [answer if isinstance(answer, str) else type(answer) for answer in answers]


@fast
async def test_what_gathers_while_a_commit_is_in_flight_shares_the_next_in_order_of_arrival() -> None:
    desk = Desk()
    desk.book.open.clear()
    first = asyncio.ensure_future(desk.batcher.submit(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    rest = asyncio.ensure_future(desk.submit_all([8, 4, 6, 4]))
    await asyncio.sleep(0)
    desk.book.open.set()
    assert await first == "wrote 2"
    assert await rest == ["wrote 8", "wrote 4", "wrote 6", "wrote 4"]
    assert desk.batches == [[2], [8, 4, 6, 4]]
    assert desk.book.transactions == 2


@fast
async def test_a_batch_is_bounded() -> None:
    desk = Desk(size_max=3)
    await desk.submit_all([2] * 8)
    assert [len(batch) for batch in desk.batches] == [3, 3, 2]


@fast
async def test_a_refusal_is_its_members_own() -> None:
    desk = Desk()
    assert kinds(await desk.submit_all([2, 3, 4])) == ["wrote 2", Conflict, "wrote 4"]
    assert desk.book.kept == [2, 4]
    assert desk.book.transactions == 1


@fast
async def test_an_unexpected_error_bisects_until_it_stands_alone() -> None:
    desk = Desk()
    answers = await desk.submit_all([2, 4, 13, 6, 3, 8])
    assert kinds(answers) == ["wrote 2", "wrote 4", InvariantBroken, "wrote 6", Conflict, "wrote 8"]
    assert desk.book.kept == [2, 4, 6, 8]


@fast
async def test_when_surely_nothing_was_written_all_are_unavailable_and_nothing_is_repeated() -> None:
    desk = Desk()
    desk.book.before_commit.append(Unavailable())
    assert kinds(await desk.submit_all([2, 4])) == [Unavailable, Unavailable]
    assert (desk.book.kept, desk.asked, desk.batches) == ([], [], [[2, 4]])
    assert await desk.batcher.submit(6) == "wrote 6"


@fast
async def test_a_commit_whose_answer_was_lost_is_resolved_by_asking() -> None:
    desk = Desk()
    desk.book.after_commit.append(OutcomeUnknown())
    assert kinds(await desk.submit_all([2, 3, 4])) == ["wrote 2", Unavailable, "wrote 4"]
    assert desk.asked == [[2, 3, 4]]
    assert desk.batches == [[2, 3, 4]]
    assert desk.book.kept == [2, 4]


@fast
async def test_a_commit_that_was_lost_before_it_was_done_is_resolved_too() -> None:
    desk = Desk()
    desk.book.before_commit.append(OutcomeUnknown())
    assert kinds(await desk.submit_all([2, 4])) == [Unavailable, Unavailable]
    assert desk.book.kept == []


@fast
@pytest.mark.parametrize("error", [Unavailable(), InvariantBroken("cannot look")])
async def test_when_asking_fails_too_the_outcome_is_unknown_and_the_queue_goes_on(error: Exception) -> None:
    async def fail(_members: Sequence[int]) -> Sequence[str | RialtoError]:
        raise error

    desk = Desk(size_max=2)
    desk.recovery = fail
    desk.book.after_commit.append(OutcomeUnknown())
    answers = await desk.submit_all([2, 4, 6])
    assert kinds(answers) == [OutcomeUnknown, OutcomeUnknown, "wrote 6"]


@fast
async def test_a_caller_past_its_time_leaves_and_its_member_stays() -> None:
    desk = Desk()
    desk.book.open.clear()
    answers = await desk.submit_all([2, 3], timeout_s=0)
    assert kinds(answers) == [OutcomeUnknown, OutcomeUnknown]
    desk.book.open.set()
    await desk.batcher.close()
    assert desk.book.kept == [2]


@fast
async def test_a_caller_that_is_cancelled_leaves_and_its_member_stays() -> None:
    desk = Desk()
    desk.book.open.clear()
    calls = [asyncio.ensure_future(desk.batcher.submit(number)) for number in (2, 4)]
    await asyncio.sleep(0)
    calls[0].cancel()
    await asyncio.gather(calls[0], return_exceptions=True)
    assert calls[0].cancelled()
    desk.book.open.set()
    assert await calls[1] == "wrote 4"
    assert desk.book.kept == [2, 4]


@fast
async def test_a_full_queue_refuses_at_once() -> None:
    desk = Desk(queue_max=3)
    desk.book.open.clear()
    calls = [asyncio.ensure_future(desk.batcher.submit(2))]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    calls += [asyncio.ensure_future(desk.batcher.submit(number)) for number in (4, 6, 8)]
    await asyncio.sleep(0)
    with pytest.raises(TooMany) as refused:
        await desk.batcher.submit(10)
    assert refused.value.retry_after_s == 1
    desk.book.open.set()
    assert await asyncio.gather(*calls) == ["wrote 2", "wrote 4", "wrote 6", "wrote 8"]
    assert await desk.batcher.submit(10) == "wrote 10"


@fast
async def test_closing_lets_what_was_accepted_be_written() -> None:
    desk = Desk(size_max=2)
    await desk.batcher.close()
    calls = [asyncio.ensure_future(desk.batcher.submit(2)) for _ in range(5)]
    await asyncio.sleep(0)
    await desk.batcher.close()
    assert desk.book.kept == [2] * 5
    await asyncio.gather(*calls)


@fast
async def test_a_flush_that_forgets_a_member_writes_nothing() -> None:
    desk = Desk()

    async def forget(session: WriteSession, members: Sequence[int]) -> Sequence[str | RialtoError]:
        session += members  # type: ignore[operator]
        return []

    batcher: Batcher[int, str] = Batcher(desk.book, forget, desk.look_up, faults=NoFaults())  # type: ignore[arg-type]
    calls = [asyncio.ensure_future(batcher.submit(number)) for number in (2, 4)]
    assert kinds(await asyncio.gather(*calls, return_exceptions=True)) == [AssertionError] * 2
    assert desk.book.kept == []


@fast
async def test_a_batch_does_not_inherit_the_deadline_of_the_caller_that_started_it() -> None:
    desk, clock, left = Desk(), ManualClock(), []

    async def flush(_session: WriteSession, members: Sequence[int]) -> Sequence[str | RialtoError]:
        left.append(time_left(clock))
        return ["done"] * len(members)

    batcher: Batcher[int, str] = Batcher(desk.book, flush, desk.look_up, faults=NoFaults())  # type: ignore[arg-type]
    with deadline(clock, 1):
        await batcher.submit(2)
    assert left == [None]


@fast
async def test_a_batcher_that_is_ended_lets_nobody_wait_for_ever() -> None:
    desk = Desk(size_max=1)
    desk.book.open.clear()
    calls = [asyncio.ensure_future(desk.batcher.submit(number, timeout_s=0.05)) for number in (2, 4)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    runner = desk.batcher._runner
    assert runner is not None
    runner.cancel()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert kinds(answers) == [OutcomeUnknown, OutcomeUnknown]


async def put(session: WriteSession, members: Sequence[int]) -> Sequence[int | RialtoError]:
    rows = await session.all(
        "INSERT INTO loaves (id, grams) SELECT id, 1 FROM unnest($1::int[]) AS t(id) "
        "ON CONFLICT (id) DO NOTHING RETURNING id",
        list(members),
    )
    won = {row["id"] for row in rows}
    return [member if member in won else Conflict() for member in members]


async def test_on_a_real_database_a_known_key_harms_nobody_else(town: Town) -> None:
    batcher: Batcher[int, int] = Batcher(town.bakery, put, put_recovery(town.bakery), faults=NoFaults())
    assert await batcher.submit(1) == 1
    answers = await asyncio.gather(*(batcher.submit(n) for n in (1, 2, 3)), return_exceptions=True)
    assert [answer if isinstance(answer, int) else type(answer) for answer in answers] == [Conflict, 2, 3]


async def test_on_a_real_database_a_lost_commit_is_resolved_by_reading_the_keys(town: Town) -> None:
    class LosesAnswers(Database):
        """Commits, and then the answer does not come."""

        @asynccontextmanager
        async def write(self) -> AsyncIterator[WriteSession]:
            async with town.bakery.write() as session:
                yield session
            raise OutcomeUnknown

    losing = LosesAnswers(town.address, connections=1)
    batcher: Batcher[int, int] = Batcher(losing, put, put_recovery(town.bakery), faults=NoFaults())
    assert await asyncio.gather(*(batcher.submit(n) for n in (1, 2))) == [1, 2]


def put_recovery(db: Database) -> Callable[[Sequence[int]], Awaitable[Sequence[int | RialtoError]]]:
    async def recover(members: Sequence[int]) -> Sequence[int | RialtoError]:
        async with db.read() as session:
            rows = await session.all("SELECT id FROM loaves WHERE id = ANY ($1::int[])", list(members))
        known = {row["id"] for row in rows}
        return [member if member in known else Unavailable() for member in members]

    return recover


@fast
async def test_a_database_knows_how_many_wait_for_its_commits() -> None:
    desk = Desk(queue_max=7)
    desk.book.open.clear()
    first = asyncio.ensure_future(desk.batcher.submit(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting = asyncio.ensure_future(desk.submit_all([2, 4, 6]))
    for _ in range(4):  # until each of the three stands in line
        await asyncio.sleep(0)
    assert [one.line for one in desk.book.lines] == [LineState(waiting=3, limit=7)]
    desk.book.open.set()
    await asyncio.gather(first, waiting)
    assert [one.line.waiting for one in desk.book.lines] == [0]
