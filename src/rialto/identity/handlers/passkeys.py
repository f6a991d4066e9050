"""Passkeys: added, used to sign in, named, removed."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import structlog

from rialto.identity.api import (
    AccountRef,
    AddPasskey,
    ClientRef,
    EmailNotVerified,
    Passkey,
    PasskeyElsewhere,
    PasskeyKnown,
    PasskeyList,
    PasskeyNotFound,
    PasskeyOptions,
    PasskeyRef,
    PasskeyRefused,
    PasskeysFull,
    Proof,
    RenamePasskey,
    SignInWithPasskey,
    Tokens,
)
from rialto.identity.handlers.proof import ProofCases
from rialto.identity.handlers.shared import ANY_CLIENT, account_uuid
from rialto.identity.model.fields import check_name
from rialto.identity.model.tokens import OneTimeToken, Purpose, is_good, one_time_token, parse_token
from rialto.identity.passkeys import Claim
from rialto.identity.store import accounts, passkeys, tokens
from rialto.identity.store.accounts import StoredAccount
from rialto.identity.store.passkeys import PASSKEYS_MAX
from rialto.kernel.errors import Invalid, NotFound
from rialto.kernel.ids import PASSKEY, to_uuid
from rialto.kernel.service import Nothing

QUESTION_S = 300

log = structlog.get_logger("rialto.identity")


class PasskeyCases(ProofCases):
    async def begin_passkey(self, command: Proof) -> PasskeyOptions:
        account = await self.prove(command)
        if account.kind == "customer" and account.verified_at is None:
            raise EmailNotVerified
        ceremonies = self.parts.ceremonies.at(command.origin)
        async with self.db.read() as session:
            known = await passkeys.load_credentials(session, account.id)
        if len(known) >= PASSKEYS_MAX:
            raise PasskeysFull
        question = await self._question(account.bucket, Purpose.ADD_PASSKEY, account.id)
        return PasskeyOptions(
            public_key=ceremonies.registration_options(
                question.text,
                user_handle=account.id.bytes,
                user_name=account.email,
                known=[credential for credential, host in known if host == ceremonies.host],
            )
        )

    async def add_passkey(self, command: AddPasskey) -> Passkey:
        name = _checked_name(command.name)
        account = await self.active_account(command.account_id)
        ceremonies = self.parts.ceremonies.at(command.origin)
        question = parse_token(ceremonies.question_of(command.credential))
        if question is None:
            raise PasskeyRefused
        new = ceremonies.verified_registration(command.credential, question.text)
        passkey_id = self.ids.uuid(account.bucket)
        now = self.clock.now()
        async with self.db.write() as session:
            await accounts.lock_account(session, account.id)
            stored = await tokens.load_token(session, question)
            if (
                stored is None
                or stored.account_id != account.id
                or not is_good(stored, question, Purpose.ADD_PASSKEY, now)
                or not await tokens.use_token(session, question, now)
            ):
                raise PasskeyRefused
            if len(await passkeys.load_credentials(session, account.id)) >= PASSKEYS_MAX:
                raise PasskeysFull
            host = ceremonies.host
            if not await passkeys.add_passkey(
                session, account.id, passkey_id, new, name=name, host=host, now=now
            ):
                raise PasskeyKnown
        return Passkey(id=PASSKEY.of(passkey_id), name=name, created_at=now, host=host)

    async def begin_passkey_sign_in(self, command: ClientRef) -> PasskeyOptions:
        await self.admit(command.client)
        question = await self._question(self.ids.bucket(), Purpose.SIGN_IN_BY_PASSKEY, None)
        ceremonies = self.parts.ceremonies.at(command.origin)
        return PasskeyOptions(public_key=ceremonies.sign_in_options(question.text))

    async def _question(self, bucket: int, purpose: Purpose, account_id: UUID | None) -> OneTimeToken:
        """A challenge that leads to its own row, as every token does."""
        question = one_time_token(self.ids.uuid(bucket), self.ids.token())
        until = self.clock.now() + timedelta(seconds=QUESTION_S)
        async with self.db.write() as session:
            await tokens.keep_token(
                session, question, purpose=purpose, account_id=account_id, expires_at=until
            )
        return question

    async def sign_in_with_passkey(self, command: SignInWithPasskey) -> Tokens:
        await self.admit(command.client)
        try:
            claim = self.parts.ceremonies.claim_of(command.credential)
            digest = self._attempts_of(claim, command.client)
            counted = await self.count_attempt(digest, ANY_CLIENT)
            account = await self._owner_of(claim, command)
        except PasskeyRefused as refused:
            raise PasskeyRefused(signed_in=False) from refused
        await self.forget_attempts(digest, counted, ANY_CLIENT)
        if command.kind not in {"", account.kind}:
            raise PasskeyElsewhere(signed_in=False)
        return await self.start_session(account, command.device)

    def _attempts_of(self, claim: Claim, client: str) -> bytes:
        """Counted for whoever is claimed to be there, alike where nobody is; for each client by itself, since an
        account's handle is no secret and strangers must not slow its owner down."""
        return self.keyed("passkey", self.client_hash(client) + claim.user_handle)

    async def _owner_of(self, claim: Claim, command: SignInWithPasskey) -> StoredAccount:
        """Whose passkey answered our question. Raises PasskeyRefused."""
        await self._use_question(claim.challenge)
        account = await self._claimed_account(claim.user_handle)
        ceremonies = self.parts.ceremonies.at(command.origin)
        async with self.db.read() as session:
            passkey = await passkeys.load_by_credential(
                session, account.id, claim.credential_id, host=ceremonies.host
            )
        if passkey is None:
            raise PasskeyRefused
        try:
            count = ceremonies.verified_count(
                command.credential,
                claim.challenge,
                public_key=passkey.public_key,
                sign_count=passkey.sign_count,
            )
        except PasskeyRefused:
            log.warning("a passkey was refused", passkey=PASSKEY.of(passkey.id))
            raise
        async with self.db.write() as session:
            if not await passkeys.note_use(session, passkey, count, self.clock.now()):
                raise PasskeyRefused
        return account

    async def _use_question(self, challenge: str) -> None:
        """It was ours, and is answered now, rightly or wrongly. Raises PasskeyRefused."""
        question = parse_token(challenge)
        if question is None:
            raise PasskeyRefused
        now = self.clock.now()
        async with self.db.write() as session:
            stored = await tokens.load_token(session, question)
            if (
                stored is None
                or not is_good(stored, question, Purpose.SIGN_IN_BY_PASSKEY, now)
                or not await tokens.use_token(session, question, now)
            ):
                raise PasskeyRefused

    async def _claimed_account(self, user_handle: bytes) -> StoredAccount:
        if len(user_handle) != 16:
            raise PasskeyRefused
        async with self.db.read() as session:
            account = await accounts.load_account(session, UUID(bytes=user_handle))
        if account is None or not account.active:
            raise PasskeyRefused
        return account

    async def list_passkeys(self, command: AccountRef) -> PasskeyList:
        async with self.db.read() as session:
            return PasskeyList(items=await passkeys.load_passkeys(session, account_uuid(command.account_id)))

    async def rename_passkey(self, command: RenamePasskey) -> Passkey:
        name = _checked_name(command.name)
        account_id, passkey_id = account_uuid(command.account_id), _passkey_uuid(command.passkey_id)
        async with self.db.write() as session:
            await passkeys.rename(session, account_id, passkey_id, name)
            renamed = await passkeys.load_passkey(session, account_id, passkey_id)
        if renamed is None:
            raise PasskeyNotFound
        return renamed

    async def remove_passkey(self, command: PasskeyRef) -> Nothing:
        try:
            passkey_id = _passkey_uuid(command.passkey_id)
        except PasskeyNotFound:
            return Nothing()
        async with self.db.write() as session:
            await passkeys.remove(session, account_uuid(command.account_id), passkey_id)
        return Nothing()


def _checked_name(given: str) -> str:
    name, problems = check_name(given)
    if problems:
        raise Invalid("Give the passkey a name.", fields=tuple(problems))
    return name


def _passkey_uuid(printed: str) -> UUID:
    try:
        return to_uuid(PASSKEY.parse(printed))
    except NotFound as error:
        raise PasskeyNotFound from error
