"""What orders know about a person: told on request, deleted for good."""

from __future__ import annotations

from datetime import timedelta

from rialto.identity.api import AccountRef
from rialto.kernel.db import WriteSession
from rialto.kernel.ids import AccountId, OrderId
from rialto.kernel.service import Nothing
from rialto.orders import store
from rialto.orders.api import Note, Order, PersonalOrders
from rialto.orders.handlers.shared import OrderUseCase
from rialto.orders.store import notes, personal

# Access tokens that are out run for ten minutes; what somebody still writes with one is deleted after that.
AGAIN_AFTER = timedelta(minutes=30)
AT_ONCE = 20


class Personal(OrderUseCase):
    async def personal_export(self, command: AccountRef) -> PersonalOrders:
        found: list[Order] = []
        written: list[Note] = []
        last: OrderId | None = None
        async with self.env.db.read() as session:
            while page := await personal.orders_of(session, AccountId(command.account_id), last):
                details = await store.load_several_details(session, page)
                states = await store.load_several(session, page)
                found += [self.view(states[one], details[one]) for one in page]
                written += await notes.load(session, page)
                last = page[-1]
        return PersonalOrders(orders=found, notes=written)

    async def forget(self, command: AccountRef) -> Nothing:
        async with self.env.db.write() as session:
            await _forget(session, AccountId(command.account_id))
        return Nothing()

    async def forget_within(self, session: WriteSession, account_id: AccountId) -> None:
        """For the reaction to an erased account: now, and once more when no token of it is good any longer."""
        await _forget(session, account_id)
        await personal.want_erasure(session, account_id, self.env.clock.now() + AGAIN_AFTER)

    async def erase_late(self) -> int:
        """Delete what was written for accounts after they were erased; how many accounts."""
        async with self.env.db.write() as session:
            due = await personal.due_erasures(session, self.env.clock.now(), AT_ONCE)
            for account_id in due:
                await _forget(session, account_id)
                await personal.erased(session, account_id)
        return len(due)


async def _forget(session: WriteSession, account_id: AccountId) -> None:
    last: OrderId | None = None
    while page := await personal.orders_of(session, account_id, last):
        await personal.forget_contacts(session, page)
        await notes.forget(session, page)
        last = page[-1]
    disowned = await personal.disown_emails(session, account_id)
    await personal.forget_contacts(session, disowned)
    await notes.forget(session, disowned)
