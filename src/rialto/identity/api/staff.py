"""Staff: their accounts, what they may do, what they did."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from rialto.kernel.errors import Conflict, Denied, NotFound
from rialto.kernel.service import Frozen, Nothing, operation


class StaffNotFound(NotFound):
    message = "There is no such member of staff."


class RoleNotFound(NotFound):
    message = "There is no such role."


class RoleProtected(Conflict):
    """The owner's role cannot be changed, and no built-in one removed."""

    code = "role_protected"
    message = "This role is built in."


class RoleInUse(Conflict):
    code = "role_in_use"
    message = "Somebody has this role. Give them another one first."


class LastOwner(Conflict):
    code = "last_owner"
    message = "The shop needs an owner. Make somebody else owner first."


class NotYoursToGive(Denied):
    """403: nobody gives more than they have."""

    code = "not_yours_to_give"
    message = "You cannot give what you may not do yourself."


class PutStaff(Frozen):
    """Create a member of staff, or set the password and roles of an existing one.

    Another password ends all sessions and removes the passkeys: this is also the way back for who lost them.
    `by` are the permissions of whoever asks, who cannot give more; None: whoever runs the shop's machine.
    """

    email: str
    name: str
    password: str
    roles: list[str]
    by: list[str] | None = None


class AssignRoles(Frozen):
    """`by` as in PutStaff."""

    staff_id: str
    roles: list[str]
    by: list[str] | None = None


class Staff(Frozen):
    id: str
    email: str
    name: str
    roles: list[str]
    active: bool


class StaffList(Frozen):
    items: list[Staff]


class StaffRef(Frozen):
    email: str


class StaffMemberRef(Frozen):
    staff_id: str


class StaffMember(Frozen):
    """What somebody who works here sees of themselves. `second_factor` is whether codes are on."""

    id: str
    email: str
    name: str
    roles: list[str]
    second_factor: bool
    passkeys: int = 0

    @property
    def by_password_alone(self) -> bool:
        """Nothing but the password keeps this account."""
        return not self.second_factor and not self.passkeys


class Role(Frozen):
    """Permissions are `area.verb`, `area.*` or `*.verb`; the owner's is `*`."""

    name: str
    permissions: list[str]
    built_in: bool


class RoleList(Frozen):
    items: list[Role]


class PutRole(Frozen):
    """`by` as in PutStaff."""

    name: str
    permissions: list[str]
    by: list[str] | None = None


class RoleRef(Frozen):
    name: str


class BeginStaffAction(Frozen):
    """A change that staff asks for. `object_id` is what the address names, empty if nothing."""

    staff_id: str
    operation: str
    method: str
    path: str
    object_id: str
    request_id: str


class StaffActionRef(Frozen):
    action_id: str


class EndStaffAction(Frozen):
    """`status` is the HTTP status it was answered with."""

    action_id: str
    status: int


class StaffAction(Frozen):
    """`status` is None for what never ended: the process died, or is still at it."""

    id: str
    staff_id: str
    operation: str
    method: str
    path: str
    object_id: str
    request_id: str
    begun_at: datetime
    status: int | None = None
    ended_at: datetime | None = None


class StaffActionList(Frozen):
    items: list[StaffAction]
    next_cursor: str | None = None


class ListStaffActions(Frozen):
    """The newest first. Filters are exact; `since` is included, `until` is not."""

    staff_id: str | None = None
    operation: str | None = None
    object_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 50
    cursor: str | None = None


class StaffAccounts(Protocol):
    """Who works here."""

    @operation(idempotent=True)
    async def put_staff(self, command: PutStaff) -> Staff:
        """The account is active afterwards; another password than before ends its sessions.

        Raises PasswordWeak, Invalid for an unknown role or a malformed e-mail, EmailTaken for a customer's,
        NotYoursToGive, LastOwner.
        """
        ...

    @operation(idempotent=True)
    async def assign_roles(self, command: AssignRoles) -> Staff:
        """In access tokens from the next refresh on. Raises StaffNotFound, Invalid, NotYoursToGive, LastOwner."""
        ...

    @operation(idempotent=True)
    async def list_staff(self, command: Nothing) -> StaffList: ...

    @operation(idempotent=True)
    async def staff_member(self, command: StaffMemberRef) -> StaffMember:
        """One who may sign in. Raises StaffNotFound, also for who may no more."""
        ...

    @operation(idempotent=True)
    async def disable_staff(self, command: StaffRef) -> Staff:
        """End their sessions; access tokens that are out run for their few minutes.

        Raises StaffNotFound, LastOwner.
        """
        ...


class StaffRoles(Protocol):
    """What staff may do."""

    @operation(idempotent=True)
    async def list_roles(self, command: Nothing) -> RoleList:
        """By name, the owner's first."""
        ...

    @operation(idempotent=True)
    async def put_role(self, command: PutRole) -> Role:
        """Make a role or set what it allows; every process knows within seconds.

        Raises Invalid for a malformed name or permission, RoleProtected for the owner's, NotYoursToGive.
        """
        ...

    @operation(idempotent=True)
    async def remove_role(self, command: RoleRef) -> Nothing:
        """Raises RoleNotFound, RoleProtected, RoleInUse."""
        ...


class StaffLog(Protocol):
    """What staff did. Rows are added and never rewritten."""

    @operation(idempotent=False)
    async def begin_staff_action(self, command: BeginStaffAction) -> StaffActionRef:
        """Before it is done: what cannot be written down is not done."""
        ...

    @operation(idempotent=True)
    async def end_staff_action(self, command: EndStaffAction) -> Nothing:
        """Its outcome; a second one changes nothing."""
        ...

    @operation(idempotent=True)
    async def list_staff_actions(self, command: ListStaffActions) -> StaffActionList:
        """Raises Invalid for a cursor that is none of ours."""
        ...
