"""How roles are kept, and what staff did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from rialto.identity.api import BeginStaffAction, ListStaffActions, Role, StaffAction
from rialto.identity.model.fields import STAFF_BUCKET
from rialto.identity.model.roles import ROLES_MAX
from rialto.kernel.db import ReadSession, WriteSession
from rialto.kernel.ids import STAFF, STAFF_ACTION, to_uuid

_ROLES = "SELECT name, permissions, built_in FROM roles WHERE bucket = $1 ORDER BY name LIMIT $2"
_PUT = """
INSERT INTO roles AS r (bucket, name, permissions, built_in, version) VALUES ($1, $2, $3, false, 1)
ON CONFLICT (bucket, name) DO UPDATE SET permissions = excluded.permissions, version = r.version + 1
RETURNING name, permissions, built_in
"""
_LOCK = "SELECT built_in FROM roles WHERE bucket = $1 AND name = $2 FOR UPDATE"
_SHARE = "SELECT name FROM roles WHERE bucket = $1 AND name = ANY ($2::text[]) ORDER BY name FOR SHARE"
_REMOVE = "DELETE FROM roles WHERE bucket = $1 AND name = $2"
_HOLDERS = "SELECT count(*) FROM accounts WHERE bucket = $1 AND kind = 'staff' AND $2 = ANY (roles)"
_LOCK_OWNERS = """
SELECT id FROM accounts WHERE bucket = $1 AND kind = 'staff' AND active AND 'owner' = ANY (roles) ORDER BY id FOR UPDATE
"""
_ASSIGN = """
UPDATE accounts SET roles = $3, version = version + 1, changed_at = $4
WHERE bucket = $1 AND id = $2 AND kind = 'staff' AND roles IS DISTINCT FROM $3
"""
_BEGIN = """
INSERT INTO staff_actions (bucket, id, staff_id, operation, method, path, object_id, request_id, begun_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_END = """
INSERT INTO staff_action_outcomes (bucket, id, status, ended_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""
_LIST = """
SELECT a.id, a.staff_id, a.operation, a.method, a.path, a.object_id, a.request_id, a.begun_at, o.status, o.ended_at
FROM staff_actions AS a LEFT JOIN staff_action_outcomes AS o ON o.bucket = a.bucket AND o.id = a.id
WHERE a.bucket = $1
    AND ($2::uuid IS NULL OR a.staff_id = $2) AND ($3::text IS NULL OR a.operation = $3)
    AND ($4::text IS NULL OR a.object_id = $4)
    AND ($5::timestamptz IS NULL OR a.begun_at >= $5) AND ($6::timestamptz IS NULL OR a.begun_at < $6)
    AND ($7::timestamptz IS NULL OR (a.begun_at, a.id) < ($7, $8::uuid))
ORDER BY a.begun_at DESC, a.id DESC LIMIT $9
"""


async def load_roles(session: ReadSession) -> list[Role]:
    """Without the owner's, which is not a row."""
    return [Role(**dict(row)) for row in await session.all(_ROLES, STAFF_BUCKET, ROLES_MAX)]


async def put_role(session: WriteSession, name: str, permissions: Sequence[str]) -> Role:
    row = await session.one(_PUT, STAFF_BUCKET, name, list(permissions))
    assert row is not None
    return Role(**dict(row))


async def lock_role(session: WriteSession, name: str) -> bool | None:
    """Whether it is built in, held until the transaction ends; None: there is none."""
    built_in: bool | None = await session.value(_LOCK, STAFF_BUCKET, name)
    return built_in


async def hold_roles(session: WriteSession, names: Sequence[str]) -> int:
    """How many of them there are; those stay until the transaction ends."""
    return len(await session.all(_SHARE, STAFF_BUCKET, list(names)))


async def remove_role(session: WriteSession, name: str) -> None:
    await session.run(_REMOVE, STAFF_BUCKET, name)


async def count_holders(session: ReadSession, name: str) -> int:
    count: int = await session.value(_HOLDERS, STAFF_BUCKET, name)
    return count


async def lock_owners(session: WriteSession) -> set[UUID]:
    """Who owns the shop, held until the transaction ends: of two who leave at once one sees that they are the last."""
    return {row["id"] for row in await session.all(_LOCK_OWNERS, STAFF_BUCKET)}


async def assign_roles(session: WriteSession, staff_id: UUID, names: Sequence[str], now: datetime) -> None:
    await session.run(_ASSIGN, STAFF_BUCKET, staff_id, list(names), now)


async def begin_action(
    session: WriteSession, action_id: UUID, staff_id: UUID, begun: BeginStaffAction, *, now: datetime
) -> None:
    said = (begun.operation, begun.method, begun.path, begun.object_id, begun.request_id)
    await session.run(_BEGIN, STAFF_BUCKET, action_id, staff_id, *said, now)


async def end_action(session: WriteSession, action_id: UUID, status: int, now: datetime) -> None:
    await session.run(_END, STAFF_BUCKET, action_id, status, now)


async def load_actions(
    session: ReadSession,
    wanted: ListStaffActions,
    *,
    after: tuple[datetime | None, UUID | None],
    limit: int,
) -> list[StaffAction]:
    staff_id = to_uuid(wanted.staff_id) if wanted.staff_id else None
    filters = (staff_id, wanted.operation, wanted.object_id, wanted.since, wanted.until)
    rows = await session.all(_LIST, STAFF_BUCKET, *filters, *after, limit)
    return [
        StaffAction(**{**dict(row), "id": STAFF_ACTION.of(row["id"]), "staff_id": STAFF.of(row["staff_id"])})
        for row in rows
    ]
