"""Statements in sampled traces: named by verb and table, and no value of theirs is told."""

from __future__ import annotations

import pytest

from rialto.kernel.errors import Unavailable
from rialto.kernel.traced_sql import summary_of
from rialto.kernel.tracing import Kind, Parent
from tests.kernel.bakery import Town
from tests.support.traces import Collected, recorder
from tests.support.values import seeded_ids

SPAN = "b7ad6b7169203331"


@pytest.mark.fast
@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELECT version FROM events WHERE bucket = $1", "SELECT events"),
        ("\n insert into mails (id) values ($1)", "INSERT mails"),
        (
            "WITH input AS (SELECT * FROM unnest($1::int[])) INSERT INTO outbox SELECT * FROM input",
            "INSERT outbox",
        ),
        (
            "WITH won AS (SELECT 1), parts AS (SELECT 2) SELECT * FROM won JOIN stock USING (sku)",
            "SELECT stock",
        ),
        ("DELETE FROM outbox USING unnest($1::int[]) AS t(v)", "DELETE outbox"),
        ("UPDATE saga SET due_at = $1", "UPDATE saga"),
        ("SELECT sku FROM stock ORDER BY sku FOR UPDATE OF stock", "SELECT stock"),
        ("SELECT o.id FROM unnest($1::int[]) AS t(id) JOIN orders AS o USING (id)", "SELECT orders"),
        ("BEGIN", "BEGIN"),
        ("SELECT 1", "SELECT"),
        ("  ", "?"),
    ],
)
def test_a_statement_is_named_by_what_it_does_and_to_what(sql: str, told: str) -> None:
    assert summary_of(sql) == told


@pytest.mark.anyio
@pytest.mark.parametrize("sampled", [True, False])
async def test_statements_are_spans_of_sampled_traces_only(town: Town, sampled: bool) -> None:
    collected = Collected()
    tracer = recorder(collected, town.clock, seeded_ids(clock=town.clock), slow_s=0.0)
    add = "INSERT INTO arrivals (stream, version, bread) VALUES ($1, $2, $3)"
    with tracer.entry("request", Kind.SERVER, parent=Parent("f" * 32, SPAN, sampled)):
        async with town.cellar.write() as session:
            await session.run(add, town.ids.uuid(1), 1, "planted@example.org")
        async with town.cellar.read() as session:
            assert await session.value("SELECT count(*) FROM arrivals") == 1
            assert await session.one("SELECT bread FROM arrivals") is not None
            assert len(await session.all("SELECT bread FROM arrivals")) == 1
    told = collected.names()
    assert told == (
        ["BEGIN", "INSERT arrivals", *["SELECT arrivals"] * 3, "request"] if sampled else ["request"]
    )
    with tracer.entry("request", Kind.SERVER, parent=Parent("f" * 32, SPAN, sampled)):
        async with town.cellar.read() as session:
            session.connection.terminate()
            with pytest.raises(Unavailable):
                await session.value("SELECT 1")
    assert "planted" not in repr([(span.name, span.attributes) for span in collected.spans])
