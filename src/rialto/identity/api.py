"""What can be asked of identity: who is this, and may they. Staff first; customers use the same tables."""

from __future__ import annotations

from typing import Protocol

from rialto.kernel.errors import Conflict, Denied, Invalid, NotFound
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


class StaffNotFound(NotFound):
    message = "There is no such member of staff."


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
        """Rotate. A refresh token used twice ends its whole family. Raises TokenRefused.

        Within 30 seconds of a rotation the former token is answered with the same successor: its reply may
        have been lost, or two tabs refreshed at once.
        """
        ...

    @operation(idempotent=True)
    async def sign_out(self, command: RefreshWith) -> Nothing:
        """End the token's whole family. What is no token of ours changes nothing."""
        ...

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

    @operation(idempotent=True)
    async def jwks(self, command: Nothing) -> Jwks: ...
