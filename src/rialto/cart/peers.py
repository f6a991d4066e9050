"""What cart asks of the other services, in parallel where one answer does not need the other."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from msgspec.structs import replace

from rialto.cart.model.contents import StoredCart
from rialto.cart.model.views import Answers, to_quote
from rialto.catalog.api import Catalog, Channel, Offers, OffersOf
from rialto.inventory.api import Inventory, Levels, LevelsOf
from rialto.kernel.cache import Cache, OneEntry
from rialto.kernel.clock import Clock
from rialto.kernel.errors import InvariantBroken
from rialto.kernel.ids import Ids
from rialto.kernel.service import Nothing
from rialto.pricing.api import DeliveryOptions, DeliveryUnavailable, Pricing, Quote

CHANNELS_REMEMBERED_S = 3.0


@dataclass(frozen=True, kw_only=True)
class Market:
    """What a cart is worth at this moment, and what that is based on."""

    answers: Answers
    quote: Quote


class Peers:
    """Catalogue, inventory and pricing. What they raise (Unavailable above all) reaches the caller as it is."""

    def __init__(
        self, catalog: Catalog, inventory: Inventory, pricing: Pricing, *, clock: Clock, ids: Ids
    ) -> None:
        self._catalog = catalog
        self._inventory = inventory
        self._pricing = pricing
        self._channels: Cache[list[Channel]] = Cache(OneEntry(), clock, ids, ttl_s=CHANNELS_REMEMBERED_S)

    async def channels(self) -> list[Channel]:
        """All of them, as they were within the last seconds."""
        return await self._channels.get("channels", self._read_channels)

    async def market(self, cart: StoredCart, *, must_deliver: bool = False) -> Market:
        """The cart's prices now, with its chosen delivery while that serves it.

        With `must_deliver` a choice that does not serve raises DeliveryUnavailable instead of being left out.
        """
        answers = await self._answers(cart)
        question = to_quote(cart, answers)
        wanted = cart.delivery_option_id
        if wanted is not None and (question.items or must_deliver):
            try:
                with_delivery = replace(question, delivery_option_id=wanted)
                return Market(answers=answers, quote=await self._pricing.quote(with_delivery))
            except DeliveryUnavailable:
                if must_deliver:
                    raise
        return Market(answers=answers, quote=await self._pricing.quote(question))

    async def delivery_options(self, cart: StoredCart) -> DeliveryOptions:
        offers = await self._offers(cart)
        return await self._pricing.delivery_options(to_quote(cart, Answers(offers=offers.items)))

    async def _answers(self, cart: StoredCart) -> Answers:
        if not cart.lines:
            return Answers()
        try:
            async with asyncio.TaskGroup() as group:
                offers = group.create_task(self._offers(cart))
                levels = group.create_task(self._levels(cart))
        except BaseExceptionGroup as failed:
            raise _first(failed) from None
        return Answers(offers=offers.result().items, available=levels.result().available)

    async def _offers(self, cart: StoredCart) -> Offers:
        skus = [line.sku for line in cart.lines]
        return await self._catalog.offers(OffersOf(skus=skus, currency=cart.currency, channel=cart.channel))

    async def _levels(self, cart: StoredCart) -> Levels:
        return await self._inventory.levels(LevelsOf(skus=[line.sku for line in cart.lines]))

    async def _read_channels(self) -> list[Channel]:
        return (await self._catalog.channels(Nothing())).items


def _first(failed: BaseExceptionGroup[BaseException]) -> BaseException:
    """One failed and the other was cancelled, or both failed: the first says enough."""
    for error in failed.exceptions:
        return _first(error) if isinstance(error, BaseExceptionGroup) else error
    raise InvariantBroken("an exception group without exceptions")
