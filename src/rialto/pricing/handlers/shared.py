"""What every use case of pricing stands on: the rules and promotions in force, remembered for a few seconds."""

from __future__ import annotations

from rialto.catalog.api import Catalog, Channel
from rialto.identity.api import Identity
from rialto.kernel.cache import Cache, OneEntry
from rialto.kernel.clock import Clock
from rialto.kernel.db import Database
from rialto.kernel.errors import field_problem
from rialto.kernel.ids import Ids
from rialto.kernel.service import Nothing
from rialto.pricing.model.rules import Rules
from rialto.pricing.store import promotions, rules

# How long another process may still quote by the former rules after a change.
REMEMBERED_S = 3.0

Terms = tuple[Rules, dict[str, Channel]]


class PricingUseCase:
    """The parts, and what is in force."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, catalog: Catalog, *, identity: Identity) -> None:
        self.db = db
        self.clock = clock
        self.ids = ids
        self.catalog = catalog
        self.identity = identity
        self._terms: Cache[Terms] = Cache(OneEntry(), clock, ids, ttl_s=REMEMBERED_S)

    async def in_force(self, channel_code: str) -> tuple[Rules, Channel]:
        """Raises Invalid for an unknown channel."""
        known, channels = await self._terms.get("terms", self._read_terms)
        channel = channels.get(channel_code)
        if channel is None:
            raise field_problem("channel", "channel_unknown", "There is no such channel.")
        return known, channel

    def forget_terms(self) -> None:
        """They have changed: this process quotes by the new ones at once."""
        self._terms.clear()

    async def _read_terms(self) -> Terms:
        async with self.db.read() as session:
            stored = await rules.read_rules(session)
            given = [stored.promotion for stored in await promotions.all_promotions(session)]
        channels = await self.catalog.channels(Nothing())
        categories = await self.catalog.categories(Nothing())
        parents = {category.slug: category.parent for category in categories.items}
        return Rules(stored, given, parents), {channel.code: channel for channel in channels.items}
