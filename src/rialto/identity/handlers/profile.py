"""What an account says about its owner."""

from __future__ import annotations

from rialto.identity.api import AccountContact, AccountRef
from rialto.identity.handlers.shared import IdentityUseCase


class ProfileCases(IdentityUseCase):
    async def contact(self, command: AccountRef) -> AccountContact:
        account = await self.active_account(command.account_id)
        return AccountContact(
            email=account.email,
            name=account.name,
            language=account.language,
            verified=account.kind == "staff" or account.verified_at is not None,
        )
