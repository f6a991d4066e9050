"""What can be asked of identity: who is this, and may they. Staff first; customers use the same tables."""

from __future__ import annotations

from typing import Protocol

from rialto.kernel.errors import Conflict, Denied, Invalid
from rialto.kernel.service import Frozen, Nothing, operation


class SignInRefused(Denied):
    """One answer for a wrong password and an unknown account, after the same work."""

    code = "sign_in_refused"
    message = "E-mail and password do not match."


class TokenRefused(Denied):
    code = "token_refused"
    message = "Please sign in again."


class PasswordWeak(Invalid):
    code = "password_weak"
    message = "Use at least twelve characters."


class EmailTaken(Conflict):
    code = "email_taken"
    message = "This e-mail has an account already."


class SignIn(Frozen):
    """`client` is the caller's network address, for throttling."""

    email: str
    password: str
    client: str = ""
    device: str = ""


class Tokens(Frozen):
    """`access_token` is an EdDSA JWT; `refresh_token` can be used once. `expires_in` in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int


class RefreshWith(Frozen):
    refresh_token: str


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


class Jwks(Frozen):
    keys: list[dict[str, str]]


class Identity(Protocol):
    """Accounts and sessions."""

    @operation(idempotent=False)
    async def sign_in(self, command: SignIn) -> Tokens:
        """Raises SignInRefused, TooMany (per account and per client, alike for accounts that do not exist)."""
        ...

    @operation(idempotent=False)
    async def refresh(self, command: RefreshWith) -> Tokens:
        """Rotate. A refresh token used twice ends its whole family. Raises TokenRefused."""
        ...

    @operation(idempotent=True)
    async def sign_out(self, command: RefreshWith) -> Nothing: ...

    @operation(idempotent=True)
    async def put_staff(self, command: PutStaff) -> Staff:
        """Raises PasswordWeak, Invalid for an unknown role or a malformed e-mail."""
        ...

    @operation(idempotent=True)
    async def list_staff(self, command: Nothing) -> StaffList: ...

    @operation(idempotent=True)
    async def disable_staff(self, command: StaffRef) -> Staff: ...

    @operation(idempotent=True)
    async def jwks(self, command: Nothing) -> Jwks: ...
