from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from rialto.kernel.db import AloneSession, Database, WriteSession
from rialto.kernel.errors import Conflict, OutcomeUnknown, Unavailable, VersionConflict
from rialto.kernel.faults import NoFaults
from rialto.kernel.service import Frozen
from rialto.kernel.streams import Also, StreamWriter, Within
from tests.kernel.bakery import Baked, Town
from tests.support.values import seeded_ids

pytestmark = pytest.mark.anyio


class Fickle(Database):
    """The bakery's database, whose next commit is done or not, and not answered."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.lines = []
        self.lose: str | None = None

    @asynccontextmanager
    async def write(self) -> AsyncIterator[WriteSession]:
        lose, self.lose = self.lose, None
        async with self._db.write() as session:
            yield session
            if lose == "before":
                raise OutcomeUnknown
        if lose == "after":
            raise OutcomeUnknown

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[AloneSession]:
        lose, self.lose = self.lose, None
        if lose == "before":
            raise OutcomeUnknown
        async with self._db.alone() as session:
            yield session
        if lose == "after":
            raise OutcomeUnknown

    def read(self):  # type: ignore[no-untyped-def]  # noqa: ANN201
        return self._db.read()


class Loaf(Frozen):
    """What is projected: a row by the statement, and for one that is weighed an update after it."""

    number: int
    stream: UUID
    weighed: bool = False


LOAVES: Also[Loaf] = Also(
    sql="""
    INSERT INTO loaves (id, grams) SELECT t.id, 1 FROM unnest($1::int[], $2::uuid[]) AS t(id, stream)
    JOIN won ON won.stream = t.stream
    """,
    columns=lambda loaves: [[loaf.number for loaf in loaves], [loaf.stream for loaf in loaves]],
)


async def weigh(session: WriteSession, loaves: Sequence[Loaf]) -> None:
    for loaf in loaves:
        await session.run("UPDATE loaves SET grams = 500 WHERE id = $1", loaf.number)


WEIGHING: Within[Loaf] = Within(wanted=lambda loaf: loaf.weighed, write=weigh)


class Bakers:
    """Writers on one database; the projection keeps the bread's number as a row."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.db = Fickle(town.bakery)
        self.writer = self.another(seed=1)

    def another(self, seed: int) -> StreamWriter[Loaf]:
        return StreamWriter(self.db, [LOAVES], ids=seeded_ids(seed), faults=NoFaults(), within=WEIGHING)

    async def write(
        self,
        stream: UUID,
        version: int,
        number: int,
        *,
        writer: StreamWriter[Loaf] | None = None,
        events: int = 1,
        weighed: bool = False,
    ) -> int:
        return await (writer or self.writer).write(
            bucket=5,
            stream=stream,
            version=version,
            events=[Baked(bread=f"{number}/{part}") for part in range(events)],
            at=self.town.clock.now(),
            projection=Loaf(number=number, stream=stream, weighed=weighed),
        )

    async def projected(self) -> list[int]:
        async with self.town.bakery.read() as session:
            return [row["id"] for row in await session.all("SELECT id FROM loaves ORDER BY id")]

    async def weighed(self) -> list[int]:
        async with self.town.bakery.read() as session:
            return [
                row["id"] for row in await session.all("SELECT id FROM loaves WHERE grams = 500 ORDER BY id")
            ]

    async def versions(self, stream: UUID) -> list[int]:
        async with self.town.bakery.read() as session:
            rows = await session.all("SELECT version FROM events WHERE stream = $1 ORDER BY 1", stream)
        return [row["version"] for row in rows]


@pytest.fixture
def bakers(town: Town) -> Bakers:
    return Bakers(town)


def kinds(answers: Sequence[object]) -> list[object]:
    return [answer if isinstance(answer, int) else type(answer) for answer in answers]


@pytest.mark.parametrize("weighed", [False, True])
async def test_events_and_their_projection_are_written_together(bakers: Bakers, weighed: bool) -> None:
    stream = bakers.town.ids.uuid(5)
    assert await bakers.write(stream, 0, 1, events=3, weighed=weighed) == 3
    assert await bakers.write(stream, 3, 2) == 4
    assert await bakers.versions(stream) == [1, 2, 3, 4]
    assert await bakers.projected() == [1, 2]
    assert await bakers.weighed() == ([1] if weighed else [])
    assert await bakers.town.waiting() == 4


