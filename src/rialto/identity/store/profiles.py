"""How profiles and consents are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from rialto.identity.api import Consent, GiveConsent
from rialto.identity.model.profiles import PURPOSES_MAX
from rialto.identity.store.accounts import bucket_of
from rialto.kernel.db import ReadSession, WriteSession

_UPDATE = """
UPDATE accounts SET name = $3, language = $4, version = version + 1, changed_at = $5
WHERE bucket = $1 AND id = $2 AND (name, language) IS DISTINCT FROM ($3, $4)
"""
_LATEST = """
SELECT DISTINCT ON (purpose) purpose, granted, text_version, at FROM consents
WHERE bucket = $1 AND account_id = $2 ORDER BY purpose, at DESC, id DESC LIMIT $3
"""
_WRITE_CONSENTS = """
INSERT INTO consents (bucket, id, account_id, purpose, granted, text_version, at)
SELECT $1, t.id, $2, t.purpose, t.granted, t.text_version, $3
FROM unnest($4::uuid[], $5::text[], $6::boolean[], $7::text[]) AS t(id, purpose, granted, text_version)
"""


async def update_profile(
    session: WriteSession, account_id: UUID, *, name: str, language: str, now: datetime
) -> None:
    await session.run(_UPDATE, bucket_of(account_id), account_id, name, language, now)


async def load_consents(session: ReadSession, account_id: UUID) -> list[Consent]:
    """The latest of each purpose, by purpose."""
    rows = await session.all(_LATEST, bucket_of(account_id), account_id, PURPOSES_MAX)
    return [Consent(**dict(row)) for row in rows]


async def write_consents(
    session: WriteSession, account_id: UUID, given: Sequence[tuple[UUID, GiveConsent]], now: datetime
) -> None:
    """Each with the id of its row."""
    if given:
        await session.run(
            _WRITE_CONSENTS,
            bucket_of(account_id),
            account_id,
            now,
            [row_id for row_id, _ in given],
            [consent.purpose for _, consent in given],
            [consent.granted for _, consent in given],
            [consent.text_version for _, consent in given],
        )
