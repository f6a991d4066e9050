"""Reading all customers, page by page."""

from __future__ import annotations

from uuid import UUID

from rialto.identity.api import Customer
from rialto.identity.store.accounts import bucket_of
from rialto.kernel.db import ReadSession, Row
from rialto.kernel.ids import ACCOUNT

_COLUMNS = "id, email, name, language, channel, verified_at, active, created_at"
# Over all buckets, in the order of the primary key: for exports and staff, no customer waits for it.
_FIRST = f"""
SELECT {_COLUMNS} FROM accounts WHERE kind = 'customer' AND erased_at IS NULL ORDER BY bucket, id LIMIT $1
"""
_NEXT = f"""
SELECT {_COLUMNS} FROM accounts WHERE kind = 'customer' AND erased_at IS NULL AND (bucket, id) > ($2, $3)
ORDER BY bucket, id LIMIT $1
"""


async def load_page(session: ReadSession, after: UUID | None, limit: int) -> list[Customer]:
    if after is None:
        rows = await session.all(_FIRST, limit)
    else:
        rows = await session.all(_NEXT, limit, bucket_of(after), after)
    return [_customer(row) for row in rows]


def _customer(row: Row) -> Customer:
    return Customer(
        id=ACCOUNT.of(row["id"]),
        email=row["email"],
        name=row["name"],
        language=row["language"],
        channel=row["channel"],
        verified=row["verified_at"] is not None,
        active=row["active"],
        created_at=row["created_at"],
    )