async def test_a_loser_is_neither_projected_nor_written_about_within(bakers: Bakers) -> None:
    stream = bakers.town.ids.uuid(5)
    answers = await asyncio.gather(
        bakers.write(stream, 0, 1, weighed=True),
        bakers.write(stream, 0, 2, weighed=True),
        bakers.write(bakers.town.ids.uuid(5), 0, 3),
        return_exceptions=True,
    )
    assert kinds(answers) == [1, VersionConflict, 1]
    assert await bakers.projected() == [1, 3]
    assert await bakers.weighed() == [1]


async def test_writing_wakes_the_relay_and_losing_does_not(bakers: Bakers) -> None:
    woken: list[int] = []
    bakers.town.bakery.on_publish = lambda: woken.append(1)
    stream = bakers.town.ids.uuid(5)
    await bakers.write(stream, 0, 1)
    await bakers.write(stream, 1, 2, weighed=True)
    assert len(woken) == 2
    with pytest.raises(VersionConflict):
        await bakers.write(stream, 0, 3)
    assert len(woken) == 2


async def test_of_two_writers_in_different_processes_one_wins(bakers: Bakers) -> None:
    stream = bakers.town.ids.uuid(5)
    others = [bakers.another(seed) for seed in range(2, 6)]
    answers = await asyncio.gather(
        *(bakers.write(stream, 0, n, writer=writer, events=2) for n, writer in enumerate(others)),
        return_exceptions=True,
    )
    assert sorted(map(str, kinds(answers))) == ["2", *[str(VersionConflict)] * 3]
    assert await bakers.versions(stream) == [1, 2]
    assert await bakers.projected() == [kinds(answers).index(2)]


async def test_of_two_writers_of_a_stream_in_one_batch_the_first_wins_and_others_are_not_harmed(
    bakers: Bakers,
) -> None:
    stream, other = bakers.town.ids.uuid(5), bakers.town.ids.uuid(5)
    answers = await asyncio.gather(
        bakers.write(stream, 0, 1),
        bakers.write(stream, 0, 2, events=3),
        bakers.write(other, 0, 3, events=2),
        return_exceptions=True,
    )
    assert kinds(answers) == [1, VersionConflict, 2]
    assert await bakers.projected() == [1, 3]
    assert await bakers.versions(stream) == [1]


async def test_a_version_of_the_past_is_refused(bakers: Bakers) -> None:
    stream = bakers.town.ids.uuid(5)
    await bakers.write(stream, 0, 1, events=2)
    with pytest.raises(VersionConflict):
        await bakers.write(stream, 1, 2)
    assert await bakers.projected() == [1]


async def test_a_projection_that_fails_takes_only_its_own_events_with_it(bakers: Bakers) -> None:
    streams = [bakers.town.ids.uuid(5) for _ in range(3)]
    await bakers.write(streams[0], 0, 1)
    answers = await asyncio.gather(
        bakers.write(streams[1], 0, 1), bakers.write(streams[2], 0, 2), return_exceptions=True
    )
    assert isinstance(answers[0], Conflict)
    assert answers[1] == 1
    assert await bakers.versions(streams[1]) == []
    assert await bakers.projected() == [1, 2]


@pytest.mark.parametrize("weighed", [False, True])
async def test_a_lost_answer_is_resolved_by_whose_token_stands_there(bakers: Bakers, weighed: bool) -> None:
    stream = bakers.town.ids.uuid(5)
    bakers.db.lose = "after"
    assert await bakers.write(stream, 0, 1, events=2, weighed=weighed) == 2
    assert await bakers.versions(stream) == [1, 2]
    bakers.db.lose = "before"
    with pytest.raises(Unavailable) as lost:
        await bakers.write(stream, 2, 2, weighed=weighed)
    assert type(lost.value) is Unavailable
    assert await bakers.versions(stream) == [1, 2]


async def test_another_writers_event_is_not_taken_for_the_own_one(bakers: Bakers) -> None:
    stream = bakers.town.ids.uuid(5)
    await bakers.write(stream, 0, 1, writer=bakers.another(seed=2))
    bakers.db.lose = "after"
    with pytest.raises(Unavailable):
        await bakers.write(stream, 0, 2)
    await bakers.writer.close()
    assert await bakers.projected() == [1]
