"""After placing: cancel before shipping, ship and capture, refund."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rialto.kernel.errors import Unavailable, field_problem
from rialto.kernel.events import Event
from rialto.kernel.text import is_plain
from rialto.orders import model
from rialto.orders.api import CancelOrder, KeyReused, Order, OrderNotFound, RefundOrder, ShipOrder
from rialto.orders.events import OrderRefunded
from rialto.orders.handlers.shared import OrderUseCase
from rialto.orders.model import OrderState
from rialto.payments.api import Payments, PaymentStateWrong, Refund


class Fulfilment(OrderUseCase):
    async def cancel(self, command: CancelOrder) -> Order:
        details = await self.admitted(
            command.order_id, command.key, account_id=command.account_id, staff=command.staff
        )
        state = await self.saga.change(
            await self.saga.load(command.order_id), lambda now, at: model.cancel(now, command.reason, at)
        )
        self.env.faults.reach("orders.saga.after_cancel")
        state = await self._go_on(state)
        await self.show_at_once(state)
        return self.view(state, details)

    async def ship(self, command: ShipOrder) -> Order:
        _require_plain("tracking", command.tracking or "")
        details = await self.details(command.order_id)

        def decide(now: OrderState, at: datetime) -> Sequence[Event]:
            return model.ship(now, command.lines, step=command.step, tracking=command.tracking, at=at)

        state = await self.saga.change(await self.saga.load(command.order_id), decide)
        self.env.faults.reach("orders.ship.after_event")
        return self.view(await self._go_on(state), details)

    async def refund(self, command: RefundOrder) -> Order:
        _require_plain("reason", command.reason, lines=True)
        details = await self.details(command.order_id)
        state = await self.saga.load(command.order_id)
        if state.version == 0:
            raise OrderNotFound
        if command.amount.currency != state.total.currency or command.amount.amount <= 0:
            raise PaymentStateWrong("The amount does not fit the order.")
        known = next((event for event in state.refunded if event.step == command.step), None)
        if known is not None:
            if known.amount != command.amount:
                raise KeyReused
            return self.view(state, details)
        await self.env[Payments].refund(
            Refund(order_id=command.order_id, amount=command.amount, step=command.step, reason=command.reason)
        )

        def decide(now: OrderState, at: datetime) -> Sequence[Event]:
            if any(event.step == command.step for event in now.refunded):
                return []
            return [
                OrderRefunded(
                    order_id=command.order_id,
                    step=command.step,
                    amount=command.amount,
                    reason=command.reason,
                    refunded_at=at,
                )
            ]

        return self.view(await self.saga.change(state, decide), details)

    async def _go_on(self, state: OrderState) -> OrderState:
        """The rest of the work, as far as dependencies answer; the worker does what they leave."""
        try:
            return (await self.saga.drive(state.started.order_id, state)).state
        except Unavailable:
            return await self.saga.load(state.started.order_id)


def _require_plain(field: str, value: str, *, lines: bool = False) -> None:
    """Raises Invalid for control characters, some of which the database cannot store."""
    if not is_plain(value, lines=lines):
        raise field_problem(field, "not_valid", "This is not plain text.")
