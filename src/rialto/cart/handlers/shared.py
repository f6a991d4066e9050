"""What every use case of carts stands on: finding a cart for whoever may see it, and changing it.

A change is worked out on the version that was read and priced before anything is written: when a peer does
not answer, nothing has changed. It is then written only if that version is still the last; otherwise it is
worked out again on the newer one. In one process changes of one cart wait in line, so that a hundred at once
do not overtake each other for ever; between processes the version is the fence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from weakref import WeakValueDictionary

from msgspec.structs import replace

from rialto.cart.api import Cart, CartMerged, CartNotFound, CartOrdered, NewCart, OfCart, SkuNotSold
from rialto.cart.model import contents
from rialto.cart.model.contents import MERGED, ORDERED, StoredCart
from rialto.cart.model.views import view
from rialto.cart.peers import Market, Peers
from rialto.cart.store import carts, merges
from rialto.catalog.api import Channel, ChannelClosed
from rialto.kernel.address import COUNTRIES
from rialto.kernel.clock import Clock
from rialto.kernel.db import Database, WriteSession
from rialto.kernel.errors import NotFound, TooMany, field_problem
from rialto.kernel.ids import CART, AccountId, CartId, Ids, bucket_of
from rialto.kernel.money import Money

ATTEMPTS_MAX = 10  # one per competing process and then some


@dataclass(frozen=True, kw_only=True)
class Change:
    """`decide` gives the next cart. Of which lines the present price counts as seen: `touched` (its SKU or id), `everything`.

    Only the line that somebody acts on: pages redirect after a change, so what its answer says about the
    other lines is not seen by anybody, and a changed price must not go unnoticed. `everything` accepts the total,
    so it is worked out from what holds now.

    `settle` has the last word on what was decided, knowing what it is worth. `beside` is written in the same
    transaction, before the cart; what it raises undoes both.
    """

    decide: Callable[[StoredCart], StoredCart]
    touched: str | None = None
    everything: bool = False
    must_deliver: bool = False
    settle: Callable[[StoredCart, Market], StoredCart] | None = None
    beside: Callable[[WriteSession], Awaitable[None]] | None = None


class _Overtaken(Exception):
    """Somebody else changed the cart first: what was written beside it is taken back."""


class CartUseCase:
    """The parts, and what all use cases do with them."""

    db: Database
    clock: Clock
    ids: Ids
    peers: Peers
    kept: timedelta
    public_url: str
    turns: WeakValueDictionary[CartId, asyncio.Lock]

    async def change(self, ref: OfCart, change: Change, language: str | None = None) -> Cart:
        async with self._turn(ref.cart_id):
            for _ in range(ATTEMPTS_MAX):
                before = await self.open_cart(ref)
                wanted = change.decide(await self.as_sold(before))
                market = await (
                    self.peers.market_now(wanted)
                    if change.everything
                    else self.peers.market(wanted, must_deliver=change.must_deliver)
                )
                if change.settle is not None:
                    wanted = change.settle(wanted, market)
                after = replace(_after(wanted, market, change), touched_on=self.today())
                if after == before and change.beside is None:
                    return view(wanted, market.answers, market.quote, language)
                if await self._save(before, after, change):
                    version = before.version + (after != before)
                    return view(replace(wanted, version=version), market.answers, market.quote, language)
        raise TooMany("This cart is being changed by many at once.", code="cart_busy", retry_after_s=1)

    async def load_cart(self, ref: OfCart) -> StoredCart:
        """Raises CartNotFound, also for the cart of an account that does not ask itself."""
        known = parsed(ref.cart_id)
        async with self.db.read() as session:
            cart = await carts.load(session, known)
        if cart is None or (cart.account_id is not None and cart.account_id != ref.account_id):
            raise CartNotFound
        return cart

    async def as_sold(self, cart: StoredCart) -> StoredCart:
        """In a currency that its shop front sells in; kept so with the next change."""
        channel = next((one for one in await self.peers.channels() if one.code == cart.channel), None)
        return cart if channel is None else contents.sold_in(cart, channel.currencies)

    async def open_cart(self, ref: OfCart) -> StoredCart:
        cart = await self.load_cart(ref)
        if cart.status == ORDERED:
            raise CartOrdered(extra={"order_id": cart.order_id})
        if cart.status == MERGED:
            raise CartMerged
        return cart

    async def check_open(self, code: str) -> Channel | None:
        """The shop front, as it was within the last seconds. Raises ChannelClosed."""
        channel = next((one for one in await self.peers.channels() if one.code == code), None)
        if channel is not None and not channel.open:
            raise ChannelClosed
        return channel

    async def open_cart_of(self, account_id: AccountId, wanted: NewCart) -> CartId:
        """The account's open cart in the channel; made when there is none, whoever else makes it meanwhile."""
        bare = await self.bare_cart(wanted, bucket_of(account_id))
        async with self.db.read() as session:
            found = await merges.open_cart_of(session, account_id, bare.channel)
        if found is not None:
            return found
        async with self.db.alone() as session:
            if await carts.add(session, replace(bare, account_id=account_id)):
                return bare.id
        async with self.db.read() as session:
            found = await merges.open_cart_of(session, account_id, bare.channel)
        if found is None:  # ordered between the two looks: the next request makes another
            raise TooMany("This cart is being changed by many at once.", code="cart_busy", retry_after_s=1)
        return found

    async def bare_cart(self, command: NewCart, bucket: int) -> StoredCart:
        """A cart with nothing in it, not kept yet. Raises Invalid for a channel that is not known."""
        channel = _channel_for(command, await self.peers.channels())
        currency = (command.currency or "").upper()
        country = (command.country or "").upper()
        return StoredCart(
            id=CART.new(self.ids, bucket),
            version=1,
            currency=next(
                (known for known in channel.currencies if known == currency), channel.currencies[0]
            ),
            country=country if country in COUNTRIES else channel.country,
            language=next(
                (known for known in channel.languages if known == command.language), channel.languages[0]
            ),
            channel=channel.code,
            touched_on=self.today(),
        )

    def today(self) -> date:
        return self.clock.now().date()

    async def _save(self, before: StoredCart, after: StoredCart, change: Change) -> bool:
        """False when somebody changed the cart since it was read."""
        if change.beside is None:
            async with self.db.alone() as alone:
                return await carts.save(alone, before, after)
        with suppress(_Overtaken):
            async with self.db.write() as session:
                await change.beside(session)
                if after != before and not await carts.save(session, before, after):
                    raise _Overtaken
            return True
        return False

    def _turn(self, cart_id: CartId) -> asyncio.Lock:
        return self.turns.setdefault(cart_id, asyncio.Lock())


def parsed(cart_id: str) -> CartId:
    try:
        return CART.parse(cart_id)
    except NotFound:
        raise CartNotFound from None


def _channel_for(command: NewCart, channels: list[Channel]) -> Channel:
    by_host = (channel for channel in channels if command.host and command.host in channel.hosts)
    by_code = (channel for channel in channels if channel.code == command.channel)
    channel = next(by_host, None) or next(by_code, None)
    if channel is None:
        raise field_problem("channel", "channel_unknown", "There is no such channel.")
    return channel


def _after(wanted: StoredCart, market: Market, change: Change) -> StoredCart:
    """What is kept beside the change itself: what its answer shows. Raises SkuNotSold for the touched article."""
    seen: dict[str, Money] = {}
    for line in wanted.lines:
        price = market.answers.price(line.sku)
        touched = change.touched in {line.sku, line.id}
        if price is None and touched:
            raise SkuNotSold
        if price is not None and (touched or change.everything):
            seen[line.sku] = price
    delivery = market.quote.delivery
    return contents.as_shown(
        wanted,
        prices=seen,
        total=market.quote.totals.total,
        delivery_option_id=delivery.option_id if delivery else None,
    )
