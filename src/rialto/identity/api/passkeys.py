"""Passkeys (WebAuthn): a key on somebody's device in the place of a password and a code."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from rialto.identity.api.accounts import AccountRef
from rialto.identity.api.signing_in import Proof, Tokens
from rialto.kernel.errors import Conflict, Denied, NotFound
from rialto.kernel.ids import PasskeyId
from rialto.kernel.service import Frozen, Nothing, operation


class PasskeyRefused(Denied):
    """Unknown, made for another shop, an answer to another or an old question, or copied."""

    code = "passkey_refused"
    message = "This passkey was not accepted."


class PasskeyElsewhere(PasskeyRefused):
    """Told to its owner only, once the passkey has proven itself: a browser may offer both to who has both."""

    code = "passkey_elsewhere"
    message = "This passkey opens another door: staff come in at the back office, customers in the shop."


class PasskeyNotFound(NotFound):
    message = "There is no such passkey."


class PasskeyKnown(Conflict):
    code = "passkey_known"
    message = "This passkey is registered already."


class PasskeysFull(Conflict):
    code = "passkeys_full"
    message = "An account has at most twenty passkeys."


class PasskeyOptions(Frozen):
    """What the browser is asked with: `PublicKeyCredential.parse…OptionsFromJSON(public_key)`."""

    public_key: dict[str, Any]


class AddPasskey(Frozen):
    """`credential` is what the browser answered, by its `toJSON()`. `origin` as in `Proof`."""

    account_id: str
    credential: dict[str, Any]
    name: str
    origin: str = ""


class ClientRef(Frozen):
    """`client` is the caller's network address, for throttling. `origin` as in `Proof`."""

    client: str = ""
    origin: str = ""


class SignInWithPasskey(Frozen):
    """`credential` is what the browser answered, by its `toJSON()`.

    `kind` is who may come in where it was asked: `customer`, `staff`, or, empty, either. `origin` as in `Proof`.
    """

    credential: dict[str, Any]
    client: str = ""
    device: str = ""
    kind: str = ""
    origin: str = ""


class Passkey(Frozen):
    """`host` is where it was made, and where alone it opens: empty for the shop's own address, else a shop front's host name."""

    id: PasskeyId
    name: str
    created_at: datetime
    last_used_at: datetime | None = None
    host: str = ""


class PasskeyList(Frozen):
    """The oldest first."""

    items: list[Passkey]


class PasskeyRef(Frozen):
    account_id: str
    passkey_id: str


class RenamePasskey(Frozen):
    account_id: str
    passkey_id: str
    name: str


class Passkeys(Protocol):
    """For customers and for staff. The browser verifies its user, so a passkey alone is both factors."""

    @operation(idempotent=False)
    async def begin_passkey(self, command: Proof) -> PasskeyOptions:
        """A question good once and for five minutes.

        Raises ProofNeeded, PasswordWrong, EmailNotVerified for a customer who did not verify, PasskeysFull.
        """
        ...

    @operation(idempotent=False)
    async def add_passkey(self, command: AddPasskey) -> Passkey:
        """Raises PasskeyRefused, PasskeyKnown, PasskeysFull, Invalid for the name."""
        ...

    @operation(idempotent=False)
    async def begin_passkey_sign_in(self, command: ClientRef) -> PasskeyOptions:
        """A question to whoever has a passkey: the browser offers those it has. Raises TooMany."""
        ...

    @operation(idempotent=False)
    async def sign_in_with_passkey(self, command: SignInWithPasskey) -> Tokens:
        """Raises PasskeyRefused for whatever is wrong, and does not say what; TooMany, counted as wrong passwords are.

        PasskeyElsewhere for an account that may not come in here: no session begins.
        """
        ...

    @operation(idempotent=True)
    async def list_passkeys(self, command: AccountRef) -> PasskeyList: ...

    @operation(idempotent=True)
    async def rename_passkey(self, command: RenamePasskey) -> Passkey:
        """Raises PasskeyNotFound, Invalid for the name."""
        ...

    @operation(idempotent=True)
    async def remove_passkey(self, command: PasskeyRef) -> Nothing:
        """One that is not there: unchanged. Sessions that it began go on."""
        ...
