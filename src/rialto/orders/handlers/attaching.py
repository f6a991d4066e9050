"""Guests' orders come to the account that has proven their e-mail.

Proving is enough: whoever has proven an address is its owner, and mails about these orders went there anyway. It holds
for orders from before and for those a guest places with it later.
"""

from __future__ import annotations

from datetime import timedelta

from rialto.identity.api import AccountNotFound, AccountRef, Identity
from rialto.kernel.db import WriteSession
from rialto.kernel.email import email_hash
from rialto.kernel.ids import AccountId
from rialto.orders import model
from rialto.orders.handlers.shared import OrderUseCase
from rialto.orders.store import emails
from rialto.orders.store.emails import DueOrder

AT_ONCE = 50
# An order whose payment is under way may still be placed: it is looked at again.
PENDING_AGAIN = timedelta(seconds=15)
# By then every transaction of the moment of the proof has ended.
PROOF_AGAIN = timedelta(minutes=1)


class Attaching(OrderUseCase):
    async def prove_within(self, session: WriteSession, account_id: AccountId) -> None:
        """For the reaction to a verified account. One that is gone, or has another address to prove, stays without."""
        try:
            contact = await self.env[Identity].contact(AccountRef(account_id=account_id))
        except AccountNotFound:
            return
        if not contact.verified:
            return
        now = self.env.clock.now()
        digest = email_hash(contact.email)
        await emails.prove(session, digest, account_id, now=now, again_at=now + PROOF_AGAIN)

    async def attach_due(self) -> int:
        """Put guests' orders into the lists of the accounts that have proven their e-mails; how many were looked at."""
        now = self.env.clock.now()
        async with self.env.db.write() as session:
            looked = await emails.look_once_more(session, now, AT_ONCE)
        async with self.env.db.read() as session:
            due = await emails.due_orders(session, now, AT_ONCE)
        for order in due:
            await self._attach(order)
        return looked + len(due)

    async def _attach(self, due: DueOrder) -> None:
        state = await self.saga.load(due.order_id)
        if state.status == "cancelled" and state.placed_at is None:
            # In nobody's list, but the directory leads to it: an erasure of this e-mail must find whom it was for.
            async with self.env.db.write() as session:
                await emails.look_again(session, due, None)
            return
        if due.account_id is not None and state.status != "pending":
            account_id = due.account_id
            state = await self.saga.change(state, lambda now, at: model.attach(now, account_id, at))
            async with self.env.db.write() as session:
                await emails.remove(session, due)
            return
        again_at = self.env.clock.now() + PENDING_AGAIN if due.account_id is not None else None
        async with self.env.db.write() as session:
            await emails.look_again(session, due, again_at)
