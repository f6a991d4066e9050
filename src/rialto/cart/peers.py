"""What cart asks of the other services, in parallel where one answer does not need the other.

What is only shown may be a second old: then a popular article is asked for once a second and not with every
click. What decides (the total that is accepted, what an order costs and whether it can be had) is asked for anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from msgspec.structs import replace

from rialto.cart.api import CodeNotValid
from rialto.cart.model.contents import StoredCart
from rialto.cart.model.views import Answers, to_quote
from rialto.catalog.api import Catalog, Channel, Offer, OffersOf, ProductRef
from rialto.inventory.api import Inventory, LevelsOf
from rialto.kernel.cache import Cache, CacheEngine, Entry, OneEntry
from rialto.kernel.clock import Clock
from rialto.kernel.errors import InvariantBroken
from rialto.kernel.ids import Ids
from rialto.kernel.service import Nothing
from rialto.pricing.api import CodeRef, CodeRefused, DeliveryOptions, DeliveryUnavailable, Pricing, Quote

CHANNELS_REMEMBERED_S = 3.0
SHOWN_S = 1.0  # how old a price or count may be that is only shown
ARTICLES_REMEMBERED = 20_000
CODE_LENGTH_MAX = 100

V = TypeVar("V")
W = TypeVar("W")


@dataclass(frozen=True, kw_only=True)
class Market:
    """What a cart is worth at this moment, and what that is based on."""

    answers: Answers
    quote: Quote


class Peers:
    """Catalogue, inventory and pricing. What they raise (Unavailable above all) reaches the caller as it is."""

    def __init__(
        self,
        catalog: Catalog,
        inventory: Inventory,
        pricing: Pricing,
        *,
        clock: Clock,
        ids: Ids,
        memory: Callable[[int], CacheEngine[Entry[Any]]],
    ) -> None:
        """`memory` makes the cache engine for so many entries."""
        self._catalog = catalog
        self._inventory = inventory
        self._pricing = pricing
        self._channels: Cache[list[Channel]] = Cache(OneEntry(), clock, ids, ttl_s=CHANNELS_REMEMBERED_S)
        self._offers: Cache[Offer] = Cache(memory(ARTICLES_REMEMBERED), clock, ids, ttl_s=SHOWN_S)
        self._levels: Cache[int] = Cache(memory(ARTICLES_REMEMBERED), clock, ids, ttl_s=SHOWN_S)

    async def channels(self) -> list[Channel]:
        """All of them, as they were within the last seconds."""
        return await self._channels.get("channels", self._read_channels)

    async def market(self, cart: StoredCart, *, must_deliver: bool = False) -> Market:
        """The cart's prices to show, with its chosen delivery while that serves it.

        With `must_deliver` a choice that does not serve raises DeliveryUnavailable instead of being left out.
        """
        answers = await self.answers_about(_skus(cart), cart)
        return await self._priced(cart, answers, must_deliver=must_deliver)

    async def market_now(self, cart: StoredCart) -> Market:
        """The cart's prices as they are at this moment, to decide by."""
        offers, available = await _both(self._ask_offers(cart, _skus(cart)), self._levels_now(_skus(cart)))
        return await self._priced(cart, Answers(offers=offers, available=available), must_deliver=False)

    async def answers_about(self, skus: Sequence[str], cart: StoredCart) -> Answers:
        """What these articles are, to show; as the cart's channel and currency have them."""
        offers, available = await _both(self._shown_offers(cart, skus), self._shown_levels(skus))
        return Answers(offers=offers, available=available)

    async def first_sku(self, product: str) -> str:
        """The variant that a product is shown by. Raises ProductNotFound."""
        return (await self._catalog.get_product(ProductRef(ref=product))).draft.variants[0].sku

    async def is_known(self, sku: str) -> bool:
        """Whether there is such an article, in whatever currency it may be sold."""
        front = (await self.channels())[0]
        question = OffersOf(skus=[sku], currency=front.currencies[0], channel=front.code)
        return sku in (await self._catalog.offers(question)).items

    async def good_code(self, text: str) -> str:
        """The code as pricing writes it. Raises CodeNotValid for one that nobody could use now."""
        try:
            return (await self._pricing.check_code(CodeRef(code=text[:CODE_LENGTH_MAX]))).code
        except CodeRefused as refused:
            raise CodeNotValid(extra={"reason": refused.extra["reason"]}) from None

    async def delivery_options(self, cart: StoredCart) -> DeliveryOptions:
        answers = Answers(offers=await self._shown_offers(cart, _skus(cart)))
        return await self._pricing.delivery_options(to_quote(cart, answers))

    async def _priced(self, cart: StoredCart, answers: Answers, *, must_deliver: bool) -> Market:
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

    async def _shown_offers(self, cart: StoredCart, skus: Sequence[str]) -> Mapping[str, Offer]:
        prefix = f"{cart.channel}/{cart.currency}/"
        return await _recent(self._offers, prefix, skus, lambda missing: self._ask_offers(cart, missing))

    async def _shown_levels(self, skus: Sequence[str]) -> Mapping[str, int]:
        return await _recent(self._levels, "", skus, self._ask_levels)

    async def _levels_now(self, skus: Sequence[str]) -> Mapping[str, int]:
        """Asked for anew, and what is shown next knows it: who was refused sees why."""
        levels = await self._ask_levels(skus) if skus else {}
        for sku, count in levels.items():
            self._levels.put(sku, count)
        return levels

    async def _ask_offers(self, cart: StoredCart, skus: Sequence[str]) -> Mapping[str, Offer]:
        if not skus:
            return {}
        question = OffersOf(skus=list(skus), currency=cart.currency, channel=cart.channel)
        return (await self._catalog.offers(question)).items

    async def _ask_levels(self, skus: Sequence[str]) -> Mapping[str, int]:
        return (await self._inventory.levels(LevelsOf(skus=list(skus)))).available

    async def _read_channels(self) -> list[Channel]:
        return (await self._catalog.channels(Nothing())).items


async def _recent(
    cache: Cache[V],
    prefix: str,
    skus: Sequence[str],
    ask: Callable[[Sequence[str]], Awaitable[Mapping[str, V]]],
) -> Mapping[str, V]:
    """What the cache holds, and what `ask` says of the others. What is unknown is asked for each time."""
    known = {sku: value for sku in skus if (value := cache.peek(prefix + sku)) is not None}
    missing = [sku for sku in skus if sku not in known]
    if missing:
        asked = await ask(missing)
        for sku, value in asked.items():
            cache.put(prefix + sku, value)
        known.update(asked)
    return known


async def _both(first: Coroutine[Any, Any, V], second: Coroutine[Any, Any, W]) -> tuple[V, W]:
    try:
        async with asyncio.TaskGroup() as group:
            one, other = group.create_task(first), group.create_task(second)
    except BaseExceptionGroup as failed:
        raise _first(failed) from None
    return one.result(), other.result()


def _skus(cart: StoredCart) -> list[str]:
    return [line.sku for line in cart.lines]


def _first(failed: BaseExceptionGroup[BaseException]) -> BaseException:
    """One failed and the other was cancelled, or both failed: the first says enough."""
    for error in failed.exceptions:
        return _first(error) if isinstance(error, BaseExceptionGroup) else error
    raise InvariantBroken("an exception group without exceptions")
