"""How it is kept who waits for what, and which SKUs are to be looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from rialto.kernel.db import ReadSession, WriteSession

# One that was never confirmed in time is as good as none, also before the job deletes it. The limits are soft: two
# requests at the same moment may pass both.
_ASK = """
INSERT INTO waiting (id, sku, email, email_hash, language, channel, asked_at)
SELECT $1, $2, $3, $4, $5, $6, $7
WHERE (SELECT count(*) FROM waiting WHERE email_hash = $4) < $9
  AND (SELECT count(*) FROM waiting WHERE email_hash = $4 AND confirmed_at IS NULL AND asked_at > $8) < $10
ON CONFLICT (email_hash, sku) DO UPDATE
SET id = excluded.id, email = excluded.email, language = excluded.language, channel = excluded.channel,
    asked_at = excluded.asked_at
WHERE waiting.confirmed_at IS NULL AND waiting.asked_at <= $8
RETURNING true
"""
_KEEP = """
INSERT INTO waiting (id, sku, email, email_hash, language, channel, asked_at, confirmed_at)
SELECT $1, $2, $3, $4, $5, $6, $7, $7
WHERE (SELECT count(*) FROM waiting WHERE email_hash = $4) < $8
   OR EXISTS (SELECT 1 FROM waiting WHERE email_hash = $4 AND sku = $2)
ON CONFLICT (email_hash, sku) DO UPDATE SET confirmed_at = coalesce(waiting.confirmed_at, excluded.confirmed_at)
RETURNING true
"""
_CONFIRM = """
UPDATE waiting SET confirmed_at = coalesce(confirmed_at, $2)
WHERE id = $1 AND (confirmed_at IS NOT NULL OR asked_at > $3) RETURNING sku
"""
# DO UPDATE waits for whoever is looking at the SKU just now: DO NOTHING would see a row that is about to go.
_LOOK_AT = """
INSERT INTO restocked (sku, at) SELECT sku, $2 FROM unnest($1::text[]) AS t(sku)
WHERE EXISTS (SELECT 1 FROM waiting WHERE waiting.sku = t.sku AND confirmed_at IS NOT NULL) ORDER BY sku
ON CONFLICT (sku) DO UPDATE SET at = excluded.at
"""
_NEXT = "SELECT sku FROM restocked ORDER BY at, sku LIMIT 1 FOR UPDATE SKIP LOCKED"
_LATER = "UPDATE restocked SET at = $2 WHERE sku = $1"
_DONE = "DELETE FROM restocked WHERE sku = $1"
_WHO = """
SELECT id, sku, email, email_hash, language, channel FROM waiting
WHERE sku = $1 AND confirmed_at IS NOT NULL AND channel = ANY ($2::text[])
ORDER BY confirmed_at, id LIMIT $3 FOR UPDATE
"""
_TOLD = "DELETE FROM waiting WHERE id = ANY ($1::uuid[])"
# In one order, as whoever is told is locked in one: two of these never hold what the other wants.
_FORGET = """
DELETE FROM waiting WHERE id IN (
    SELECT id FROM waiting WHERE email_hash = ANY ($1::bytea[]) ORDER BY confirmed_at, id FOR UPDATE)
"""
_FORGET_OLD = """
DELETE FROM waiting WHERE id IN (
    SELECT id FROM waiting WHERE asked_at <= $1 OR (confirmed_at IS NULL AND asked_at <= $2)
    ORDER BY asked_at LIMIT $3)
"""
_OF_PERSON = """
SELECT sku, email, language, asked_at, confirmed_at FROM waiting
WHERE email_hash = ANY ($1::bytea[]) ORDER BY asked_at, id LIMIT $2
"""
EXPORTED_MAX = 1000


@dataclass(frozen=True, kw_only=True)
class Waiter:
    """Somebody who wants to hear of a SKU. `language` is one of ours."""

    id: UUID
    sku: str
    email: str
    email_hash: bytes
    language: str
    channel: str


def _values(waiter: Waiter, now: datetime) -> list[Any]:
    return [
        waiter.id,
        waiter.sku,
        waiter.email,
        waiter.email_hash,
        waiter.language,
        waiter.channel,
        now,
    ]


async def ask(
    session: WriteSession,
    waiter: Waiter,
    now: datetime,
    *,
    good_since: datetime,
    most: int,
    unconfirmed_most: int,
) -> bool:
    """Keep somebody who has to confirm the address; False where there is nothing new to ask."""
    found = await session.value(_ASK, *_values(waiter, now), good_since, most, unconfirmed_most)
    return found is not None


async def keep(session: WriteSession, waiter: Waiter, now: datetime, *, most: int) -> bool:
    """Keep somebody whose address is proven. False: this address waits for as much as it may."""
    return await session.value(_KEEP, *_values(waiter, now), most) is not None


async def confirm(
    session: WriteSession, waiting_id: UUID, now: datetime, *, good_since: datetime
) -> str | None:
    """The SKU; None where nobody waits under this id. Again: the same."""
    found: str | None = await session.value(_CONFIRM, waiting_id, now, good_since)
    return found


async def look_at(session: WriteSession, skus: Iterable[str], now: datetime) -> None:
    """Have these SKUs looked at, those that somebody waits for."""
    await session.run(_LOOK_AT, sorted(set(skus)), now)


async def next_to_look_at(session: WriteSession) -> str | None:
    """A SKU that nobody else looks at until the transaction ends."""
    found: str | None = await session.value(_NEXT)
    return found


async def look_again(session: WriteSession, sku: str, now: datetime) -> None:
    await session.run(_LATER, sku, now)


async def looked_at(session: WriteSession, sku: str) -> None:
    await session.run(_DONE, sku)


async def lock_waiters(session: WriteSession, sku: str, channels: Sequence[str], limit: int) -> list[Waiter]:
    """Those who wait longest, of these shop fronts."""
    return [Waiter(**dict(row)) for row in await session.all(_WHO, sku, list(channels), limit)]


async def forget_told(session: WriteSession, ids: Sequence[UUID]) -> None:
    await session.run(_TOLD, list(ids))


async def forget_address(session: WriteSession, hashes: Sequence[bytes]) -> None:
    await session.run(_FORGET, list(hashes))


async def forget_old(
    session: WriteSession, before: datetime, unconfirmed_before: datetime, limit: int
) -> int:
    """How many were forgotten."""
    return await session.run(_FORGET_OLD, before, unconfirmed_before, limit)


async def load_of_person(session: ReadSession, hashes: Sequence[bytes]) -> list[dict[str, Any]]:
    return [dict(row) for row in await session.all(_OF_PERSON, list(hashes), EXPORTED_MAX)]
