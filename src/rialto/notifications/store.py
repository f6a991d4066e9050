"""How mails are kept, claimed for sending and read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from rialto.kernel import tracing
from rialto.kernel.db import ReadSession, Row, WriteSession
from rialto.kernel.ids import MAIL
from rialto.notifications.api import Mail, MailRow
from rialto.notifications.model import ATTEMPTS_MAX, DELAYS_S, Letter, MailCause

_QUEUE = """
INSERT INTO mails (
    id, cause, template, language, recipient, subject, text, html, reply_to, traceparent, state, next_attempt_at, created_at
)
SELECT t.*, 'queued', $11, $11 FROM unnest(
    $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[]
) AS t
ON CONFLICT DO NOTHING
"""
# A claim is an attempt: should the process die now, the mail is due again after the attempt's delay.
_CLAIM = """
UPDATE mails SET attempts = attempts + 1, next_attempt_at = $1 + make_interval(secs => ($3::float8[])[attempts + 1])
WHERE id IN (
    SELECT id FROM mails WHERE state = 'queued' AND next_attempt_at <= $1 AND attempts < $4
    ORDER BY next_attempt_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
)
RETURNING id, cause, template, language, recipient, subject, text, html, reply_to, state, created_at, sent_at, attempts,
    traceparent
"""
_SENT = """
UPDATE mails SET state = 'sent', sent_at = $2, error = NULL WHERE id = ANY ($1::uuid[]) AND state = 'queued'
"""
_NOT_SENT = """
UPDATE mails SET error = t.error, state = CASE WHEN t.final OR attempts >= $4 THEN 'failed' ELSE 'queued' END
FROM unnest($1::uuid[], $2::text[], $3::boolean[]) AS t(id, error, final)
WHERE mails.id = t.id AND state = 'queued'
"""
# The last attempt was cut short by a crash: nobody will report it.
_GIVE_UP = """
UPDATE mails SET state = 'failed', error = coalesce(error, 'interrupted')
WHERE state = 'queued' AND next_attempt_at <= $1 AND attempts >= $2
"""
_ROW_COLUMNS = "id, recipient, subject, template, state, created_at"
_NEWEST = f"SELECT {_ROW_COLUMNS} FROM mails WHERE recipient <> '' ORDER BY created_at DESC, id DESC LIMIT $1"
_NEWEST_TO = (
    f"SELECT {_ROW_COLUMNS} FROM mails WHERE recipient = $2 ORDER BY created_at DESC, id DESC LIMIT $1"
)
_MAIL = """
SELECT id, cause, template, language, recipient, subject, text, html, reply_to, state, created_at, sent_at, attempts
FROM mails WHERE id = $1 AND recipient <> ''
"""

_OF_PERSON = """
SELECT template, language, recipient, subject, text, state, created_at, sent_at FROM mails
WHERE lower(recipient) = ANY ($1::text[]) ORDER BY created_at, id LIMIT $2
"""
# That it was sent is kept: the row refuses a second mail for the same cause, and the audit looks for it.
_FORGET_OLD = """
UPDATE mails SET recipient = '', subject = '', text = '', html = ''
WHERE id IN (SELECT id FROM mails WHERE created_at < $1 AND state <> 'queued' AND recipient <> '' ORDER BY created_at LIMIT $2)
"""
_FORGET = "DELETE FROM mails WHERE lower(recipient) = ANY ($1::text[])"
EXPORTED_MAX = 10_000


@dataclass(frozen=True, kw_only=True)
class NewMail:
    """A mail to keep for sending."""

    cause: MailCause
    letter: Letter
    language: str
    to: str
    reply_to: str = ""
    traceparent: str = field(default_factory=tracing.traceparent)


@dataclass(frozen=True, kw_only=True)
class DueMail:
    """A mail whose turn it is, and the trace that it was written in."""

    mail: Mail
    traceparent: str


async def queue(session: WriteSession, mails: Sequence[NewMail], now: datetime) -> int:
    """Keep mails for sending; how many. A cause that has one already gets no other."""
    if not mails:
        return 0
    return await session.run(
        _QUEUE,
        [mail.cause.mail_id for mail in mails],
        [mail.cause.key for mail in mails],
        [mail.cause.template for mail in mails],
        [mail.language for mail in mails],
        [mail.to for mail in mails],
        [mail.letter.subject for mail in mails],
        [mail.letter.text for mail in mails],
        [mail.letter.html for mail in mails],
        [mail.reply_to for mail in mails],
        [mail.traceparent for mail in mails],
        now,
    )


async def claim_due(session: WriteSession, limit: int, now: datetime) -> list[DueMail]:
    """Up to `limit` mails whose turn it is, each counted as attempted; nobody else gets them meanwhile."""
    await session.run(_GIVE_UP, now, ATTEMPTS_MAX)
    rows = [dict(row) for row in await session.all(_CLAIM, now, limit, list(DELAYS_S), ATTEMPTS_MAX)]
    return [DueMail(traceparent=row.pop("traceparent"), mail=_mail(row)) for row in rows]


async def mark_sent(session: WriteSession, ids: Sequence[UUID], now: datetime) -> None:
    await session.run(_SENT, list(ids), now)


async def mark_not_sent(session: WriteSession, failures: Sequence[tuple[UUID, str, bool]]) -> None:
    """For each (id, error, whether for good): queued again for its time, or failed."""
    ids, errors, final = [list(column) for column in zip(*failures, strict=True)]
    await session.run(_NOT_SENT, ids, errors, final, ATTEMPTS_MAX)


async def load_newest(session: ReadSession, limit: int, to: str | None) -> list[MailRow]:
    rows = await (session.all(_NEWEST, limit) if to is None else session.all(_NEWEST_TO, limit, to))
    return [
        MailRow(
            id=MAIL.of(row["id"]),
            to=row["recipient"],
            subject=row["subject"],
            template=row["template"],
            state=row["state"],
            created_at=row["created_at"],
        )
        for row in rows
    ]


async def load_mail(session: ReadSession, mail_id: UUID) -> Mail | None:
    row = await session.one(_MAIL, mail_id)
    return _mail(row) if row else None


def _mail(row: Row) -> Mail:
    values = dict(row)
    recipient = values.pop("recipient")
    return Mail(**{**values, "id": MAIL.of(row["id"]), "to": recipient})


async def load_of_person(session: ReadSession, emails: Sequence[str]) -> list[dict[str, Any]]:
    """What was mailed to these addresses (in small letters), however they were typed; the oldest first."""
    return [dict(row) for row in await session.all(_OF_PERSON, list(emails), EXPORTED_MAX)]


async def forget_old(session: WriteSession, before: datetime, limit: int) -> int:
    """What mails said and to whom, of those older than that; how many."""
    return await session.run(_FORGET_OLD, before, limit)


async def forget_person(session: WriteSession, emails: Sequence[str]) -> None:
    """Also what is not sent yet."""
    await session.run(_FORGET, list(emails))
