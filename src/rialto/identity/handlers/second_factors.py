"""The second step of signing in, and the factors it asks for."""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID

from rialto.identity import totp
from rialto.identity.api import (
    CodeRefused,
    ConfirmTotp,
    EmailNotVerified,
    FinishSignIn,
    Proof,
    RecoveryCodes,
    Resealed,
    SecondFactorOff,
    SecondFactorOn,
    TokenRefused,
    Tokens,
    TotpSetup,
)
from rialto.identity.handlers.proof import ProofCases
from rialto.identity.handlers.sessions import session_uuid
from rialto.identity.handlers.shared import ANY_CLIENT
from rialto.identity.model.fields import NOBODY
from rialto.identity.model.tokens import OneTimeToken, Purpose, StoredToken, is_good, parse_token
from rialto.identity.store import accounts, second_factors, sessions, tokens
from rialto.identity.store.accounts import StoredAccount
from rialto.identity.store.second_factors import StoredTotp
from rialto.kernel.db import WriteSession
from rialto.kernel.sealing import SealBroken
from rialto.kernel.service import Nothing

RECOVERY_CODES = 10
CODE_BITS = 60
SEALED_FOR = "identity:totp"
RESEALED_AT_ONCE = 200


class SecondFactorCases(ProofCases):
    async def finish_sign_in(self, command: FinishSignIn) -> Tokens:
        await self.admit(command.client)
        token, account = await self._second_step(command.mfa_token)
        digest = _attempts_of(account)
        counted = await self.count_attempt(digest, ANY_CLIENT)
        now = self.clock.now()
        async with self.db.write() as session:
            stored = await second_factors.load_totp(session, account.id)
            if not await self._spend(session, account, stored, command.code):
                raise CodeRefused(signed_in=False)
            if not await tokens.use_token(session, token, now):
                raise TokenRefused(signed_in=False)
        await self.forget_attempts(digest, counted, ANY_CLIENT)
        return await self.start_session(account, command.device)

    async def _second_step(self, text: str) -> tuple[OneTimeToken, StoredAccount]:
        """Whose sign-in is to be finished, with the password it began with. Raises TokenRefused."""
        token = parse_token(text)
        if token is None:
            raise TokenRefused(signed_in=False)
        async with self.db.read() as session:
            stored: StoredToken | None = await tokens.load_token(session, token)
        if stored is None or not is_good(stored, token, Purpose.SECOND_STEP, self.clock.now()):
            raise TokenRefused(signed_in=False)
        assert stored.account_id is not None
        async with self.db.read() as session:
            account = await accounts.load_account(session, stored.account_id)
        if account is None or not account.active:
            raise TokenRefused(signed_in=False)
        return token, account

    async def _spend(
        self, session: WriteSession, account: StoredAccount, stored: StoredTotp | None, code: str
    ) -> bool:
        """Whether the code is one of the authenticator or a recovery code; it is none any more."""
        if stored is None:
            return False
        given = "".join(code.split())
        step = totp.step_of(self._secret_of(account, stored), given, self.clock.now())
        if step is not None:
            return await second_factors.spend_step(session, account.id, step)
        hashed = self._code_hash(account, given)
        return await second_factors.spend_code(session, account.id, hashed, self.clock.now())

    async def begin_totp(self, command: Proof) -> TotpSetup:
        account = await self.prove(command)
        if account.kind == "customer" and account.verified_at is None:
            raise EmailNotVerified
        secret = totp.make_secret(self.ids.below(1 << 160))
        sealed = self.parts.keyring.seal(SEALED_FOR, secret.encode(), owner=account.id.bytes)
        async with self.db.write() as session:
            await accounts.lock_account(session, account.id)
            if not await second_factors.begin_totp(session, account.id, sealed, self.clock.now()):
                raise SecondFactorOn
        uri = totp.provisioning_uri(secret, account=account.email, issuer=self.parts.shop_name)
        return TotpSetup(secret=secret, uri=uri, svg=totp.picture(uri))

    async def confirm_totp(self, command: ConfirmTotp) -> RecoveryCodes:
        account = await self.active_account(command.account_id)
        digest = _attempts_of(account)
        counted = await self.count_attempt(digest, ANY_CLIENT)
        kept = session_uuid(command.session_id) if command.session_id else None
        now = self.clock.now()
        async with self.db.write() as session:
            await accounts.lock_account(session, account.id)
            stored = await second_factors.load_totp(session, account.id)
            if stored is None:
                raise SecondFactorOff
            step = totp.step_of(self._secret_of(account, stored), "".join(command.code.split()), now)
            if step is None or not await second_factors.spend_step(session, account.id, step):
                raise CodeRefused
            if not await second_factors.confirm_totp(session, account.id, now):
                raise SecondFactorOn
            codes = await self._new_codes(session, account)
            # Whoever was in with the password alone has to come in again.
            await sessions.end_all(session, account.id, reason="second_factor_on", now=now, kept=kept)
            await tokens.use_up(session, account.id, Purpose.SECOND_STEP, now=now)
        await self.forget_attempts(digest, counted, ANY_CLIENT)
        return RecoveryCodes(codes=codes)

    async def disable_totp(self, command: Proof) -> Nothing:
        account = await self.prove(command, by_password=True)
        async with self.db.write() as session:
            await accounts.lock_account(session, account.id)
            await second_factors.drop_factors(session, account.id)
        return Nothing()

    async def reseal(self, command: Nothing) -> Resealed:  # noqa: ARG002 - every operation takes one command
        """One batch after another; a secret that somebody else replaced meanwhile is sealed by them."""
        done = unreadable = 0
        after = NOBODY
        while True:
            async with self.db.write() as session:
                rows = await second_factors.load_sealed(session, after, RESEALED_AT_ONCE)
                for account_id, sealed in rows:
                    fresh = self._sealed_anew(account_id, sealed)
                    unreadable += fresh is None
                    if fresh is not None and fresh != sealed:
                        done += await second_factors.reseal(session, account_id, sealed, fresh)
            if not rows:
                return Resealed(resealed=done, unreadable=unreadable)
            after = rows[-1][0]

    def _sealed_anew(self, account_id: UUID, sealed: bytes) -> bytes | None:
        """The same where the newest key has sealed it; None: no key that is known opens it."""
        keyring, owner = self.parts.keyring, account_id.bytes
        if keyring.is_current(SEALED_FOR, sealed, owner=owner):
            return sealed
        try:
            return keyring.seal(SEALED_FOR, keyring.open(SEALED_FOR, sealed, owner=owner), owner=owner)
        except SealBroken:
            return None

    async def renew_recovery_codes(self, command: Proof) -> RecoveryCodes:
        account = await self.prove(command)
        async with self.db.write() as session:
            await accounts.lock_account(session, account.id)
            stored = await second_factors.load_totp(session, account.id)
            if stored is None or stored.confirmed_at is None:
                raise SecondFactorOff
            return RecoveryCodes(codes=await self._new_codes(session, account))

    async def _new_codes(self, session: WriteSession, account: StoredAccount) -> list[str]:
        drawn = [self.ids.token(CODE_BITS) for _ in range(RECOVERY_CODES)]
        hashes = [self._code_hash(account, code) for code in drawn]
        await second_factors.replace_codes(session, account.id, hashes)
        return [f"{code[:4]}-{code[4:8]}-{code[8:]}" for code in drawn]

    def _code_hash(self, account: StoredAccount, code: str) -> bytes:
        plain = code.replace("-", "").lower().encode("utf-8", "surrogatepass")
        return self.keyed("recovery", account.id.bytes + plain)

    def _secret_of(self, account: StoredAccount, stored: StoredTotp) -> str:
        return self.parts.keyring.open(SEALED_FOR, stored.sealed_secret, owner=account.id.bytes).decode()


def _attempts_of(account: StoredAccount) -> bytes:
    """Wrong codes are counted for themselves: whoever gets here has the password."""
    return hmac.digest(b"rialto:second-factor", account.id.bytes, hashlib.sha256)
