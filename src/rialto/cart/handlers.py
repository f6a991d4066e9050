"""What happens when a cart is asked: read, change, price, keep what was shown.

A change is worked out on the version that was read and priced before anything is written: when a peer does
not answer, nothing has changed. It is then written only if that version is still the last; otherwise it is
worked out again on the newer one. In one process changes of one cart wait in line, so that a hundred at once
do not overtake each other for ever; between processes the version is the fence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from weakref import WeakValueDictionary

from msgspec.structs import replace

from rialto.cart import store
from rialto.cart.api import (
    AddLine,
    Cart,
    CartForCheckout,
    CartNotFound,
    CartOrdered,
    CartRef,
    ChangeCode,
    ChangeLine,
    CloseCart,
    CodeNotValid,
    NewCart,
    SetAddress,
    SetDelivery,
    SetPayment,
    SkuNotSold,
)
from rialto.cart.model import contents
from rialto.cart.model.checks import checked_contact, checked_payment, is_sku
from rialto.cart.model.contents import ORDERED, StoredCart
from rialto.cart.model.views import text_in, view
from rialto.cart.peers import Market, Peers
from rialto.catalog.api import Channel
from rialto.kernel.address import COUNTRIES
from rialto.kernel.clock import Clock
from rialto.kernel.db import Database, WriteSession
from rialto.kernel.errors import NotFound, TooMany, field_problem
from rialto.kernel.ids import CART, LINE, CartId, Ids, OrderId, bucket_of
from rialto.kernel.money import Money
from rialto.kernel.service import Nothing
from rialto.pricing.api import DeliveryOptions

ATTEMPTS_MAX = 10  # one per competing process and then some
FORGOTTEN_AFTER = timedelta(days=60)
EXPIRED_AT_ONCE = 100


@dataclass(frozen=True, kw_only=True)
class _Change:
    """`decide` gives the next cart. Of which lines the present price counts as seen: `touched` (its SKU or id), `everything`.

    Only the line that somebody acts on: pages redirect after a change, so what its answer says about the
    other lines is not seen by anybody, and a changed price must not go unnoticed. `everything` accepts the total,
    so it is worked out from what holds now.
    """

    decide: Callable[[StoredCart], StoredCart]
    touched: str | None = None
    everything: bool = False
    must_deliver: bool = False


class CartHandlers:
    """Implements `Carts`."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, peers: Peers) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._peers = peers
        self._turns: WeakValueDictionary[CartId, asyncio.Lock] = WeakValueDictionary()

    async def create(self, command: NewCart) -> Cart:
        channel = _channel_for(command, await self._peers.channels())
        currency = (command.currency or "").upper()
        country = (command.country or "").upper()
        bare = StoredCart(
            id=CART.new(self._ids, self._ids.bucket()),
            version=1,
            currency=next(
                (known for known in channel.currencies if known == currency), channel.currencies[0]
            ),
            country=country if country in COUNTRIES else channel.country,
            language=next(
                (known for known in channel.languages if known == command.language), channel.languages[0]
            ),
            channel=channel.code,
            touched_on=self._today(),
        )
        market = await self._peers.market(bare)
        cart = replace(bare, seen_total=market.quote.totals.total)
        async with self._db.alone() as session:
            await store.add(session, cart)
        return view(cart, market.answers, market.quote)

    async def get(self, command: CartRef) -> Cart:
        cart = await self._load(command.cart_id)
        market = await self._peers.market(cart)
        return view(cart, market.answers, market.quote, command.language)

    async def add_line(self, command: AddLine) -> Cart:
        if not is_sku(command.sku):
            raise SkuNotSold
        line_id = LINE.new(self._ids, bucket_of(_parsed(command.cart_id)))

        def decide(cart: StoredCart) -> StoredCart:
            return contents.with_added(cart, line_id=line_id, sku=command.sku, quantity=command.quantity)

        return await self._change(
            command.cart_id, _Change(decide=decide, touched=command.sku), command.language
        )

    async def change_line(self, command: ChangeLine) -> Cart:
        def decide(cart: StoredCart) -> StoredCart:
            return contents.with_quantity(cart, line_id=command.line_id, quantity=command.quantity)

        return await self._change(
            command.cart_id, _Change(decide=decide, touched=command.line_id), command.language
        )

    async def set_address(self, command: SetAddress) -> Cart:
        contact = checked_contact(command)
        change = _Change(decide=lambda cart: contents.with_contact(cart, contact))
        return await self._change(command.cart_id, change)

    async def delivery_options(self, command: CartRef) -> DeliveryOptions:
        """Titles in the language asked for, or the cart's, alone."""
        cart = await self._load(command.cart_id)
        found = await self._peers.delivery_options(cart)
        language = command.language or cart.language
        return DeliveryOptions(
            items=[
                replace(option, title={language: text_in(option.title, (language, cart.language), option.id)})
                for option in found.items
            ]
        )

    async def set_delivery(self, command: SetDelivery) -> Cart:
        change = _Change(
            decide=lambda cart: replace(cart, delivery_option_id=command.option_id), must_deliver=True
        )
        return await self._change(command.cart_id, change)

    async def set_payment(self, command: SetPayment) -> Cart:
        payment = checked_payment(command.payment)
        return await self._change(
            command.cart_id, _Change(decide=lambda cart: replace(cart, payment=payment))
        )

    async def add_code(self, command: ChangeCode) -> Cart:
        """No code is valid: this shop has no vouchers to look one up in."""
        await self._open(command.cart_id)
        raise CodeNotValid

    async def remove_code(self, command: ChangeCode) -> Cart:
        """A cart holds no codes, so taking one off leaves it as it is."""
        return await self._change(command.cart_id, _Change(decide=lambda cart: cart))

    async def for_checkout(self, command: CartRef) -> CartForCheckout:
        cart = await self._open(command.cart_id)
        market = await self._peers.market_now(cart)
        return CartForCheckout(
            cart=view(cart, market.answers, market.quote, command.language),
            quote=market.quote,
            seen_total=cart.seen_total,
            payment=cart.payment,
        )

    async def accept_total(self, command: CartRef) -> Cart:
        change = _Change(decide=lambda cart: cart, everything=True)
        return await self._change(command.cart_id, change, command.language)

    async def close(self, command: CloseCart) -> Nothing:
        """Again for the same order: unchanged. Raises CartNotFound, CartOrdered when it became another order."""
        cart_id = _parsed(command.cart_id)
        async with self._db.write() as session:
            closed = await store.close(session, {cart_id: command.order_id})
        if not closed:
            async with self._db.read() as session:
                found = await store.order_of(session, cart_id)
            if found is None:
                raise CartNotFound
            if found[1] != command.order_id:
                raise CartOrdered(extra={"order_id": found[1]})
        return Nothing()

    async def close_within(self, session: WriteSession, orders: Mapping[CartId, OrderId]) -> None:
        """For the reaction to placed orders. A cart that is gone or was closed before stays as it is."""
        await store.close(session, orders)

    async def expire(self) -> int:
        """Delete carts that nobody touched for 60 days, open or ordered (an order has its own copy); how many."""
        before = self._today() - FORGOTTEN_AFTER
        async with self._db.read() as session:
            forgotten = await store.forgotten(session, before, EXPIRED_AT_ONCE)
        deleted = 0
        for cart_id in forgotten:
            async with self._db.write() as session:
                deleted += await store.delete(session, cart_id, before)
        return deleted

    async def _change(self, cart_id: CartId, change: _Change, language: str | None = None) -> Cart:
        async with self._turn(cart_id):
            for _ in range(ATTEMPTS_MAX):
                before = await self._open(cart_id)
                wanted = change.decide(before)
                market = await (
                    self._peers.market_now(wanted)
                    if change.everything
                    else self._peers.market(wanted, must_deliver=change.must_deliver)
                )
                after = replace(_after(wanted, market, change), touched_on=self._today())
                if after == before:
                    return view(wanted, market.answers, market.quote, language)
                async with self._db.alone() as session:
                    saved = await store.save(session, before, after)
                if saved:
                    answered = replace(wanted, version=before.version + 1)
                    return view(answered, market.answers, market.quote, language)
        raise TooMany("This cart is being changed by many at once.", code="cart_busy", retry_after_s=1)

    async def _load(self, cart_id: CartId) -> StoredCart:
        known = _parsed(cart_id)
        async with self._db.read() as session:
            cart = await store.load(session, known)
        if cart is None:
            raise CartNotFound
        return cart

    async def _open(self, cart_id: CartId) -> StoredCart:
        cart = await self._load(cart_id)
        if cart.status == ORDERED:
            raise CartOrdered(extra={"order_id": cart.order_id})
        return cart

    def _turn(self, cart_id: CartId) -> asyncio.Lock:
        return self._turns.setdefault(cart_id, asyncio.Lock())

    def _today(self) -> date:
        return self._clock.now().date()


def _parsed(cart_id: str) -> CartId:
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


def _after(wanted: StoredCart, market: Market, change: _Change) -> StoredCart:
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
