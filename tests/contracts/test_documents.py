"""What every engine of the document port promises. Another engine is one more entry in `ENGINES`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from rialto.engines.postgres_documents import PostgresDocuments
from rialto.kernel.db import Database, DatabaseAddress
from rialto.kernel.documents import Change, Collection, Documents, Index, Query, Scalar, Stored
from rialto.kernel.errors import Invalid, InvariantBroken, VersionConflict
from rialto.kernel.migrations import DOCUMENTS_SCHEMA, role_of
from rialto.kernel.service import Frozen
from tests.support.databases import SECRETS, fresh_database

pytestmark = pytest.mark.anyio

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Note(Frozen):
    shelf: str
    number: int
    colour: str | None = "red"
    weight: int = 0
    at: datetime = AT
    text: str = ""


BY_COLOUR = Index(name="by_colour", on=("colour",), by=("weight", "at"))
NOTES = Collection(
    name="notes",
    of=Note,
    key=("shelf", "number"),
    indexes=(BY_COLOUR, Index(name="by_shelf", on=("shelf", "colour"), by=("text",))),
)
OTHERS = Collection(name="others", of=Note, key=("shelf", "number"))


@dataclass
class Engine:
    """Two processes' views of one store. `settled` waits until queries see what was put."""

    documents: Documents
    other: Documents
    settled: Callable[[], Awaitable[None]]


@asynccontextmanager
async def postgres_engine(postgres: DatabaseAddress) -> AsyncIterator[Engine]:
    async with fresh_database(postgres, []) as admin:
        role = role_of(DOCUMENTS_SCHEMA)
        address = admin.as_user(role, SECRETS.database_password(role))
        first, second = (PostgresDocuments(Database(address, connections=4)) for _ in range(2))
        yield Engine(first, second, settled=at_once)
        await first.close()
        await second.close()


async def at_once() -> None:
    """For engines whose queries never lag."""


ENGINES: dict[str, Callable[[DatabaseAddress], AbstractAsyncContextManager[Engine]]] = {
    "postgres": postgres_engine,
}


@pytest.fixture(params=ENGINES)
async def engine(request: pytest.FixtureRequest, postgres: DatabaseAddress) -> AsyncIterator[Engine]:
    async with ENGINES[request.param](postgres) as opened:
        await opened.documents.prepare([NOTES, OTHERS])
        yield opened


def key(number: int, shelf: str = "a") -> str:
    return NOTES.key_of(Note(shelf=shelf, number=number))


async def numbers(engine: Engine, *equal: Scalar, index: str = "by_colour", down: bool = False) -> list[int]:
    await engine.settled()
    page = await engine.other.query(NOTES, Query(index=index, equal=equal, descending=down, limit=100))
    assert page.next_cursor is None
    return [stored.value.number for stored in page.items]


async def all_changes(
    documents: Documents, after: str | None = None, limit: int = 100
) -> tuple[list[Change[Note]], str]:
    found: list[Change[Note]] = []
    while True:
        changes = await documents.changes(NOTES, after, limit=limit)
        after = changes.position
        if not changes.items:
            return found, after
        found += changes.items


async def test_what_was_put_is_got_with_its_version(engine: Engine) -> None:
    note = Note(shelf="a", number=1, text='Größe "XL" \\ 日本 \U0001f600')
    assert await engine.documents.put(NOTES, note, expected=0) == 1
    assert await engine.other.get(NOTES, "a/1") == Stored(key="a/1", version=1, value=note)


async def test_what_was_never_put_is_not_there(engine: Engine) -> None:
    assert await engine.documents.get(NOTES, "a/1") is None
    assert await engine.documents.get(NOTES, "a\x00") is None
    assert await engine.documents.get(NOTES, "") is None


async def test_collections_do_not_see_each_other(engine: Engine) -> None:
    await engine.documents.put(NOTES, Note(shelf="a", number=1), expected=0)
    assert await engine.documents.get(OTHERS, "a/1") is None
    assert (await engine.documents.scan(OTHERS, limit=10)).items == []
    assert (await engine.documents.changes(OTHERS, None, limit=10)).items == []
    await engine.documents.put(OTHERS, Note(shelf="a", number=1), expected=0)


