"""A shop front's profile: a part of its channel, published with all channels, so that every process hears of it."""

from __future__ import annotations

import msgspec

from rialto.catalog import store
from rialto.catalog.api.profile import ChannelNotFound, PutProfile, ShopProfile
from rialto.catalog.events import ChannelsChanged
from rialto.catalog.handlers.saving import Saving
from rialto.catalog.model.profile import decide_profile
from rialto.kernel.db import Database

LIST = "channels"


class ProfileCases:
    _db: Database
    _saving: Saving

    async def put_profile(self, command: PutProfile) -> ShopProfile:
        async with self._db.write() as session:
            await store.lock_list(session, LIST)
            channels = await store.channels(session)
            channel = next((one for one in channels if one.code == command.channel), None)
            if channel is None:
                raise ChannelNotFound
            profile = decide_profile(
                channel.profile, command.profile, command.expected_version, channel.languages
            )
            if profile != channel.profile:
                await store.put_channel(session, msgspec.structs.replace(channel, profile=profile))
                await self._saving.publish_list(
                    session, LIST, ChannelsChanged(channels=await store.channels(session))
                )
            return profile
