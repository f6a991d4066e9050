"""What every use case of identity stands on."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from uuid import UUID

from rialto.identity.api import AccountNotFound, PasswordWrong, SignInRefused, Tokens
from rialto.identity.model.attempts import Attempts, next_attempt
from rialto.identity.model.fields import NOBODY, comparable_password, email_hash
from rialto.identity.model.sessions import (
    ACCESS_TOKEN_S,
    DEVICE_LENGTH_MAX,
    RefreshToken,
    RefreshTokens,
    session_end,
)
from rialto.identity.model.tokens import LinkTokens
from rialto.identity.passkeys import Ceremonies
from rialto.identity.store import accounts, attempts, sessions
from rialto.identity.store.accounts import StoredAccount
from rialto.kernel.auth import Passwords, Principal
from rialto.kernel.errors import NotFound, TooMany
from rialto.kernel.ids import ACCOUNT, SESSION, STAFF, to_uuid
from rialto.kernel.keys import Keyring
from rialto.kernel.limits import Throttle
from rialto.kernel.personal import Keepers
from rialto.kernel.service import Env

ANY_CLIENT = b""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What identity is made of. `secret` keys the hashes of network addresses and of what is
    logged; `shop_name` is how authenticators call the shop."""

    passwords: Passwords
    keyring: Keyring
    tokens: RefreshTokens
    clients: Throttle
    links: LinkTokens
    ceremonies: Ceremonies
    keepers: Keepers
    shop_name: str
    secret: bytes


class IdentityUseCase:
    """The parts, and what several use cases do: counting attempts, checking passwords, starting sessions."""

    def __init__(self, e: Env, parts: Parts) -> None:
        self.env = e
        self.db = e.db
        self.clock = e.clock
        self.ids = e.ids
        self.parts = parts
        self._dummy_hash: str | None = None

    async def count_attempt(self, digest: bytes, client: bytes) -> bytes:
        """Count an attempt before it is made, so that a thousand at once are a thousand; on which count.

        Raises TooMany. A client that signed in to this account before has a count of its own: strangers who
        try passwords slow each other down, not the owner.
        """
        now = self.clock.now()
        async with self.db.write() as session:
            counted = client if await attempts.is_known_client(session, digest, client) else ANY_CLIENT
            before = await attempts.lock_attempts(session, digest, counted, now)
            after = next_attempt(before, now)
            if isinstance(after, Attempts):
                await attempts.save_attempts(session, digest, counted, after)
        if not isinstance(after, Attempts):
            raise TooMany("Too many attempts to sign in. Please wait a little.", retry_after_s=after)
        return counted

    async def take_back_attempt(self, digest: bytes, counted: bytes) -> None:
        async with self.db.write() as session:
            await attempts.take_back_attempt(session, digest, counted)

    async def forget_attempts(self, digest: bytes, counted: bytes, client: bytes) -> None:
        """After a success: the count starts anew and the client is known from now on."""
        async with self.db.write() as session:
            await attempts.forget_attempts(session, digest, counted)
            if client:
                await attempts.remember_client(session, digest, client, self.clock.now())

    async def account_of(self, digest: bytes) -> StoredAccount | None:
        """The account that signs in with this e-mail; one that only once had it does not."""
        async with self.db.read() as session:
            account_id = await accounts.account_of_email(session, digest)
            account = await accounts.load_account(session, account_id or NOBODY)
        return account if account is not None and email_hash(account.email) == digest else None

    async def matches(self, account: StoredAccount | None, password: str) -> bool:
        """One verification whether there is an account or not: the answer's time tells nothing."""
        if self._dummy_hash is None:
            self._dummy_hash = await self.parts.passwords.hash(self.ids.token())
        hashed = account.password_hash if account else None
        given = comparable_password(password)
        matches = await self.parts.passwords.verify(hashed or self._dummy_hash, given)
        if account and hashed and matches and self.parts.passwords.needs_rehash(hashed):
            fresh = await self.parts.passwords.hash(given)
            async with self.db.write() as session:
                await accounts.replace_hash(session, account.id, old=hashed, new=fresh)
        return matches and hashed is not None

    async def confirm(self, account: StoredAccount, password: str, client: str) -> None:
        """That whoever is signed in knows the password. Raises PasswordWrong, TooMany: counted like a sign-in."""
        digest, hashed_client = email_hash(account.email), self.client_hash(client)
        counted = await self.count_attempt(digest, hashed_client)
        try:
            matches = await self.matches(account, password)
        except TooMany:
            await self.take_back_attempt(digest, counted)
            raise
        if not matches:
            raise PasswordWrong
        await self.forget_attempts(digest, counted, b"")

    async def start_session(self, account: StoredAccount, device: str) -> Tokens:
        now = self.clock.now()
        token = self.parts.tokens.first(self.ids.uuid(account.bucket), self.ids.token())
        shown = "".join(letter for letter in device if letter.isprintable())[:DEVICE_LENGTH_MAX]
        async with self.db.write() as session:
            # A password changed or an account disabled since it was checked ends all sessions: also this one.
            if not await accounts.hold_account(session, account):
                raise SignInRefused(signed_in=False)
            await sessions.start_session(
                session, token, account_id=account.id, device=shown, now=now, expires_at=session_end(now)
            )
        return self.tokens_for(account, token)

    def tokens_for(self, account: StoredAccount, token: RefreshToken) -> Tokens:
        printed = STAFF.of(account.id) if account.kind == "staff" else ACCOUNT.of(account.id)
        principal = Principal(
            kind=account.kind, id=printed, roles=account.roles, session_id=SESSION.of(token.session)
        )
        access = self.parts.keyring.signer().sign(principal, lifetime_s=ACCESS_TOKEN_S)
        return Tokens(access_token=access, refresh_token=token.text, expires_in=ACCESS_TOKEN_S)

    async def active_account(self, printed: str) -> StoredAccount:
        """The account of an id, customer's or staff's. Raises AccountNotFound."""
        async with self.db.read() as session:
            account = await accounts.load_account(session, account_uuid(printed))
        if account is None or not account.active:
            raise AccountNotFound
        return account

    async def admit(self, client: str) -> None:
        """Over all accounts. Raises TooMany."""
        if client:
            await self.parts.clients.admit(client)

    def client_hash(self, client: str) -> bytes:
        """What stands for a network address; empty for none."""
        return self.keyed("client", client.encode("utf-8", "surrogatepass"))[:16] if client else ANY_CLIENT

    def keyed(self, purpose: str, value: bytes) -> bytes:
        return hmac.new(self.parts.secret, purpose.encode() + b":" + value, hashlib.sha256).digest()


def account_uuid(printed: str) -> UUID:
    """The stored form of an account's id, customer's or staff's. Raises AccountNotFound."""
    kind = STAFF if printed.startswith(f"{STAFF.prefix}_") else ACCOUNT
    try:
        return to_uuid(kind.parse(printed))
    except NotFound as error:
        raise AccountNotFound from error
