"""What staff may do, and what they did."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta
from uuid import UUID

from rialto.identity.api import (
    BeginStaffAction,
    EndStaffAction,
    ListStaffActions,
    PutRole,
    Role,
    RoleInUse,
    RoleList,
    RoleNotFound,
    RoleProtected,
    RoleRef,
    StaffAction,
    StaffActionList,
    StaffActionRef,
)
from rialto.identity.handlers.shared import IdentityUseCase
from rialto.identity.model.fields import STAFF_BUCKET
from rialto.identity.model.roles import ROLES_MAX, checked_role
from rialto.identity.store import roles
from rialto.kernel.errors import NotFound, field_problem
from rialto.kernel.ids import STAFF, STAFF_ACTION, to_uuid
from rialto.kernel.roles import EVERYTHING, OWNER, Roles
from rialto.kernel.service import Nothing
from rialto.kernel.text import clean_text

LISTED_MAX = 200
TEXT_MAX = 500
_OWNER = Role(name=OWNER, permissions=sorted(EVERYTHING), built_in=True)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RoleCases(IdentityUseCase):
    async def known_roles(self) -> Roles:
        return {role.name: frozenset(role.permissions) for role in (await self.list_roles(Nothing())).items}

    async def list_roles(self, command: Nothing) -> RoleList:  # noqa: ARG002 - every operation takes one command
        async with self.db.read() as session:
            return RoleList(items=[_OWNER, *await roles.load_roles(session)])

    async def put_role(self, command: PutRole) -> Role:
        wanted = checked_role(command)
        async with self.db.write() as session:
            if await roles.lock_role(session, wanted.name) is None:
                known = await roles.load_roles(session)
                if len(known) >= ROLES_MAX:
                    raise field_problem("name", "too_many", f"There are {ROLES_MAX} roles already.")
            return await roles.put_role(session, wanted.name, wanted.permissions)

    async def remove_role(self, command: RoleRef) -> Nothing:
        if command.name == OWNER:
            raise RoleProtected
        async with self.db.write() as session:
            built_in = await roles.lock_role(session, command.name) if clean_text(command.name) else None
            if built_in is None:
                raise RoleNotFound
            if built_in:
                raise RoleProtected
            # Left with somebody the name would mean whatever a later role of this name allows.
            if await roles.count_holders(session, command.name):
                raise RoleInUse
            await roles.remove_role(session, command.name)
        return Nothing()

    async def begin_staff_action(self, command: BeginStaffAction) -> StaffActionRef:
        action_id = self.ids.uuid(STAFF_BUCKET)
        staff_id = to_uuid(STAFF.parse(command.staff_id))
        said = BeginStaffAction(
            staff_id=command.staff_id,
            operation=command.operation,
            method=command.method,
            path=_storable(command.path),
            object_id=_storable(command.object_id),
            request_id=_storable(command.request_id),
        )
        async with self.db.write() as session:
            await roles.begin_action(session, action_id, staff_id, said, now=self.clock.now())
        return StaffActionRef(action_id=STAFF_ACTION.of(action_id))

    async def end_staff_action(self, command: EndStaffAction) -> Nothing:
        action_id = to_uuid(STAFF_ACTION.parse(command.action_id))
        async with self.db.write() as session:
            await roles.end_action(session, action_id, command.status, self.clock.now())
        return Nothing()

    async def list_staff_actions(self, command: ListStaffActions) -> StaffActionList:
        limit = min(max(command.limit, 1), LISTED_MAX)
        after = _read_cursor(command.cursor)
        if not _can_match(command):
            return StaffActionList(items=[])
        async with self.db.recent() as session:
            found = await roles.load_actions(session, command, after=after, limit=limit + 1)
        items = found[:limit]
        return StaffActionList(items=items, next_cursor=_cursor(items[-1]) if len(found) > limit else None)


def _storable(text: str) -> str:
    """What came by the address, as it can be stored."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")[:TEXT_MAX]


def _can_match(command: ListStaffActions) -> bool:
    """Whether the filters are such that a row could have them."""
    texts = (command.operation, command.object_id)
    if not all(text is None or clean_text(text) for text in texts):
        return False
    try:
        return command.staff_id is None or bool(STAFF.parse(command.staff_id))
    except NotFound:
        return False


def _cursor(last: StaffAction) -> str:
    microseconds = (last.begun_at - _EPOCH) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(f"{microseconds}.{last.id}".encode()).decode().rstrip("=")


def _read_cursor(cursor: str | None) -> tuple[datetime | None, UUID | None]:
    """The place after which to go on. Raises Invalid for a cursor that is none of ours."""
    if cursor is None:
        return None, None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        microseconds, _, action_id = text.partition(".")
        return _EPOCH + timedelta(microseconds=int(microseconds)), to_uuid(STAFF_ACTION.parse(action_id))
    except (ValueError, binascii.Error, OverflowError, NotFound):
        raise field_problem("cursor", "not_valid", "This cursor is not one of ours.") from None
