"""The currencies of a shop front: a part of its channel, published with all channels, so that every process hears of it."""

from __future__ import annotations

from rialto.catalog import store
from rialto.catalog.api.profile import Channel, ChannelNotFound
from rialto.catalog.api.selling import PutCurrencies, Unpriced, UnpricedIn
from rialto.catalog.events import ChannelsChanged
from rialto.catalog.handlers.profile import LIST
from rialto.catalog.handlers.saving import Saving
from rialto.catalog.model.selling import CURRENCIES_MAX, decide_currencies
from rialto.catalog.store import selling
from rialto.kernel.db import Database
from rialto.kernel.errors import field_problem


class SellingCases:
    _db: Database
    _saving: Saving

    async def put_currencies(self, command: PutCurrencies) -> Channel:
        """Whoever saves a product meanwhile waits, or has been waited for: no price is lost between the two."""
        async with self._db.write() as session:
            await store.lock_list(session, LIST)
            channels = await store.channels(session)
            channel = next((one for one in channels if one.code == command.channel), None)
            if channel is None:
                raise ChannelNotFound
            wanted = decide_currencies(channel, command.currencies, command.default, command.expected_version)
            if wanted != channel:
                await store.put_channel(session, wanted)
                gone = [code for code in channel.currencies if code not in wanted.currencies]
                come = [code for code in wanted.currencies if code not in channel.currencies]
                await selling.drop_prices(session, channel.code, gone)
                await selling.add_prices(session, wanted, come)
                await self._saving.publish_list(
                    session, LIST, ChannelsChanged(channels=await store.channels(session))
                )
            return wanted

    async def unpriced(self, command: UnpricedIn) -> Unpriced:
        if len(command.currencies) > 2 * CURRENCIES_MAX:
            raise field_problem("currencies", "too_many_currencies", "These are too many at once.")
        async with self._db.read() as session:
            codes = list(dict.fromkeys(command.currencies))
            channels = await store.channels(session)
            channels.sort(key=lambda one: one.code != command.channel)
            return await selling.unpriced(session, codes, channels)
