"""Lines come into a cart from elsewhere: from a guest's cart at sign-in, or from a list.

A merge writes both carts in one transaction, each under the version it was read at, the guest's row first. So of two
merges at once one does the work and the other finds it done, and a cart that is changed or ordered meanwhile is merged
as it then is or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from rialto.cart.api import Cart, CartNotFound, CartOrdered, CartRef, FillCart, FilledCart, MergeCart, NewCart
from rialto.cart.handlers.shared import ATTEMPTS_MAX, CartUseCase, Change
from rialto.cart.model import filling
from rialto.cart.model.checks import is_sku
from rialto.cart.model.contents import MERGED, ORDERED, StoredCart, StoredLine
from rialto.cart.model.filling import Filled
from rialto.cart.model.views import view
from rialto.cart.peers import Market
from rialto.cart.store import merges
from rialto.cart.store.merges import Merge, Merged
from rialto.kernel.db import WriteSession
from rialto.kernel.errors import TooMany
from rialto.kernel.ids import LINE, CartId, bucket_of


class _GuestChanged(Exception):
    """The guest's cart is not what was read any more."""


class Merging(CartUseCase):
    async def merge(self, command: MergeCart) -> FilledCart:
        for _ in range(ATTEMPTS_MAX):
            source = await self.load_cart(CartRef(cart_id=command.cart_id, account_id=command.account_id))
            if source.account_id is not None:
                return FilledCart(cart=await self._show(source.id, command), conflicts=[])
            if source.status == ORDERED:
                raise CartOrdered(extra={"order_id": source.order_id})
            if source.status == MERGED:
                return await self._repeat(command)
            try:
                return await self._take_over(source, command)
            except _GuestChanged:
                continue
        raise TooMany("This cart is being changed by many at once.", code="cart_busy", retry_after_s=1)

    async def fill(self, command: FillCart) -> FilledCart:
        bucket = bucket_of((await self.open_cart(command)).id)
        incoming = [
            StoredLine(
                id=LINE.new(self.ids, bucket),
                sku=line.sku,
                quantity=line.quantity,
                position=0,
                shown_price=line.seen_price,
            )
            for line in command.lines
            if is_sku(line.sku) and line.quantity > 0
        ]
        work = _Filling(incoming)
        cart = await self.change(command, Change(decide=work.decide, settle=work.settle), command.language)
        return FilledCart(cart=cart, conflicts=list(work.filled.conflicts))

    async def _take_over(self, source: StoredCart, command: MergeCart) -> FilledCart:
        wanted = NewCart(
            currency=source.currency,
            country=source.country,
            language=source.language,
            channel=source.channel,
        )
        target = CartRef(
            cart_id=await self.open_cart_of(command.account_id, wanted), account_id=command.account_id
        )
        bucket = bucket_of(target.cart_id)
        work = _Filling([replace(line, id=LINE.new(self.ids, bucket)) for line in source.lines], source)

        async def end_source(session: WriteSession) -> None:
            merge = Merge(added=work.filled.added, conflicts=list(work.filled.conflicts))
            merged = Merged(into=target.cart_id, merge=merge)
            if not await merges.end(session, source.id, source.version, merged):
                raise _GuestChanged

        change = Change(decide=work.decide, settle=work.settle, beside=end_source)
        try:
            cart = await self.change(target, change, command.language)
        except CartOrdered:  # the account's cart became an order just now: there will be another
            raise _GuestChanged from None
        return FilledCart(cart=cart, conflicts=list(work.filled.conflicts))

    async def _repeat(self, command: MergeCart) -> FilledCart:
        """As it was told the first time. A cart that another account took over is not there for this one."""
        async with self.db.read() as session:
            merged = await merges.load(session, command.cart_id)
        if merged is None:
            raise CartNotFound
        return FilledCart(cart=await self._show(merged.into, command), conflicts=list(merged.merge.conflicts))

    async def _show(self, cart_id: CartId, command: MergeCart) -> Cart:
        cart = await self.as_sold(
            await self.load_cart(CartRef(cart_id=cart_id, account_id=command.account_id))
        )
        market = await self.peers.market(cart)
        return view(cart, market.answers, market.quote, command.language)


class _Filling:
    """The decisions about lines that come in, and what was decided last (a change may be worked out again)."""

    def __init__(self, incoming: Sequence[StoredLine], source: StoredCart | None = None) -> None:
        self._incoming = incoming
        self._source = source
        self._filled: Filled | None = None

    @property
    def filled(self) -> Filled:
        assert self._filled is not None, "nothing was decided yet"
        return self._filled

    def decide(self, cart: StoredCart) -> StoredCart:
        self._filled = filling.with_lines(cart, self._incoming)
        if self._source is not None:
            details = filling.with_details(self._filled.cart, self._source)
            self._filled = replace(self._filled, cart=details)
        return self._filled.cart

    def settle(self, _wanted: StoredCart, market: Market) -> StoredCart:
        self._filled = filling.settled(self.filled, market.answers)
        return self._filled.cart
