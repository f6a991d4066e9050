"""What carts know about a person: told on request, deleted for good."""

from __future__ import annotations

from datetime import timedelta

from rialto.cart.api import KeptWish, PersonalCarts
from rialto.cart.handlers.shared import CartUseCase
from rialto.cart.store import personal, wishes
from rialto.identity.api import AccountRef
from rialto.kernel.db import WriteSession
from rialto.kernel.ids import AccountId
from rialto.kernel.service import Nothing

# Access tokens that are out run for ten minutes; what somebody still writes with one is deleted after that.
AGAIN_AFTER = timedelta(minutes=30)
AT_ONCE = 100


class Personal(CartUseCase):
    async def personal_export(self, command: AccountRef) -> PersonalCarts:
        account_id = AccountId(command.account_id)
        async with self.db.read() as session:
            kept = await personal.load_carts(session, account_id)
            wished = await wishes.load_all(session, account_id)
        return PersonalCarts(
            carts=kept,
            wishes=[KeptWish(item=row["item"], wished_at=row["wished_at"]) for row in wished],
        )

    async def forget(self, command: AccountRef) -> Nothing:
        async with self.db.write() as session:
            await personal.forget(session, AccountId(command.account_id))
        return Nothing()

    async def forget_within(self, session: WriteSession, account_id: AccountId) -> None:
        """For the reaction to an erased account: now, and once more when no token of it is good any longer."""
        await personal.forget(session, account_id)
        await personal.want_erasure(session, account_id, self.clock.now() + AGAIN_AFTER)

    async def erase_late(self) -> int:
        """Delete what was written for accounts after they were erased; how many accounts."""
        async with self.db.write() as session:
            due = await personal.due_erasures(session, self.clock.now(), AT_ONCE)
            for account_id in due:
                await personal.forget(session, account_id)
                await personal.erased(session, account_id)
        return len(due)
