"""What happens when identity is asked."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import structlog

from rialto.identity import store
from rialto.identity.api import (
    EmailTaken,
    Jwks,
    PutStaff,
    RefreshWith,
    SignIn,
    SignInRefused,
    Staff,
    StaffList,
    StaffNotFound,
    StaffRef,
    TokenRefused,
    Tokens,
)
from rialto.identity.model import (
    ACCESS_TOKEN_S,
    DEVICE_LENGTH_MAX,
    STAFF_BUCKET,
    Attempts,
    Refresh,
    RefreshToken,
    RefreshTokens,
    checked_staff,
    comparable_password,
    email_hash,
    judge_refresh,
    next_attempt,
    session_end,
)
from rialto.identity.store import Account
from rialto.kernel.auth import Passwords, Principal, TokenSigner
from rialto.kernel.clock import Clock
from rialto.kernel.db import Database
from rialto.kernel.errors import InvariantBroken, TooMany
from rialto.kernel.ids import CUSTOMER, SESSION, STAFF, Ids
from rialto.kernel.limits import RateLimiter
from rialto.kernel.service import Nothing

# Where an unknown e-mail's account is looked for, so that it costs the same statements: no id has time zero.
NOBODY = UUID("00000000-0000-7000-8000-000000000000")
ANY_CLIENT = b""

log = structlog.get_logger("rialto.identity")


class IdentityHandlers:
    """Implements `Identity`. `secret` keys the hashes of network addresses and of what is logged."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        *,
        passwords: Passwords,
        signer: TokenSigner,
        tokens: RefreshTokens,
        clients: RateLimiter,
        secret: str,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._passwords = passwords
        self._signer = signer
        self._tokens = tokens
        self._clients = clients
        self._secret = secret.encode()
        self._dummy_hash: str | None = None

    async def sign_in(self, command: SignIn) -> Tokens:
        if command.client:
            self._clients.admit(command.client)
        digest = email_hash(command.email)
        client = (
            self._keyed("client", command.client.encode("utf-8", "surrogatepass"))[:16]
            if command.client
            else b""
        )
        counted = await self._count_attempt(digest, client)
        account = await self._account_of(digest)
        try:
            matches = await self._matches(account, command.password)
        except TooMany:
            async with self._db.write() as session:
                await store.take_back_attempt(session, digest, counted)
            raise
        if account is None or not matches or not account.active:
            log.warning("sign-in refused", account=self._keyed("log", digest).hex()[:16])
            raise SignInRefused(signed_in=False)
        tokens = await self._start_session(account, command.device)
        await self._welcome(digest, counted, client)
        return tokens

    async def _count_attempt(self, digest: bytes, client: bytes) -> bytes:
        """Count an attempt before it is made, so that a thousand at once are a thousand; on which count.

        Raises TooMany. A client that signed in to this account before has a count of its own: strangers who
        try passwords slow each other down, not the owner.
        """
        now = self._clock.now()
        async with self._db.write() as session:
            counted = client if await store.is_known_client(session, digest, client) else ANY_CLIENT
            before = await store.lock_attempts(session, digest, counted, now)
            after = next_attempt(before, now)
            if isinstance(after, Attempts):
                await store.save_attempts(session, digest, counted, after)
        if not isinstance(after, Attempts):
            raise TooMany("Too many attempts to sign in. Please wait a little.", retry_after_s=after)
        return counted

    async def _account_of(self, digest: bytes) -> Account | None:
        async with self._db.read() as session:
            account_id = await store.account_of_email(session, digest)
            return await store.load_account(session, account_id or NOBODY)

    async def _matches(self, account: Account | None, password: str) -> bool:
        """One verification whether there is an account or not: the answer's time tells nothing."""
        if self._dummy_hash is None:
            self._dummy_hash = await self._passwords.hash(self._ids.token())
        hashed = account.password_hash if account else None
        given = comparable_password(password)
        matches = await self._passwords.verify(hashed or self._dummy_hash, given)
        if account and hashed and matches and self._passwords.needs_rehash(hashed):
            fresh = await self._passwords.hash(given)
            async with self._db.write() as session:
                await store.replace_hash(session, account.id, old=hashed, new=fresh)
        return matches and hashed is not None

    async def _start_session(self, account: Account, device: str) -> Tokens:
        now = self._clock.now()
        token = self._tokens.first(self._ids.uuid(account.bucket), self._ids.token())
        shown = "".join(letter for letter in device if letter.isprintable())[:DEVICE_LENGTH_MAX]
        async with self._db.write() as session:
            # A password changed or an account disabled since it was checked ends all sessions: also this one.
            if not await store.hold_account(session, account):
                raise SignInRefused(signed_in=False)
            await store.start_session(
                session, token, account_id=account.id, device=shown, now=now, expires_at=session_end(now)
            )
        return self._tokens_for(account, token)

    async def _welcome(self, digest: bytes, counted: bytes, client: bytes) -> None:
        async with self._db.write() as session:
            await store.forget_attempts(session, digest, counted)
            if client:
                await store.remember_client(session, digest, client, self._clock.now())

    def _tokens_for(self, account: Account, token: RefreshToken) -> Tokens:
        printed = STAFF.of(account.id) if account.kind == "staff" else CUSTOMER.of(account.id)
        principal = Principal(
            kind=account.kind, id=printed, roles=account.roles, session_id=SESSION.of(token.session)
        )
        access = self._signer.sign(principal, lifetime_s=ACCESS_TOKEN_S)
        return Tokens(access_token=access, refresh_token=token.text, expires_in=ACCESS_TOKEN_S)

    async def refresh(self, command: RefreshWith) -> Tokens:
        token = self._tokens.parse(command.refresh_token)
        if token is None:
            raise TokenRefused(signed_in=False)
        successor = self._tokens.successor(token)
        now = self._clock.now()
        async with self._db.write() as session:
            family = await store.lock_session(session, token)
            account = await store.load_account(session, family.account_id) if family else None
            verdict = judge_refresh(family, token, successor, now) if family else Refresh.ENDED
            if verdict is Refresh.ROTATE and not await store.rotate(session, token, successor, now):
                raise InvariantBroken("a locked session changed under its lock")
            if verdict is Refresh.REUSED:
                await store.end_session(session, token, reason="reused", now=now)
        if verdict is Refresh.REUSED:
            log.warning("a refresh token was used twice", session=SESSION.of(token.session))
        if verdict in {Refresh.REUSED, Refresh.ENDED} or account is None or not account.active:
            raise TokenRefused(signed_in=False)
        return self._tokens_for(account, successor)

    async def sign_out(self, command: RefreshWith) -> Nothing:
        token = self._tokens.parse(command.refresh_token)
        if token is not None:
            async with self._db.write() as session:
                await store.end_session(session, token, reason="signed_out", now=self._clock.now())
        return Nothing()

    async def put_staff(self, command: PutStaff) -> Staff:
        wanted = checked_staff(command)
        digest = email_hash(wanted.email)
        now = self._clock.now()
        account_id, known = await self._claim(digest, now)
        if known and known.kind != "staff":
            raise EmailTaken
        old_hash = known.password_hash if known else None
        is_same = old_hash is not None and await self._passwords.verify(old_hash, wanted.password)
        fresh = None if is_same else await self._passwords.hash(wanted.password)
        account = Account(
            id=account_id,
            kind="staff",
            email=wanted.email,
            name=wanted.name,
            roles=tuple(wanted.roles),
            active=True,
            password_hash=None,
        )
        async with self._db.write() as session:
            await store.save_account(session, account, now)
            if fresh is not None:
                await store.save_password(session, account_id, fresh, now)
                await store.end_sessions_of(session, account_id, reason="password_changed", now=now)
        async with self._db.write() as session:
            await store.confirm_email(session, digest, now)
        return _staff(account)

    async def _claim(self, digest: bytes, now: datetime) -> tuple[UUID, Account | None]:
        """The e-mail's account id, claimed if it was free, and its account if there is one.

        A claim that a crash left without an account is simply continued: it names the id to create.
        """
        async with self._db.write() as session:
            await store.claim_email(session, digest, self._ids.uuid(STAFF_BUCKET), now)
            account_id = await store.account_of_email(session, digest)
        assert account_id is not None
        async with self._db.read() as session:
            return account_id, await store.load_account(session, account_id)

    async def list_staff(self, command: Nothing) -> StaffList:  # noqa: ARG002 - every operation takes one command
        async with self._db.read() as session:
            return StaffList(
                items=[_staff(account) for account in await store.load_staff(session, STAFF_BUCKET)]
            )

    async def disable_staff(self, command: StaffRef) -> Staff:
        account = await self._account_of(email_hash(command.email))
        if account is None or account.kind != "staff":
            raise StaffNotFound
        disabled = replace(account, active=False)
        now = self._clock.now()
        async with self._db.write() as session:
            await store.save_account(session, disabled, now)
            await store.end_sessions_of(session, account.id, reason="disabled", now=now)
        return _staff(disabled)

    async def jwks(self, command: Nothing) -> Jwks:  # noqa: ARG002 - every operation takes one command
        return Jwks(keys=[self._signer.public_jwk()])

    async def sweep(self) -> int:
        """Delete old attempts, clients and sessions. Nothing is left to do at once."""
        async with self._db.write() as session:
            count = await store.sweep(session, self._clock.now())
        if count:
            log.info("swept", rows=count)
        return 0

    def _keyed(self, purpose: str, value: bytes) -> bytes:
        return hmac.new(self._secret, purpose.encode() + b":" + value, hashlib.sha256).digest()


def _staff(account: Account) -> Staff:
    return Staff(
        id=STAFF.of(account.id),
        email=account.email,
        name=account.name,
        roles=list(account.roles),
        active=account.active,
    )
