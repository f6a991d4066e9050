"""After placing: cancel before shipping, ship and capture, take back goods, give back money."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rialto.inventory.api import Inventory, UnknownWarehouse
from rialto.kernel.errors import Unavailable, VersionConflict, field_problem
from rialto.kernel.events import Event
from rialto.kernel.service import Nothing
from rialto.kernel.text import is_plain
from rialto.orders import model
from rialto.orders.api import CancelOrder, Order, ReceiveGoods, RefundOrder, RequestReturn, ShipOrder
from rialto.orders.handlers.shared import OrderUseCase
from rialto.orders.model import OrderState


class Fulfilment(OrderUseCase):
    async def cancel(self, command: CancelOrder) -> Order:
        details = await self.admitted(
            command.order_id, command.key, account_id=command.account_id, staff=command.staff
        )

        def decide(now: OrderState, at: datetime) -> Sequence[Event]:
            if now.status != "cancelled":
                _require_seen(now, command.expected)
            return model.cancel(now, command.reason, at)

        state = await self.saga.change(await self.saga.load(command.order_id), decide)
        self.env.faults.reach("orders.saga.after_cancel")
        state = await self._go_on(state)
        await self.show_at_once(state)
        return self.view(state, details)

    async def ship(self, command: ShipOrder) -> Order:
        _require_plain("tracking", command.tracking or "")
        details = await self.details(command.order_id)

        def decide(now: OrderState, at: datetime) -> Sequence[Event]:
            if not any(event.step == command.step for event in now.shipments):
                _require_seen(now, command.expected)
            return model.ship(now, command.lines, step=command.step, tracking=command.tracking, at=at)

        state = await self.saga.change(await self.saga.load(command.order_id), decide)
        self.env.faults.reach("orders.ship.after_event")
        return self.view(await self._go_on(state), details)

    async def refund(self, command: RefundOrder) -> Order:
        _require_plain("reason", command.reason, lines=True)
        details = await self.details(command.order_id)

        def decide(now: OrderState, at: datetime) -> Sequence[Event]:
            decided = model.decide_refund(now, command, at)
            if decided:
                _require_seen(now, command.expected)
            return decided

        state = await self.saga.change(await self.saga.load(command.order_id), decide)
        self.env.faults.reach("orders.refund.after_decision")
        return self.view(await self._go_on(state), details)

    async def receive(self, command: ReceiveGoods) -> Order:
        details = await self.details(command.order_id)
        await self._require_place(command)

        def decide(now: OrderState, at: datetime) -> Sequence[Event]:
            received = model.receive(now, command, at)
            if received:
                _require_seen(now, command.expected)
            return received

        state = await self.saga.change(await self.saga.load(command.order_id), decide)
        self.env.faults.reach("orders.receive.after_event")
        return self.view(await self._go_on(state), details)

    async def _require_place(self, command: ReceiveGoods) -> None:
        """Asked before anything is noted: what is noted must be able to go on its shelf. Raises UnknownWarehouse."""
        if not command.warehouse or not any(command.fit.values()):
            return
        known = (await self.env[Inventory].warehouses(Nothing())).items
        if command.warehouse not in {one.code for one in known}:
            raise UnknownWarehouse

    async def request_return(self, command: RequestReturn) -> Order:
        details = await self.admitted(
            command.order_id, command.key, account_id=command.account_id, staff=command.staff
        )

        def decide(now: OrderState, at: datetime) -> Sequence[Event]:
            return model.request_return(now, command, at)

        return self.view(await self.saga.change(await self.saga.load(command.order_id), decide), details)

    async def _go_on(self, state: OrderState) -> OrderState:
        """The rest of the work, as far as dependencies answer; the worker does what they leave."""
        try:
            return (await self.drive(state.started.order_id, state)).state
        except Unavailable:
            return await self.saga.load(state.started.order_id)


def _require_seen(state: OrderState, expected: int | None) -> None:
    """Raises VersionConflict when something happened since whoever asks has looked."""
    if expected is not None and state.version != expected:
        raise VersionConflict


def _require_plain(field: str, value: str, *, lines: bool = False) -> None:
    """Raises Invalid for control characters, some of which the database cannot store."""
    if not is_plain(value, lines=lines):
        raise field_problem(field, "not_valid", "This is not plain text.")