async def test_creating_twice_is_a_conflict_and_changes_nothing(engine: Engine) -> None:
    await engine.documents.put(NOTES, Note(shelf="a", number=1, text="first"), expected=0)
    with pytest.raises(VersionConflict):
        await engine.other.put(NOTES, Note(shelf="a", number=1, text="second"), expected=0)
    found = await engine.documents.get(NOTES, "a/1")
    assert found is not None
    assert (found.version, found.value.text) == (1, "first")


async def test_replacing_needs_the_present_version(engine: Engine) -> None:
    await engine.documents.put(NOTES, Note(shelf="a", number=1), expected=0)
    assert await engine.documents.put(NOTES, Note(shelf="a", number=1, weight=2), expected=1) == 2
    for wrong in (1, 3):
        with pytest.raises(VersionConflict):
            await engine.documents.put(NOTES, Note(shelf="a", number=1), expected=wrong)
    with pytest.raises(VersionConflict):
        await engine.documents.put(NOTES, Note(shelf="a", number=2), expected=1)
    assert await engine.documents.get(NOTES, "a/2") is None


async def test_of_many_who_write_at_once_one_wins_each_round(engine: Engine) -> None:
    async def add(documents: Documents) -> None:
        while True:
            found = await documents.get(NOTES, "a/1")
            weight = found.value.weight if found else 0
            try:
                await documents.put(
                    NOTES,
                    Note(shelf="a", number=1, weight=weight + 1),
                    expected=found.version if found else 0,
                )
            except VersionConflict:
                continue
            return

    await asyncio.gather(*(add(one) for one in [engine.documents, engine.other] * 6))
    found = await engine.documents.get(NOTES, "a/1")
    assert found is not None
    assert (found.value.weight, found.version) == (12, 12)
    assert await numbers(engine, "red") == [1]


async def test_what_was_deleted_is_gone_from_everywhere(engine: Engine) -> None:
    await engine.documents.put(NOTES, Note(shelf="a", number=1), expected=0)
    await engine.documents.put(NOTES, Note(shelf="a", number=2), expected=0)
    await engine.documents.delete(NOTES, "a/1", expected=1)
    assert await engine.documents.get(NOTES, "a/1") is None
    assert await numbers(engine, "red") == [2]
    assert [stored.key for stored in (await engine.documents.scan(NOTES, limit=10)).items] == ["a/2"]


async def test_deleting_needs_the_present_version(engine: Engine) -> None:
    await engine.documents.put(NOTES, Note(shelf="a", number=1), expected=0)
    with pytest.raises(VersionConflict):
        await engine.documents.delete(NOTES, "a/1", expected=2)
    with pytest.raises(VersionConflict):
        await engine.documents.delete(NOTES, "a/2", expected=1)
    await engine.documents.delete(NOTES, "a/1", expected=1)
    with pytest.raises(VersionConflict):
        await engine.documents.delete(NOTES, "a/1", expected=1)


async def test_versions_rise_over_a_deletion(engine: Engine) -> None:
    await engine.documents.put(NOTES, Note(shelf="a", number=1), expected=0)
    await engine.documents.delete(NOTES, "a/1", expected=1)
    version = await engine.documents.put(NOTES, Note(shelf="a", number=1, text="again"), expected=0)
    assert version > 2
    with pytest.raises(VersionConflict):
        await engine.documents.put(NOTES, Note(shelf="a", number=1, text="late"), expected=1)
    found = await engine.documents.get(NOTES, "a/1")
    assert found is not None
    assert (found.version, found.value.text) == (version, "again")


async def test_a_query_finds_equal_values_in_the_declared_order(engine: Engine) -> None:
    for number, (weight, minutes) in enumerate([(5, 0), (-3, 0), (10, 0), (5, -1), (100, 0)]):
        note = Note(shelf="a", number=number, weight=weight, at=AT + timedelta(minutes=minutes))
        await engine.documents.put(NOTES, note, expected=0)
    await engine.documents.put(NOTES, Note(shelf="a", number=9, colour="blue"), expected=0)
    assert await numbers(engine, "red") == [1, 3, 0, 2, 4]
    assert await numbers(engine, "red", down=True) == [4, 2, 0, 3, 1]
    assert await numbers(engine, "blue") == [9]
    assert await numbers(engine, "green") == []


