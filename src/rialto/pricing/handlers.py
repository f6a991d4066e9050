"""What happens when pricing is asked: the rules in force, remembered for a few seconds, applied to a request."""

from __future__ import annotations

from rialto.catalog.api import Catalog, Channel
from rialto.kernel.cache import Cache, OneEntry
from rialto.kernel.clock import Clock
from rialto.kernel.db import Database
from rialto.kernel.errors import field_problem
from rialto.kernel.ids import Ids
from rialto.kernel.service import Nothing
from rialto.pricing import store
from rialto.pricing.api import DeliveryOptions, PricingRules, Quote, QuoteFor
from rialto.pricing.model import quotes
from rialto.pricing.model.rules import Rules, checked_rules

# How long another process may still quote by the former rules after a change.
REMEMBERED_S = 3.0

Terms = tuple[Rules, dict[str, Channel]]


class PricingHandlers:
    """Implements `Pricing`."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, catalog: Catalog) -> None:
        self._db = db
        self._clock = clock
        self._catalog = catalog
        self._terms: Cache[Terms] = Cache(OneEntry(), clock, ids, ttl_s=REMEMBERED_S)

    async def quote(self, command: QuoteFor) -> Quote:
        rules, channel = await self._in_force(command.channel)
        return quotes.quote(rules, channel, command, self._clock.now())

    async def delivery_options(self, command: QuoteFor) -> DeliveryOptions:
        rules, channel = await self._in_force(command.channel)
        return quotes.delivery_options(rules, channel, command, self._clock.now())

    async def put_rules(self, command: PricingRules) -> PricingRules:
        rules = checked_rules(command)
        async with self._db.write() as session:
            await store.put_rules(session, rules)
            now_in_force = await store.read_rules(session)
        self._terms.clear()
        return now_in_force

    async def rules(self, _command: Nothing) -> PricingRules:
        async with self._db.read() as session:
            return await store.read_rules(session)

    async def _in_force(self, channel_code: str) -> tuple[Rules, Channel]:
        rules, channels = await self._terms.get("terms", self._read_terms)
        channel = channels.get(channel_code)
        if channel is None:
            raise field_problem("channel", "channel_unknown", "There is no such channel.")
        return rules, channel

    async def _read_terms(self) -> Terms:
        async with self._db.read() as session:
            stored = await store.read_rules(session)
        channels = await self._catalog.channels(Nothing())
        return Rules(stored), {channel.code: channel for channel in channels.items}
