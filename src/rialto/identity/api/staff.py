"""Staff: their accounts."""

from __future__ import annotations

from typing import Protocol

from rialto.kernel.errors import NotFound
from rialto.kernel.service import Frozen, Nothing, operation


class StaffNotFound(NotFound):
    message = "There is no such member of staff."


class PutStaff(Frozen):
    """Create a member of staff, or set the password and roles of an existing one."""

    email: str
    name: str
    password: str
    roles: list[str]


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


class StaffAccounts(Protocol):
    """Who works here."""

    @operation(idempotent=True)
    async def put_staff(self, command: PutStaff) -> Staff:
        """The account is active afterwards; another password than before ends its sessions.

        Raises PasswordWeak, Invalid for an unknown role or a malformed e-mail, EmailTaken for a customer's.
        """
        ...

    @operation(idempotent=True)
    async def list_staff(self, command: Nothing) -> StaffList: ...

    @operation(idempotent=True)
    async def disable_staff(self, command: StaffRef) -> Staff:
        """End their sessions; access tokens that are out run for their few minutes. Raises StaffNotFound."""
        ...