async def test_text_is_ordered_by_code_points(engine: Engine) -> None:
    for number, text in enumerate(["b", "Ä", "a", "B", ""]):
        await engine.documents.put(NOTES, Note(shelf="a", number=number, text=text), expected=0)
    assert await numbers(engine, "a", "red", index="by_shelf") == [4, 3, 2, 0, 1]


async def test_equal_documents_stand_in_the_order_of_their_keys(engine: Engine) -> None:
    for number in (3, 1, 2):
        await engine.documents.put(NOTES, Note(shelf="a", number=number), expected=0)
    assert await numbers(engine, "red") == [1, 2, 3]
    assert await numbers(engine, "red", down=True) == [3, 2, 1]


async def test_values_of_several_fields_cannot_be_mixed_up(engine: Engine) -> None:
    await engine.documents.put(NOTES, Note(shelf='a","b', number=1, colour="c"), expected=0)
    assert await numbers(engine, "a", 'b","c', index="by_shelf") == []
    assert await numbers(engine, 'a","b', "c", index="by_shelf") == [1]


async def test_a_changed_document_moves_in_its_indexes(engine: Engine) -> None:
    await engine.documents.put(NOTES, Note(shelf="a", number=1), expected=0)
    await engine.documents.put(NOTES, Note(shelf="a", number=1, colour="blue"), expected=1)
    assert await numbers(engine, "red") == []
    assert await numbers(engine, "blue") == [1]


async def test_a_document_without_a_value_does_not_stand_in_the_index(engine: Engine) -> None:
    await engine.documents.put(NOTES, Note(shelf="a", number=1, colour=None), expected=0)
    assert await numbers(engine, None) == []
    await engine.documents.put(NOTES, Note(shelf="a", number=1, colour="red"), expected=1)
    assert await numbers(engine, "red") == [1]


