"""A second factor beside the password: one-time codes from an authenticator, and recovery codes for when it is lost."""

from __future__ import annotations

from typing import Protocol

from rialto.identity.api.signing_in import Proof, Tokens
from rialto.kernel.errors import Conflict, Denied
from rialto.kernel.service import Frozen, Nothing, operation


class CodeRefused(Denied):
    """Wrong, used before, or too old."""

    code = "code_refused"
    message = "This code is not right. Please take the one that is shown now."


class SecondFactorOn(Conflict):
    code = "second_factor_on"
    message = "There is a second factor already. Switch it off first."


class SecondFactorOff(Conflict):
    code = "second_factor_off"
    message = "There is no second factor."


class FinishSignIn(Frozen):
    """`code` is six digits from the authenticator, or a recovery code. `mfa_token` comes from `sign_in`."""

    mfa_token: str
    code: str
    client: str = ""
    device: str = ""


class TotpSetup(Frozen):
    """To be shown once: `secret` to type in, `uri` to open on the same device, `svg` is the uri as a QR code."""

    secret: str
    uri: str
    svg: str


class ConfirmTotp(Frozen):
    account_id: str
    code: str
    session_id: str | None = None


class RecoveryCodes(Frozen):
    """Ten, to be written down: they are not shown again."""

    codes: list[str]


class Resealed(Frozen):
    """How many secrets were sealed anew, and how many no known key opens."""

    resealed: int
    unreadable: int


class SecondFactors(Protocol):
    """For customers and for staff."""

    @operation(idempotent=False)
    async def finish_sign_in(self, command: FinishSignIn) -> Tokens:
        """The second step. The token is good for five minutes and one success, each code once.

        Raises TokenRefused for the token, CodeRefused (the token stays good), TooMany after ten wrong codes.
        """
        ...

    @operation(idempotent=False)
    async def begin_totp(self, command: Proof) -> TotpSetup:
        """A new secret, which counts once a code of it was given. One that was begun before is forgotten.

        Raises ProofNeeded, PasswordWrong, SecondFactorOn, EmailNotVerified for a customer who did not verify.
        """
        ...

    @operation(idempotent=False)
    async def confirm_totp(self, command: ConfirmTotp) -> RecoveryCodes:
        """From now on sign-in has a second step, and all other sessions end.

        Raises CodeRefused, SecondFactorOff when none was begun, SecondFactorOn.
        """
        ...

    @operation(idempotent=True)
    async def disable_totp(self, command: Proof) -> Nothing:
        """Also its recovery codes. Needs the password. Raises ProofNeeded, PasswordWrong. Off already: nothing."""
        ...

    @operation(idempotent=True, timeout_s=3600)
    async def reseal(self, command: Nothing) -> Resealed:
        """Seal all secrets with the newest key, after the keys were rotated. For operators."""
        ...

    @operation(idempotent=False)
    async def renew_recovery_codes(self, command: Proof) -> RecoveryCodes:
        """Ten new ones; the old ones are good no more. Raises ProofNeeded, PasswordWrong, SecondFactorOff."""
        ...
