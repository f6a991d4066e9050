"""Spans of the last hour in one SQLite file: what `rialto traces` asks. Bounded by time and by number.

A trace comes in pieces, from several processes and minutes apart. Its name is that of its first span without a parent here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from rialto.kernel.clock import Clock

KEPT_S = 3600.0
SPANS_MAX = 400_000
# Looked at so often whether there is something to forget.
FORGET_EVERY = 2_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS spans (
    trace_id TEXT NOT NULL, span_id TEXT NOT NULL, parent_id TEXT NOT NULL, service TEXT NOT NULL, process TEXT NOT NULL,
    name TEXT NOT NULL, kind INTEGER NOT NULL, began_ns INTEGER NOT NULL, ended_ns INTEGER NOT NULL, error TEXT NOT NULL,
    attributes TEXT NOT NULL, links TEXT NOT NULL, PRIMARY KEY (trace_id, span_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS spans_by_time ON spans (began_ns);
"""
_ADD = "INSERT OR REPLACE INTO spans VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_TRACE = "SELECT * FROM spans WHERE trace_id = ? ORDER BY began_ns, span_id"
_FORGET = "DELETE FROM spans WHERE began_ns < ?"
_OLDEST_KEPT = "SELECT began_ns FROM spans ORDER BY began_ns DESC LIMIT 1 OFFSET ?"
# `took` is the longest span, not the whole: an order goes on for days after its request was answered.
_LIST = """
SELECT found.*, (SELECT name FROM spans WHERE spans.trace_id = found.trace_id ORDER BY parent_id <> '', began_ns LIMIT 1) AS name
FROM (
    SELECT trace_id, min(began_ns) AS began_ns, max(ended_ns - began_ns) AS took_ns, count(*) AS spans,
        count(DISTINCT process) AS processes, sum(error <> '') AS errors
    FROM spans GROUP BY trace_id HAVING took_ns >= ? AND errors >= ? ORDER BY 2 DESC LIMIT ?
) AS found ORDER BY began_ns DESC
"""


class StoredSpan(msgspec.Struct, frozen=True, kw_only=True):
    """Ids are hexadecimal; `kind` as in OTLP; times in nanoseconds since 1970; `links` are trace ids."""

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    process: str
    name: str
    kind: int
    began_ns: int
    ended_ns: int
    error: str
    attributes: dict[str, Any]
    links: list[str]


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A trace in the list."""

    trace_id: str
    name: str
    began_ns: int
    took_ns: int
    spans: int
    processes: int
    errors: int


class SpanStore:
    """One file, used by one process."""

    def __init__(self, file: Path, clock: Clock, *, spans_max: int = SPANS_MAX) -> None:
        self._spans_max = spans_max
        self._clock = clock
        self._connection = sqlite3.connect(file, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        # What a crash of the machine loses here is missed by nobody.
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.executescript(_SCHEMA)
        self._since_forgotten = FORGET_EVERY

    def add(self, spans: Sequence[StoredSpan]) -> None:
        """A span that comes twice is kept once."""
        encode = msgspec.json.encode
        rows = [
            (
                *msgspec.structs.astuple(span)[:10],
                encode(span.attributes).decode(),
                encode(span.links).decode(),
            )
            for span in spans
        ]
        self._connection.execute("BEGIN")
        self._connection.executemany(_ADD, rows)
        self._connection.execute("COMMIT")
        self._since_forgotten += len(spans)
        if self._since_forgotten >= FORGET_EVERY:
            self._since_forgotten = 0
            self.forget()

    def forget(self) -> None:
        """What began more than an hour ago, and the oldest beyond the number that is kept."""
        before = int((self._clock.now().timestamp() - KEPT_S) * 1e9)
        beyond = self._connection.execute(_OLDEST_KEPT, (self._spans_max,)).fetchone()
        self._connection.execute(_FORGET, (max(before, beyond[0] + 1 if beyond else 0),))

    def trace(self, trace_id: str) -> list[StoredSpan]:
        """Its spans in the order in which they began; none for an id that is not known."""
        return [
            StoredSpan(
                **{
                    **dict(row),
                    "attributes": msgspec.json.decode(row["attributes"]),
                    "links": msgspec.json.decode(row["links"]),
                }
            )
            for row in self._connection.execute(_TRACE, (trace_id,))
        ]

    def traces(self, *, slower_ms: int, errors: bool, limit: int) -> list[Summary]:
        """The newest first. `slower_ms`: those with a span that took as long."""
        rows = self._connection.execute(_LIST, (slower_ms * 1_000_000, int(errors), limit))
        return [Summary(**dict(row)) for row in rows]

    def close(self) -> None:
        self._connection.close()