@pytest.mark.parametrize("down", [False, True])
async def test_pages_hold_everything_once(engine: Engine, down: bool) -> None:
    for number in range(7):
        await engine.documents.put(NOTES, Note(shelf="a", number=number, weight=number // 3), expected=0)
    await engine.settled()
    found: list[int] = []
    cursor = None
    for pages_left in (3, 2, 1):
        query = Query(index="by_colour", equal=("red",), descending=down, cursor=cursor, limit=3)
        page = await engine.documents.query(NOTES, query)
        found += [stored.value.number for stored in page.items]
        cursor = page.next_cursor
        assert (cursor is None) is (pages_left == 1)
    assert found == (list(reversed(range(7))) if down else list(range(7)))


async def test_a_foreign_cursor_is_refused(engine: Engine) -> None:
    for number in range(3):
        await engine.documents.put(NOTES, Note(shelf="a", number=number), expected=0)
    await engine.settled()
    page = await engine.documents.query(NOTES, Query(index="by_colour", equal=("red",), limit=1))
    assert page.next_cursor is not None
    for cursor in (page.next_cursor, "", "abc", "=", "Ä", page.next_cursor[:-4]):
        with pytest.raises(Invalid):
            await engine.documents.query(
                NOTES, Query(index="by_colour", equal=("blue",), cursor=cursor, limit=1)
            )


async def test_a_scan_meets_every_document_once(engine: Engine) -> None:
    for number in range(25):
        await engine.documents.put(NOTES, Note(shelf="a", number=number), expected=0)
    found: list[str] = []
    cursor = None
    while True:
        page = await engine.other.scan(NOTES, cursor=cursor, limit=10)
        found += [stored.key for stored in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(found) == sorted(key(number) for number in range(25))


async def test_the_feed_begins_with_every_document_there_is(engine: Engine) -> None:
    for number in range(40):
        await engine.documents.put(NOTES, Note(shelf="a", number=number), expected=0)
    found, _ = await all_changes(engine.other, limit=7)
    assert {change.key for change in found} == {key(number) for number in range(40)}
    assert all(change.value is not None and change.version == 1 for change in found)


async def test_the_feed_goes_on_after_a_position(engine: Engine) -> None:
    await engine.documents.put(NOTES, Note(shelf="a", number=1), expected=0)
    await engine.documents.put(NOTES, Note(shelf="a", number=2), expected=0)
    _, position = await all_changes(engine.other)
    assert await all_changes(engine.other, position) == ([], position)
    await engine.documents.put(NOTES, Note(shelf="a", number=1, text="new"), expected=1)
    found, _ = await all_changes(engine.other, position)
    assert [(change.key, change.version) for change in found] == [("a/1", 2)]
    assert found[0].value == Note(shelf="a", number=1, text="new")


async def test_the_tail_is_after_everything(engine: Engine) -> None:
    await engine.documents.put(NOTES, Note(shelf="a", number=1), expected=0)
    tail = await engine.other.tail(NOTES)
    assert (await all_changes(engine.documents, tail))[0] == []
    await engine.documents.put(NOTES, Note(shelf="a", number=1), expected=1)
    found, _ = await all_changes(engine.documents, tail)
    assert [change.version for change in found] == [2]


async def test_a_deletion_stands_in_the_feed(engine: Engine) -> None:
    await engine.documents.put(NOTES, Note(shelf="a", number=1), expected=0)
    _, position = await all_changes(engine.other)
    await engine.documents.delete(NOTES, "a/1", expected=1)
    found, _ = await all_changes(engine.other, position)
    assert [(change.key, change.value) for change in found] == [("a/1", None)]


async def test_a_key_is_told_in_order_and_its_last_state_always(engine: Engine) -> None:
    told: list[int] = []
    position: str | None = None
    for version in range(6):
        await engine.documents.put(NOTES, Note(shelf="a", number=1, weight=version), expected=version)
        if version % 2:
            found, position = await all_changes(engine.other, position)
            told += [change.version for change in found]
    assert told == sorted(told)
    assert told[-1] == 6


async def test_the_feed_skips_no_late_commit(engine: Engine) -> None:
    """Many writers at once and a reader between them: at the end the reader has heard of every last state."""
    heard: dict[str, int] = {}
    writing = True

    async def write(number: int) -> None:
        documents = (engine.documents, engine.other)[number % 2]
        for version in range(5):
            await documents.put(NOTES, Note(shelf="a", number=number), expected=version)

    async def listen() -> None:
        position: str | None = None
        while True:
            last_round = not writing
            changes = await engine.other.changes(NOTES, position, limit=10)
            position = changes.position
            for change in changes.items:
                assert change.version >= heard.get(change.key, 0)
                heard[change.key] = change.version
            if last_round and not changes.items:
                return

    async with asyncio.TaskGroup() as group:
        group.create_task(listen())
        await asyncio.gather(*(write(number) for number in range(20)))
        writing = False
    assert heard == {key(number): 5 for number in range(20)}


async def test_a_new_index_covers_documents_that_were_there_before(engine: Engine) -> None:
    for number in range(3):
        await engine.documents.put(OTHERS, Note(shelf="a", number=number), expected=0)
    indexed = Collection(name="others", of=Note, key=("shelf", "number"), indexes=(BY_COLOUR,))
    await asyncio.gather(*(one.prepare([indexed]) for one in (engine.documents, engine.other)))
    await engine.settled()
    page = await engine.documents.query(indexed, Query(index="by_colour", equal=("red",)))
    assert [stored.value.number for stored in page.items] == [0, 1, 2]


async def test_fields_a_newer_release_added_are_ignored(engine: Engine) -> None:
    class LaterNote(Note):
        more: str = "x"

    later = Collection(name="notes", of=LaterNote, key=("shelf", "number"))
    await engine.documents.put(later, LaterNote(shelf="a", number=1), expected=0)
    found = await engine.documents.get(NOTES, "a/1")
    assert found is not None
    assert found.value == Note(shelf="a", number=1)


@pytest.mark.parametrize(
    "note",
    [
        Note(shelf="a/b", number=1),
        Note(shelf="", number=1),
        Note(shelf="x" * 600, number=1),
        Note(shelf="x", number=1, text="x" * 600),
    ],
    ids=["slash", "empty", "long", "long to sort by"],
)
async def test_what_no_key_or_index_takes_is_a_bug(engine: Engine, note: Note) -> None:
    with pytest.raises(InvariantBroken):
        await engine.documents.put(NOTES, note, expected=0)


async def test_a_query_for_other_fields_than_the_indexes_is_a_bug(engine: Engine) -> None:
    with pytest.raises(InvariantBroken):
        await engine.documents.query(NOTES, Query(index="by_shelf", equal=("a",)))
