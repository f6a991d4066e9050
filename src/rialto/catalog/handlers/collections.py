"""Collections: few of them, so that a change locks and publishes all."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from rialto.catalog import store
from rialto.catalog.api.collections import (
    Collection,
    CollectionChanged,
    CollectionNotFound,
    CollectionRef,
    CollectionRule,
    Collections,
    PutCollection,
)
from rialto.catalog.events import CollectionsChanged
from rialto.catalog.handlers.saving import Saving
from rialto.catalog.model.collections import COLLECTIONS_MAX, Nameable, check_form, checked_collection
from rialto.catalog.model.fields import is_slug
from rialto.catalog.store import collections, search_rules
from rialto.kernel.clock import Clock
from rialto.kernel.db import Database, ReadSession, WriteSession
from rialto.kernel.errors import field_problem
from rialto.kernel.service import Nothing

LIST = "collections"


class CollectionCases:
    _db: Database
    _clock: Clock
    _saving: Saving

    async def collections(self, command: Nothing) -> Collections:  # noqa: ARG002 - every operation takes a command
        async with self._db.read() as session:
            return Collections(items=await collections.all_collections(session))

    async def collection(self, command: CollectionRef) -> Collection:
        if not is_slug(command.slug):
            raise CollectionNotFound
        async with self._db.read() as session:
            found = await collections.load_collection(session, command.slug)
        if found is None:
            raise CollectionNotFound
        return found

    async def put_collection(self, command: PutCollection) -> Collection:
        check_form(command.collection)
        async with self._db.write() as session:
            await store.lock_list(session, LIST)
            wanted = checked_collection(command.collection, await _nameable(session, command.collection))
            known = await collections.all_collections(session)
            collection, changed = _decide(wanted, known, command.expected_version)
            if changed:
                await collections.put_collection(session, collection, self._clock.now())
                await self._publish_collections(session)
            return collection

    async def remove_collection(self, command: CollectionRef) -> Nothing:
        async with self._db.write() as session:
            await store.lock_list(session, LIST)
            if not is_slug(command.slug) or not await collections.remove_collection(session, command.slug):
                raise CollectionNotFound
            await self._publish_collections(session)
        return Nothing()

    async def _publish_collections(self, session: WriteSession) -> None:
        every = await collections.all_collections(session)
        await self._saving.publish_list(session, LIST, CollectionsChanged(collections=every))


async def _nameable(session: ReadSession, collection: Collection) -> Nameable:
    rule = collection.rule or CollectionRule()
    channels = await store.channels(session)
    return Nameable(
        definitions=await store.attributes_of(session, sorted(rule.attributes)),
        categories=await collections.known_categories(session, rule.categories),
        currencies={currency for channel in channels for currency in channel.currencies},
        products=await search_rules.known_slugs(session, collection.products),
        language=channels[0].languages[0],
    )


def _decide(
    wanted: Collection, known: Sequence[Collection], expected_version: int
) -> tuple[Collection, bool]:
    """As it will be stored, and whether it has to be. Raises CollectionChanged, CollectionNotFound."""
    present = next((each for each in known if each.slug == wanted.slug), None)
    if present is None:
        if expected_version:
            raise CollectionNotFound
        if len(known) >= COLLECTIONS_MAX:
            raise field_problem("slug", "too_many", f"There are {COLLECTIONS_MAX} collections already.")
        return msgspec.structs.replace(wanted, version=1), True
    if msgspec.structs.replace(wanted, version=present.version) == present:
        return present, False
    if present.version != expected_version:
        raise CollectionChanged
    return msgspec.structs.replace(wanted, version=present.version + 1), True
