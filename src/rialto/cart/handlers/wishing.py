"""Wishlists: what an account's owner wants to find again, and taking it into the cart."""

from __future__ import annotations

from rialto.cart.api import (
    Cart,
    CartRef,
    MoveWish,
    NewCart,
    SkuNotSold,
    Wishes,
    WishLimit,
    WishlistOf,
    WishNotFound,
    WishRef,
)
from rialto.cart.handlers.shared import CartUseCase, Change
from rialto.cart.model import contents
from rialto.cart.model.checks import is_product, is_sku
from rialto.cart.model.contents import StoredCart
from rialto.cart.model.views import as_wish
from rialto.cart.store import wishes
from rialto.kernel.db import WriteSession
from rialto.kernel.errors import field_problem
from rialto.kernel.ids import LINE, bucket_of
from rialto.kernel.service import Nothing
from rialto.kernel.text import clean_text


class Wishing(CartUseCase):
    async def wishes(self, command: WishlistOf) -> Wishes:
        async with self.db.read() as session:
            rows = await wishes.load_all(session, command.account_id)
        wanted = NewCart(
            currency=command.currency,
            language=command.language,
            channel=command.channel,
            host=command.host,
        )
        looking = await self.bare_cart(wanted, bucket_of(command.account_id))
        answers = await self.peers.answers_about([row["sku"] for row in rows], looking)
        return Wishes(items=[as_wish(row, answers, looking.language) for row in rows])

    async def wish(self, command: WishRef) -> Nothing:
        sku = await self._shown_sku(command)
        async with self.db.alone() as session:
            now = self.clock.now()
            if not await wishes.add(session, command.account_id, command.item, sku=sku, now=now):
                raise WishLimit
        return Nothing()

    async def unwish(self, command: WishRef) -> Nothing:
        if clean_text(command.item):  # no other was ever put on a list
            async with self.db.write() as session:
                await wishes.remove(session, command.account_id, command.item)
        return Nothing()

    async def move_wish(self, command: MoveWish) -> Cart:
        sku = command.sku or command.item
        if is_product(sku):
            raise field_problem("sku", "required", "Please say which variant of the product.")
        if not is_sku(sku):
            raise SkuNotSold
        if not clean_text(command.item):
            raise WishNotFound
        wanted = NewCart(channel=command.channel, host=command.host, language=command.language)
        cart_id = await self.open_cart_of(command.account_id, wanted)
        line_id = LINE.new(self.ids, bucket_of(cart_id))

        async def strike_out(session: WriteSession) -> None:
            if not await wishes.remove(session, command.account_id, command.item):
                raise WishNotFound

        def decide(cart: StoredCart) -> StoredCart:
            return contents.with_added(cart, line_id=line_id, sku=sku, quantity=command.quantity)

        change = Change(decide=decide, touched=sku, beside=strike_out)
        return await self.change(
            CartRef(cart_id=cart_id, account_id=command.account_id), change, command.language
        )

    async def _shown_sku(self, command: WishRef) -> str:
        """The variant that stands for the wish. Raises SkuNotSold, ProductNotFound."""
        if is_product(command.item):
            return await self.peers.first_sku(command.item)
        if not is_sku(command.item) or not await self.peers.is_known(command.item):
            raise SkuNotSold
        return command.item
