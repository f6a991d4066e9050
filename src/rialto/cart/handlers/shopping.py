"""What happens when a cart is asked: read, change, price, keep what was shown."""

from __future__ import annotations

from msgspec.structs import replace

from rialto.cart.api import (
    AddLine,
    Cart,
    CartForCheckout,
    CartRef,
    ChangeCode,
    ChangeLine,
    NewCart,
    SetAddress,
    SetDelivery,
    SetPayment,
    SkuNotSold,
)
from rialto.cart.handlers.shared import CartUseCase, Change, parsed
from rialto.cart.model import contents
from rialto.cart.model.checks import checked_contact, checked_payment, is_sku
from rialto.cart.model.contents import StoredCart
from rialto.cart.model.views import text_in, view
from rialto.cart.store import carts
from rialto.catalog.api import address_of
from rialto.kernel.ids import LINE, bucket_of
from rialto.pricing.api import DeliveryOptions


class Shopping(CartUseCase):
    async def create(self, command: NewCart) -> Cart:
        if command.account_id is not None:
            cart_id = await self.open_cart_of(command.account_id, command)
            return await self.get(CartRef(cart_id=cart_id, account_id=command.account_id))
        bare = await self.bare_cart(command, self.ids.bucket())
        await self.check_open(bare.channel)
        market = await self.peers.market(bare)
        cart = replace(bare, seen_total=market.quote.totals.total)
        async with self.db.alone() as session:
            await carts.add(session, cart)
        return view(cart, market.answers, market.quote)

    async def get(self, command: CartRef) -> Cart:
        cart = await self.as_sold(await self.load_cart(command))
        market = await self.peers.market(cart)
        return view(cart, market.answers, market.quote, command.language)

    async def add_line(self, command: AddLine) -> Cart:
        if not is_sku(command.sku):
            raise SkuNotSold
        line_id = LINE.new(self.ids, bucket_of(parsed(command.cart_id)))

        def decide(cart: StoredCart) -> StoredCart:
            return contents.with_added(cart, line_id=line_id, sku=command.sku, quantity=command.quantity)

        return await self.change(command, Change(decide=decide, touched=command.sku), command.language)

    async def change_line(self, command: ChangeLine) -> Cart:
        def decide(cart: StoredCart) -> StoredCart:
            return contents.with_quantity(cart, line_id=command.line_id, quantity=command.quantity)

        return await self.change(command, Change(decide=decide, touched=command.line_id), command.language)

    async def set_address(self, command: SetAddress) -> Cart:
        contact = checked_contact(command)
        return await self.change(command, Change(decide=lambda cart: contents.with_contact(cart, contact)))

    async def delivery_options(self, command: CartRef) -> DeliveryOptions:
        """Titles in the language asked for, or the cart's, alone."""
        cart = await self.as_sold(await self.load_cart(command))
        found = await self.peers.delivery_options(cart)
        language = command.language or cart.language
        return DeliveryOptions(
            items=[
                replace(option, title={language: text_in(option.title, (language, cart.language), option.id)})
                for option in found.items
            ]
        )

    async def set_delivery(self, command: SetDelivery) -> Cart:
        change = Change(
            decide=lambda cart: replace(cart, delivery_option_id=command.option_id), must_deliver=True
        )
        return await self.change(command, change)

    async def set_payment(self, command: SetPayment) -> Cart:
        payment = checked_payment(command.payment)
        return await self.change(command, Change(decide=lambda cart: replace(cart, payment=payment)))

    async def add_code(self, command: ChangeCode) -> Cart:
        await self.open_cart(command)
        code = await self.peers.good_code(command.code)
        return await self.change(command, Change(decide=lambda cart: contents.with_code(cart, code)))

    async def remove_code(self, command: ChangeCode) -> Cart:
        """Written as it was added or in the cart's own way."""
        code = "".join(command.code.split()).upper()
        return await self.change(command, Change(decide=lambda cart: contents.without_code(cart, code)))

    async def for_checkout(self, command: CartRef) -> CartForCheckout:
        cart = await self.as_sold(await self.open_cart(command))
        channel = await self.check_open(cart.channel)
        market = await self.peers.market_now(cart)
        return CartForCheckout(
            cart=view(cart, market.answers, market.quote, command.language),
            quote=market.quote,
            seen_total=cart.seen_total,
            payment=cart.payment,
            shop_url=address_of(channel, self.public_url) if channel and channel.hosts else "",
        )

    async def accept_total(self, command: CartRef) -> Cart:
        change = Change(decide=lambda cart: cart, everything=True)
        return await self.change(command, change, command.language)
