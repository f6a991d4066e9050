"""What every use case of orders stands on."""

from __future__ import annotations

import hmac
from contextlib import suppress
from datetime import timedelta

from rialto.kernel import tracing
from rialto.kernel.errors import Unavailable
from rialto.kernel.events import cause_of_stream
from rialto.kernel.ids import AccountId, OrderId, bucket_of, to_uuid
from rialto.kernel.service import Env
from rialto.orders import store
from rialto.orders.answers import Answered
from rialto.orders.api import Order, OrderNotFound
from rialto.orders.model import OrderState
from rialto.orders.saga import Progress, Saga
from rialto.orders.starting import Starter
from rialto.orders.store import lists
from rialto.orders.views import order_view


class OrderUseCase:
    """The parts, and finding an order for whoever may see it."""

    env: Env
    saga: Saga
    starter: Starter

    async def details(self, order_id: OrderId) -> tuple[str, store.Contact]:
        """Raises OrderNotFound."""
        async with self.env.db.read() as session:
            found = await store.load_details(session, order_id)
        if found is None:
            raise OrderNotFound
        return found

    async def admitted(
        self,
        order_id: OrderId,
        key: str | None,
        *,
        account_id: AccountId | None = None,
        staff: bool = False,
    ) -> tuple[str, store.Contact]:
        """The order's key and contact, for staff, its account, or whoever has the key. Raises OrderNotFound for others."""
        details = await self.details(order_id)
        is_own = account_id is not None and details[1].account_id == account_id
        # Compared in constant time: the key is all that guards a guest's order.
        if not staff and not is_own and not hmac.compare_digest((key or "").encode(), details[0].encode()):
            raise OrderNotFound
        return details

    async def drive(self, order_id: OrderId, state: OrderState | None = None) -> Progress:
        """As `Saga.drive`, for whoever comes later: the saga goes on in the trace of the purchase. Raises Unavailable."""
        cause = ""
        if tracing.current() is not None:
            async with self.env.db.read() as session:
                cause = await cause_of_stream(session, bucket_of(order_id), to_uuid(order_id))
        with tracing.resumed("orders.saga", cause):
            return await self.saga.drive(order_id, state)

    async def leave_to_worker(self, progress: Progress, for_s: float) -> None:
        """Have the worker look at a waiting order in `for_s` seconds; a client without an answer hears that it waits.

        Whoever drives must say so, also the worker: the request that started the order may be dead, and its
        repeat is owed the address where the customer has to go.
        """
        start = progress.state.started
        answer = Answered.of(progress.state, progress.action_url)
        due_at = self.env.clock.now() + timedelta(seconds=for_s)
        async with self.env.db.write() as session:
            await session.run(store.POSTPONE, bucket_of(start.order_id), to_uuid(start.order_id), due_at)
            await store.write_answer(session, start, answer)

    async def show_at_once(self, state: OrderState) -> None:
        """Bring a list in another bucket up to date now: whoever looks next has changed the order themselves."""
        if state.account_id is None or state.placed_at is None or lists.is_near(state):
            return
        with suppress(Unavailable):  # the change stands, and the reaction to it follows in any case
            async with self.env.db.alone() as session:
                await lists.follow(session, [state.started.order_id])

    def view(self, state: OrderState, details: tuple[str, store.Contact]) -> Order:
        key, contact = details
        return order_view(state, key, contact, public_url=self.env.settings.public_url)
