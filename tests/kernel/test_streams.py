from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from rialto.kernel.db import Database, WriteSession
from rialto.kernel.errors import Conflict, OutcomeUnknown, Unavailable, VersionConflict
from rialto.kernel.faults import NoFaults
from rialto.kernel.streams import StreamWriter
from tests.kernel.bakery import Baked, Town
from tests.support.values import seeded_ids

pytestmark = pytest.mark.anyio


class Fickle(Database):
    """The bakery's database, whose next commit is done or not, and not answered."""

    def __init__(self, db: Database) -> None:
        self._db = db
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

    def read(self):  # type: ignore[no-untyped-def]  # noqa: ANN201
        return self._db.read()


class Bakers:
    """Writers on one database; the projection keeps the bread's number as a row."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.db = Fickle(town.bakery)
        self.writer = self.another(seed=1)

    def another(self, seed: int) -> StreamWriter[int]:
        return StreamWriter(self.db, self.project, ids=seeded_ids(seed), faults=NoFaults())

    async def project(self, session: WriteSession, numbers: Sequence[int]) -> None:
        for number in numbers:
            await session.run("INSERT INTO loaves (id, grams) VALUES ($1, 1)", number)

    async def write(
        self,
        stream: UUID,
        version: int,
        number: int,
        *,
        writer: StreamWriter[int] | None = None,
        events: int = 1,
    ) -> int:
        return await (writer or self.writer).write(
            bucket=5,
            stream=stream,
            version=version,
            events=[Baked(bread=f"{number}/{part}") for part in range(events)],
            at=self.town.clock.now(),
            projection=number,
        )

    async def projected(self) -> list[int]:
        async with self.town.bakery.read() as session:
            return [row["id"] for row in await session.all("SELECT id FROM loaves ORDER BY id")]

    async def versions(self, stream: UUID) -> list[int]:
        async with self.town.bakery.read() as session:
            rows = await session.all("SELECT version FROM events WHERE stream = $1 ORDER BY 1", stream)
        return [row["version"] for row in rows]


@pytest.fixture
def bakers(town: Town) -> Bakers:
    return Bakers(town)


def kinds(answers: Sequence[object]) -> list[object]:
    return [answer if isinstance(answer, int) else type(answer) for answer in answers]


async def test_events_and_their_projection_are_written_together(bakers: Bakers) -> None:
    stream = bakers.town.ids.uuid(5)
    assert await bakers.write(stream, 0, 1, events=3) == 3
    assert await bakers.write(stream, 3, 2) == 4
    assert await bakers.versions(stream) == [1, 2, 3, 4]
    assert await bakers.projected() == [1, 2]
    assert await bakers.town.waiting() == 4


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


async def test_a_lost_answer_is_resolved_by_whose_token_stands_there(bakers: Bakers) -> None:
    stream = bakers.town.ids.uuid(5)
    bakers.db.lose = "after"
    assert await bakers.write(stream, 0, 1, events=2) == 2
    assert await bakers.versions(stream) == [1, 2]
    bakers.db.lose = "before"
    with pytest.raises(Unavailable) as lost:
        await bakers.write(stream, 2, 2)
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
