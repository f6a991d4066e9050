"""Getting in and staying in: passwords, the second step, refresh tokens, the sessions of an account."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from rialto.kernel.errors import Denied, NotFound
from rialto.kernel.ids import SessionId
from rialto.kernel.service import Frozen, Nothing, operation


class SignInRefused(Denied):
    """One answer for a wrong password and an unknown account, after the same work."""

    code = "sign_in_refused"
    message = "E-mail and password do not match."


class TokenRefused(Denied):
    code = "token_refused"
    message = "Please sign in again."


class SessionNotFound(NotFound):
    message = "There is no such session."


class ProofNeeded(Denied):
    """403: what was asked for needs the password, or a session that began a moment ago."""

    code = "proof_needed"
    message = "Please enter your password."


class SignIn(Frozen):
    """`client` is the caller's network address, for throttling. `device` is how the caller names itself."""

    email: str
    password: str
    client: str = ""
    device: str = ""


class Tokens(Frozen):
    """`access_token` is an EdDSA JWT; `refresh_token` can be used once. `expires_in` in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int


class SecondStep(Frozen):
    """The password was right, and the account has a second factor. `expires_in` in seconds.

    `factor` is what is missing: a `code` beside the token, or a `passkey`, which signs in by itself and needs no token.
    """

    mfa_token: str
    expires_in: int
    factor: str = "code"


class SignedIn(Frozen):
    """Exactly one of the two."""

    tokens: Tokens | None = None
    second_step: SecondStep | None = None


class RefreshWith(Frozen):
    refresh_token: str


class OwnSession(Frozen):
    """Whose sessions, and which of them asks."""

    account_id: str
    session_id: str | None = None


class EndSession(Frozen):
    """`session_id` is the one to end."""

    account_id: str
    session_id: str


class Proof(Frozen):
    """That the owner is asking: the password, or a session that began in the last ten minutes.

    `origin`, for passkeys: the shop front that they are to open, as browsers name it; the caller has found it to be one of
    ours. Empty: the shop's own address.
    """

    account_id: str
    session_id: str | None = None
    password: str | None = None
    client: str = ""
    origin: str = ""


class Session(Frozen):
    """One sign-in. `last_used_at` is when its refresh token was last exchanged."""

    id: SessionId
    device: str
    started_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool


class SessionList(Frozen):
    items: list[Session]


class Jwks(Frozen):
    keys: list[dict[str, str]]


class SigningIn(Protocol):
    """Sessions of customers and of staff."""

    @operation(idempotent=False)
    async def sign_in(self, command: SignIn) -> SignedIn:
        """Raises SignInRefused, TooMany (per account and per client, alike for accounts that do not exist).

        A customer may sign in before the e-mail is verified. An account with a second factor gets no tokens
        but a `second_step`: one-time codes where they are on, else, for staff, a passkey where they have one. For
        customers a passkey is another way in beside the password.
        """
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
    async def list_sessions(self, command: OwnSession) -> SessionList:
        """The sessions that are not over, the one used last first; at most 200."""
        ...

    @operation(idempotent=True)
    async def end_session(self, command: EndSession) -> Nothing:
        """End one; access tokens that are out run for their few minutes. Raises SessionNotFound for others'."""
        ...

    @operation(idempotent=True)
    async def end_other_sessions(self, command: OwnSession) -> Nothing:
        """End all of the account's sessions but the one that asks; without one, all."""
        ...

    @operation(idempotent=True)
    async def jwks(self, command: Nothing) -> Jwks: ...
