"""Buying again what was bought before."""

from __future__ import annotations

from rialto.cart.api import Carts, FillCart, FilledCart, NewCart, WantedLine
from rialto.kernel.ids import CartId
from rialto.orders.api import Reorder
from rialto.orders.events import OrderStarted
from rialto.orders.handlers.shared import OrderUseCase


class Reordering(OrderUseCase):
    async def reorder(self, command: Reorder) -> FilledCart:
        await self.admitted(command.order_id, command.key, account_id=command.account_id)
        start = (await self.saga.load(command.order_id)).started
        cart_id = command.cart_id or await self._cart_for(start, command)
        lines = [
            WantedLine(sku=line.sku, quantity=line.quantity, seen_price=line.unit_price)
            for line in start.lines
        ]
        return await self.env[Carts].fill(
            FillCart(cart_id=cart_id, account_id=command.account_id, lines=lines, language=command.language)
        )

    async def _cart_for(self, start: OrderStarted, command: Reorder) -> CartId:
        wanted = NewCart(
            account_id=command.account_id,
            currency=start.currency,
            country=start.country,
            language=command.language or start.language,
            channel=start.channel,
        )
        return (await self.env[Carts].create(wanted)).id
