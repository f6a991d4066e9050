"""Opening and changing shop fronts: published with all channels, so that every process hears of it."""

from __future__ import annotations

from rialto.catalog import store
from rialto.catalog.api.fronts import PutChannel
from rialto.catalog.api.profile import Channel
from rialto.catalog.events import ChannelsChanged
from rialto.catalog.handlers.profile import LIST
from rialto.catalog.handlers.saving import Saving
from rialto.catalog.model.fronts import decide_channel
from rialto.catalog.store import selling
from rialto.kernel.db import Database, WriteSession


class FrontCases:
    _db: Database
    _saving: Saving
    _shop_host: str

    async def put_channel(self, command: PutChannel) -> Channel:
        """Whoever saves a product meanwhile waits, or has been waited for: no price is lost between the two."""
        async with self._db.write() as session:
            await store.lock_list(session, LIST)
            channels = await store.channels(session)
            present = next((one for one in channels if one.code == command.code), None)
            wanted = decide_channel(command, channels, shop_host=self._shop_host)
            if wanted != present:
                await store.put_channel(session, wanted)
                await _reprice(session, present, wanted)
                await self._saving.publish_list(
                    session, LIST, ChannelsChanged(channels=await store.channels(session))
                )
            return wanted


async def _reprice(session: WriteSession, before: Channel | None, after: Channel) -> None:
    """Write and drop what its prices need; all of them where another rule holds for them."""
    stays = [] if before is None or before.own_prices != after.own_prices else before.currencies
    gone = [] if before is None else [code for code in before.currencies if code not in after.currencies]
    if before is not None and before.own_prices != after.own_prices:
        gone = before.currencies
    await selling.drop_prices(session, after.code, gone)
    await selling.add_prices(session, after, [code for code in after.currencies if code not in stays])
