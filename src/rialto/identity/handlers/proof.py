"""That it is the owner who asks, before something that a borrowed device must not do."""

from __future__ import annotations

from datetime import timedelta

from rialto.identity.api import Proof, ProofNeeded
from rialto.identity.handlers.sessions import session_uuid
from rialto.identity.handlers.shared import IdentityUseCase
from rialto.identity.model.sessions import FRESH_S
from rialto.identity.store import sessions
from rialto.identity.store.accounts import StoredAccount


class ProofCases(IdentityUseCase):
    async def prove(self, command: Proof, *, by_password: bool = False) -> StoredAccount:
        """The account, if the password was given or its session began a moment ago and goes on.

        Raises ProofNeeded, PasswordWrong, TooMany, AccountNotFound.
        """
        account = await self.active_account(command.account_id)
        if command.password is not None:
            await self.confirm(account, command.password, command.client)
            return account
        if by_password or command.session_id is None:
            raise ProofNeeded
        since = self.clock.now() - timedelta(seconds=FRESH_S)
        async with self.db.read() as session:
            fresh = await sessions.is_fresh(session, account.id, session_uuid(command.session_id), since)
        if not fresh:
            raise ProofNeeded
        return account
