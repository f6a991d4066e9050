"""Webhook events in the books: stored with the change they tell, kept until the shop has answered.

Only storage and the retry times; signing and sending is `webhooks.py`.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import msgspec

from rialto.sandbox.books import Books, micros

ADD_EVENT = """
    INSERT INTO events (id, type, intent_id, body, created_at, due_at) VALUES (?, ?, ?, ?, ?, ?)"""
DUE_EVENTS = """
    SELECT id, type, body, attempts FROM events WHERE due_at <= ? ORDER BY due_at, seq LIMIT ?"""
EVENT = "SELECT id, type, body, attempts FROM events WHERE id = ?"
ANSWERED = "UPDATE events SET attempts = attempts + 1, due_at = ? WHERE id = ?"
REDELIVER = "UPDATE events SET due_at = ? WHERE id = ?"
WAITING = "SELECT count(*) FROM events WHERE due_at IS NOT NULL"
PURGE_EVENTS = """
    DELETE FROM events WHERE seq IN
        (SELECT seq FROM events WHERE created_at < ? AND due_at IS NULL LIMIT 1000)"""

KEPT_DAYS = 30
RETRY_FIRST_S = 1.0
RETRY_MAX_S = 300.0


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A stored webhook: `body` is sent byte for byte, however often."""

    id: str
    type: str
    body: bytes
    attempts: int = 0


class Outbox:
    """The events table of the books."""

    def __init__(self, books: Books, source: random.Random) -> None:
        """Use the table of `books`; `source` draws the jitter of retries."""
        self._execute = books.execute
        self._source = source

    def add(self, event: Event, intent_id: str, at: datetime) -> None:
        """Store an event, due at once."""
        self._execute(ADD_EVENT, (event.id, event.type, intent_id, event.body, micros(at), micros(at)))

    def due(self, at: datetime, limit: int) -> list[Event]:
        """Events that are to be sent now, longest due first."""
        return [_event(row) for row in self._execute(DUE_EVENTS, (micros(at), limit))]

    def event(self, event_id: str) -> Event | None:
        """A stored event, delivered or not."""
        row = self._execute(EVENT, (event_id,)).fetchone()
        return row and _event(row)

    def delivered(self, event: Event) -> None:
        """The shop has answered 2xx."""
        self._execute(ANSWERED, (None, event.id))

    def failed(self, event: Event, at: datetime) -> None:
        """The shop has not answered 2xx; the event comes up again later."""
        wait_s = retry_wait_s(event.attempts, self._source.random())
        self._execute(ANSWERED, (micros(at + timedelta(seconds=wait_s)), event.id))

    def redeliver(self, event_id: str, at: datetime) -> bool:
        """Make a stored event due again; False when there is no such event."""
        return self._execute(REDELIVER, (micros(at), event_id)).rowcount == 1

    def waiting(self) -> int:
        """How many events the shop has not confirmed yet."""
        return int(self._execute(WAITING).fetchone()[0])

    def purge(self, at: datetime) -> None:
        """Forget old confirmed events, at most a thousand a call."""
        self._execute(PURGE_EVENTS, (micros(at - timedelta(days=KEPT_DAYS)),))


def retry_wait_s(attempts: int, jitter: float) -> float:
    """Seconds until the next attempt: doubling from one second to five minutes, 50-100 % of it."""
    return min(RETRY_FIRST_S * 2.0 ** min(attempts, 30), RETRY_MAX_S) * (0.5 + jitter / 2)


def _event(row: tuple[str, str, bytes, int]) -> Event:
    return Event(id=row[0], type=row[1], body=row[2], attempts=row[3])
