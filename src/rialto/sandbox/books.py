"""The sandbox's memory: one SQLite file that survives `kill -9` with nothing acknowledged lost.

Write-ahead log with `synchronous=FULL`: when `unit()` has returned, the operating
system has been told to put the change on the disk. Only storage and its last
fences live here; what may happen is decided in `model.py`, and who may ask in
`core.py`. One `Books` is used by one thread at a time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from rialto.kernel.errors import InvariantBroken
from rialto.kernel.money import Currency, Money
from rialto.sandbox.cards import Behaviour, CardFacts
from rialto.sandbox.errors import Unavailable
from rialto.sandbox.model import Intent, State

MEMORY = ":memory:"
PAGE_MAX = 100
ANSWERS_KEPT_DAYS = 30

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SCHEMA = Path(__file__).with_name("schema.sql")

_COLUMNS = """id, reference, idempotency_key, currency, amount, captured, voided, refunded, state, decline_code,
    card_brand, card_last4, behaviour, return_url, challenge_id, due_at, created_at, version"""
ADD_INTENT = f"INSERT INTO intents ({_COLUMNS}) VALUES ({', '.join('?' * 18)})"
SAVE_INTENT = """
    UPDATE intents SET captured = ?, voided = ?, refunded = ?, state = ?, decline_code = ?, due_at = ?, version = ?
    WHERE id = ? AND version = ? AND currency = ?"""
INTENT = f"SELECT {_COLUMNS} FROM intents WHERE id = ?"
INTENT_BY_KEY = f"SELECT {_COLUMNS} FROM intents WHERE idempotency_key = ?"
INTENT_BY_CHALLENGE = f"SELECT {_COLUMNS} FROM intents WHERE challenge_id = ?"
INTENTS_BY_REFERENCE = f"SELECT {_COLUMNS} FROM intents WHERE reference = ? ORDER BY seq DESC LIMIT ?"
DUE_INTENTS = f"SELECT {_COLUMNS} FROM intents WHERE due_at <= ? ORDER BY due_at LIMIT ?"
NEXT_DUE = "SELECT min(due_at) FROM intents WHERE due_at IS NOT NULL"

ADD_MOVEMENT = """
    INSERT INTO movements (id, kind, intent_id, reference, idempotency_key, debit, credit, amount, currency, created_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
MOVEMENTS = """
    SELECT seq, id, kind, intent_id, reference, idempotency_key, debit, credit, amount, currency, created_at
    FROM movements WHERE seq > ? AND created_at >= ? AND created_at < ? ORDER BY seq LIMIT ?"""
ACCOUNTS = {"capture": ("cardholder", "merchant"), "refund": ("merchant", "cardholder")}

ANSWER = "SELECT fingerprint, refused_code, body FROM answers WHERE key = ?"
RECORD_ANSWER = (
    "INSERT INTO answers (key, fingerprint, refused_code, body, created_at) VALUES (?, ?, ?, ?, ?)"
)
REFRESH_ANSWER = "UPDATE answers SET body = ? WHERE key = ? AND refused_code IS NULL"
PURGE_ANSWERS = "DELETE FROM answers WHERE key IN (SELECT key FROM answers WHERE created_at < ? LIMIT 1000)"

# Both must always be empty; the triggers and CHECKs of schema.sql see to it.
AUDIT = """
    SELECT id FROM intents AS i WHERE
        captured <> (SELECT coalesce(sum(amount), 0) FROM movements WHERE intent_id = i.id AND kind = 'capture')
     OR refunded <> (SELECT coalesce(sum(amount), 0) FROM movements WHERE intent_id = i.id AND kind = 'refund')
     OR captured + voided > amount OR refunded > captured ORDER BY id"""


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """One balanced entry of the books: `amount` went from `debit` to `credit`."""

    seq: int
    id: str
    kind: str
    intent_id: str
    reference: str
    idempotency_key: str
    debit: str
    credit: str
    amount: Money
    created_at: datetime


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What was said under an idempotency key: an intent, or a refusal with its code."""

    fingerprint: bytes
    refused_code: str | None
    body: bytes


class Books:
    """Intents, movements and given answers in one SQLite database."""

    def __init__(self, path: str = MEMORY) -> None:
        """Open or create the books. Raises `Unavailable` when the file cannot be used."""
        self._depth = 0
        try:
            self.connection = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=5, cached_statements=256
            )
            self.execute = self.connection.execute
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                self.execute(f"PRAGMA {pragma}")
            self.connection.executescript(_SCHEMA.read_text())
        except sqlite3.DatabaseError as error:
            raise Unavailable("The books cannot be opened.") from error

    def close(self) -> None:
        """Close the file; everything acknowledged is in it already."""
        self.connection.close()

    @contextmanager
    def unit(self) -> Iterator[None]:
        """All or nothing. The outermost unit is durable when it ends; inner ones are savepoints.

        An exception undoes this unit only. Raises `Unavailable` when SQLite cannot
        write (disk full, file gone): then the whole outermost unit is undone.
        """
        begin, end, undo = self._words()
        self._depth += 1
        try:
            self.execute(begin)
            yield
            self.execute(end)
        except sqlite3.OperationalError as error:
            self._undo("ROLLBACK")
            raise Unavailable("The books cannot be written.") from error
        except BaseException:
            self._undo(undo)
            raise
        finally:
            self._depth -= 1

    def shop_origins(self) -> tuple[str, ...]:
        """Where the shop is beside the addresses it was started with."""
        return tuple(row[0] for row in self.execute("SELECT origin FROM shop_origins ORDER BY origin"))

    def put_shop_origins(self, origins: Iterable[str]) -> None:
        """These and no others."""
        with self.unit():
            self.execute("DELETE FROM shop_origins")
            for origin in origins:
                self.execute("INSERT INTO shop_origins (origin) VALUES (?)", (origin,))

    def add_intent(self, intent: Intent) -> None:
        """Write a new intent."""
        self.execute(ADD_INTENT, _row(intent))

    def save_intent(self, intent: Intent) -> None:
        """Write the next version of an intent; the one before must be in the books."""
        changed = self.execute(
            SAVE_INTENT,
            (
                intent.captured.amount,
                intent.voided.amount,
                intent.refunded.amount,
                intent.state,
                intent.decline_code,
                micros(intent.due_at),
                intent.version,
                intent.id,
                intent.version - 1,
                intent.amount.currency,
            ),
        ).rowcount
        if changed != 1:
            raise InvariantBroken(f"{intent.id} is not at version {intent.version - 1}")

    def intent(self, intent_id: str) -> Intent | None:
        """The intent with this id, if any."""
        return self._one_intent(INTENT, intent_id)

    def intent_by_key(self, key: str) -> Intent | None:
        """The intent opened under this idempotency key, if any."""
        return self._one_intent(INTENT_BY_KEY, key)

    def intent_by_challenge(self, challenge_id: str) -> Intent | None:
        """The intent that a 3-D Secure page belongs to, if any."""
        return self._one_intent(INTENT_BY_CHALLENGE, challenge_id)

    def intents_by_reference(self, reference: str) -> list[Intent]:
        """The newest intents of a merchant reference, newest first."""
        return [_intent(row) for row in self.execute(INTENTS_BY_REFERENCE, (reference, PAGE_MAX))]

    def due_intents(self, at: datetime, limit: int) -> list[Intent]:
        """Intents that passing time has something to do with, oldest first."""
        return [_intent(row) for row in self.execute(DUE_INTENTS, (micros(at), limit))]

    def next_due_at(self) -> datetime | None:
        """When time next changes an intent, if ever."""
        due_at = self.execute(NEXT_DUE).fetchone()[0]
        return None if due_at is None else instant(due_at)

    def add_movement(self, movement: Movement) -> None:
        """Write a money movement, after `save_intent` (a trigger compares the two); `seq` is drawn here."""
        self.execute(
            ADD_MOVEMENT,
            (
                movement.id,
                movement.kind,
                movement.intent_id,
                movement.reference,
                movement.idempotency_key,
                movement.debit,
                movement.credit,
                movement.amount.amount,
                movement.amount.currency,
                micros(movement.created_at),
            ),
        )

    def movements(self, since: datetime, until: datetime, after: int, limit: int) -> list[Movement]:
        """Movements with `since <= created_at < until` past `after`, in booking order."""
        rows = self.execute(MOVEMENTS, (after, micros(since), micros(until), limit))
        return [_movement(row) for row in rows]

    def answer(self, key: str) -> Answer | None:
        """What was answered under `key`, if anything."""
        row = self.execute(ANSWER, (key,)).fetchone()
        return row and Answer(fingerprint=row[0], refused_code=row[1], body=row[2])

    def record_answer(self, key: str, answer: Answer, at: datetime) -> None:
        """Keep what is answered under `key`; the key must be new."""
        self.execute(RECORD_ANSWER, (key, answer.fingerprint, answer.refused_code, answer.body, micros(at)))

    def refresh_answer(self, key: str, body: bytes) -> None:
        """Replace an answer that has not been given yet (a slow authorisation has now ended)."""
        self.execute(REFRESH_ANSWER, (body, key))

    def purge_answers(self, at: datetime) -> None:
        """Forget old keys, at most a thousand a call."""
        self.execute(PURGE_ANSWERS, (micros(at - timedelta(days=ANSWERS_KEPT_DAYS)),))

    def audit(self) -> list[str]:
        """Ids of intents whose amounts differ from their movements; empty unless the file was tampered with."""
        return [row[0] for row in self.execute(AUDIT)]

    def _one_intent(self, sql: str, key: str) -> Intent | None:
        row = self.execute(sql, (key,)).fetchone()
        return row and _intent(row)

    def _words(self) -> tuple[str, str, str]:
        if not self._depth:
            return "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"
        name = f"unit_{self._depth}"
        return f"SAVEPOINT {name}", f"RELEASE {name}", f"ROLLBACK TO {name}; RELEASE {name}"

    def _undo(self, undo: str) -> None:
        # A full disk makes SQLite roll the whole transaction back by itself.
        if self.connection.in_transaction:
            for statement in undo.split("; "):
                self.execute(statement)


def micros(at: datetime | None) -> int | None:
    """An instant as the books store it."""
    return None if at is None else (at - _EPOCH) // _MICROSECOND


def instant(stored: int) -> datetime:
    """A stored instant as an aware UTC datetime."""
    return _EPOCH + timedelta(microseconds=stored)


def _row(intent: Intent) -> tuple[object, ...]:
    return (
        intent.id,
        intent.reference,
        intent.idempotency_key,
        intent.amount.currency,
        intent.amount.amount,
        intent.captured.amount,
        intent.voided.amount,
        intent.refunded.amount,
        intent.state,
        intent.decline_code,
        intent.card.brand,
        intent.card.last4,
        intent.card.behaviour,
        intent.return_url,
        intent.challenge_id,
        micros(intent.due_at),
        micros(intent.created_at),
        intent.version,
    )


def _intent(row: tuple[Any, ...]) -> Intent:
    currency = Currency(row[3])
    return Intent(
        id=row[0],
        reference=row[1],
        idempotency_key=row[2],
        amount=Money(row[4], currency),
        captured=Money(row[5], currency),
        voided=Money(row[6], currency),
        refunded=Money(row[7], currency),
        state=State(row[8]),
        decline_code=row[9],
        card=CardFacts(brand=row[10], last4=row[11], behaviour=Behaviour(row[12])),
        return_url=row[13],
        challenge_id=row[14],
        due_at=None if row[15] is None else instant(row[15]),
        created_at=instant(row[16]),
        version=row[17],
    )


def _movement(row: tuple[Any, ...]) -> Movement:
    return Movement(
        seq=row[0],
        id=row[1],
        kind=row[2],
        intent_id=row[3],
        reference=row[4],
        idempotency_key=row[5],
        debit=row[6],
        credit=row[7],
        amount=Money(row[8], Currency(row[9])),
        created_at=instant(row[10]),
    )
