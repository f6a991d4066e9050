"""Signing in with a password, refreshing, signing out."""

from __future__ import annotations

from datetime import timedelta

import structlog

from rialto.identity.api import (
    Jwks,
    RefreshWith,
    SecondStep,
    SignedIn,
    SignIn,
    SignInRefused,
    TokenRefused,
    Tokens,
)
from rialto.identity.handlers.shared import IdentityUseCase
from rialto.identity.model.fields import email_hash
from rialto.identity.model.sessions import Refresh, judge_refresh
from rialto.identity.model.tokens import Purpose, one_time_token
from rialto.identity.store import accounts, passkeys, second_factors, sessions, tokens
from rialto.identity.store.accounts import StoredAccount
from rialto.kernel.errors import InvariantBroken, TooMany
from rialto.kernel.ids import SESSION
from rialto.kernel.service import Nothing

# Between password and code.
SECOND_STEP_S = 300

log = structlog.get_logger("rialto.identity")


class SigningInCases(IdentityUseCase):
    async def sign_in(self, command: SignIn) -> SignedIn:
        await self.admit(command.client)
        digest, client = email_hash(command.email), self.client_hash(command.client)
        counted = await self.count_attempt(digest, client)
        account = await self.account_of(digest)
        try:
            matches = await self.matches(account, command.password)
        except TooMany:
            await self.take_back_attempt(digest, counted)
            raise
        if account is None or not matches or not account.active:
            log.warning("sign-in refused", account=self.keyed("log", digest).hex()[:16])
            raise SignInRefused(signed_in=False)
        factor = await self._second_factor(account)
        if factor is not None:
            answer = SignedIn(second_step=await self._ask_for(factor, account))
        else:
            answer = SignedIn(tokens=await self.start_session(account, command.device))
        await self.forget_attempts(digest, counted, client)
        return answer

    async def _second_factor(self, account: StoredAccount) -> str | None:
        """What the account's password needs beside it. Of staff with a passkey nobody gets in by the password alone."""
        async with self.db.read() as session:
            totp = await second_factors.load_totp(session, account.id)
            if totp is not None and totp.confirmed_at is not None:
                return "code"
            if account.kind == "staff" and await passkeys.load_credentials(session, account.id):
                return "passkey"
        return None

    async def _ask_for(self, factor: str, account: StoredAccount) -> SecondStep:
        token = one_time_token(self.ids.uuid(account.bucket), self.ids.token())
        until = self.clock.now() + timedelta(seconds=SECOND_STEP_S)
        async with self.db.write() as session:
            if not await accounts.hold_account(session, account):
                raise SignInRefused(signed_in=False)
            await tokens.keep_token(
                session, token, purpose=Purpose.SECOND_STEP, account_id=account.id, expires_at=until
            )
        return SecondStep(mfa_token=token.text, expires_in=SECOND_STEP_S, factor=factor)

    async def refresh(self, command: RefreshWith) -> Tokens:
        token = self.parts.tokens.parse(command.refresh_token)
        if token is None:
            raise TokenRefused(signed_in=False)
        successor = self.parts.tokens.successor(token)
        now = self.clock.now()
        async with self.db.write() as session:
            family = await sessions.lock_session(session, token)
            account = await accounts.load_account(session, family.account_id) if family else None
            verdict = judge_refresh(family, token, successor, now) if family else Refresh.ENDED
            if verdict is Refresh.ROTATE and not await sessions.rotate(session, token, successor, now):
                raise InvariantBroken("a locked session changed under its lock")
            if verdict is Refresh.REUSED:
                await sessions.end_session(session, token.session, reason="reused", now=now)
        if verdict is Refresh.REUSED:
            log.warning("a refresh token was used twice", session=SESSION.of(token.session))
        if verdict in {Refresh.REUSED, Refresh.ENDED} or account is None or not account.active:
            raise TokenRefused(signed_in=False)
        return self.tokens_for(account, successor)

    async def sign_out(self, command: RefreshWith) -> Nothing:
        token = self.parts.tokens.parse(command.refresh_token)
        if token is not None:
            async with self.db.write() as session:
                await sessions.end_session(session, token.session, reason="signed_out", now=self.clock.now())
        return Nothing()

    async def jwks(self, command: Nothing) -> Jwks:  # noqa: ARG002 - every operation takes one command
        return Jwks(keys=self.parts.keyring.public_keys())
