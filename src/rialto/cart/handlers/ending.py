"""How a cart ends: it becomes an order, or is forgotten by everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from rialto.cart.api import CartNotFound, CartOrdered, CloseCart
from rialto.cart.handlers.shared import CartUseCase, parsed
from rialto.cart.model.contents import OPEN, with_left_out
from rialto.cart.store import carts, merges
from rialto.cart.store.merges import Merge, Merged
from rialto.kernel.db import WriteSession
from rialto.kernel.errors import InvariantBroken
from rialto.kernel.ids import CART, LINE, CartId, bucket_of
from rialto.kernel.service import Nothing
from rialto.kernel.settings import Keep
from rialto.orders.events import OrderPlaced

FORGOTTEN_AFTER = Keep().carts
EXPIRED_AT_ONCE = 100


class Ending(CartUseCase):
    async def close(self, command: CloseCart) -> Nothing:
        cart_id = parsed(command.cart_id)
        async with self.db.write() as session:
            closed = await carts.close(session, {cart_id: command.order_id})
            if closed.get(cart_id) is not None and command.skus:
                await self._go_on(session, cart_id, command.skus)
        if not closed:
            async with self.db.read() as session:
                found = await carts.order_of(session, cart_id)
            if found is None:
                raise CartNotFound
            if found[1] != command.order_id:
                raise CartOrdered(extra={"order_id": found[1]})
        return Nothing()

    async def close_within(self, session: WriteSession, events: Sequence[OrderPlaced]) -> None:
        """For the reaction to placed orders. A cart that is gone or was closed before stays as it is.

        What came into an account's cart while it was being bought goes on in a new one. Where a guest's cart was
        bought and merged at the same time, the account's cart gives back what it took over.
        """
        closed = await carts.close(session, {event.cart_id: event.order_id for event in events})
        for event in events:
            if event.cart_id not in closed:
                await self._take_back(session, event)
            elif closed[event.cart_id] is not None:
                await self._go_on(session, event.cart_id, event.skus)

    async def expire(self) -> int:
        """Delete carts that nobody touched for as long as is kept, open or ordered (an order has its own copy); how many."""
        before = self.today() - self.kept
        async with self.db.read() as session:
            forgotten = await carts.forgotten(session, before, EXPIRED_AT_ONCE)
        deleted = 0
        for cart_id in forgotten:
            async with self.db.write() as session:
                deleted += await carts.delete(session, cart_id, before)
        return deleted

    async def _go_on(self, session: WriteSession, cart_id: CartId, skus: Mapping[str, int]) -> None:
        ordered = await carts.load(session, cart_id)
        assert ordered is not None, "this transaction has just closed it"
        rest = with_left_out(ordered, skus)
        if not rest.lines:
            return
        bare = replace(
            rest,
            id=CART.new(self.ids, bucket_of(cart_id)),
            version=1,
            status=OPEN,
            order_id=None,
            seen_total=None,
            contact=None,
            payment=None,
            lines=(),
        )
        fresh = tuple(replace(line, id=LINE.new(self.ids, bucket_of(bare.id))) for line in rest.lines)
        # The row that was just closed is locked, and it was the only open one.
        if not await carts.add(session, bare) or not await carts.save(
            session, bare, replace(bare, lines=fresh)
        ):
            raise InvariantBroken("an account had two open carts")
        left = {line.sku: line.quantity for line in rest.lines}
        await merges.go_on(session, cart_id, Merged(into=bare.id, merge=Merge(added=left, conflicts=[])))

    async def _take_back(self, session: WriteSession, event: OrderPlaced) -> None:
        """From the account's cart, or from the one in which what that did not sell went on."""
        bought: Mapping[str, int] = event.skus
        merged = await merges.order_after_all(session, event.cart_id, event.order_id)
        while merged is not None:
            bought = _both(merged.merge.added, bought)
            await merges.hold(session, merged.into)
            cart = await carts.load(session, merged.into)
            if cart is None:
                return
            if cart.status == OPEN:
                after = with_left_out(cart, bought)
                if after != cart and not await carts.save(session, cart, after):
                    raise InvariantBroken("a locked cart was changed")
                return
            merged = await merges.load(session, merged.into)


def _both(added: Mapping[str, int], bought: Mapping[str, int]) -> dict[str, int]:
    return {sku: min(quantity, bought.get(sku, 0)) for sku, quantity in added.items()}
