"""Collections: few of them, so that a change locks and publishes all."""

from __future__ import annotations

from collections.abc import Mapping

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
from rialto.catalog.api.products import Offer, Product
from rialto.catalog.events import CollectionsChanged
from rialto.catalog.handlers.saving import Saving
from rialto.catalog.model.collections import COLLECTIONS_MAX, Nameable, check_form, checked_collection
from rialto.catalog.model.fields import is_slug
from rialto.catalog.model.membership import Membership, countable
from rialto.catalog.model.versions import check_room, next_version
from rialto.catalog.store import collections, search_rules
from rialto.kernel.cache import Cache
from rialto.kernel.clock import Clock
from rialto.kernel.db import Database, ReadSession, WriteSession
from rialto.kernel.ids import to_uuid
from rialto.kernel.money import Currency
from rialto.kernel.service import Nothing

LIST = "collections"
# How long another process may still put products into the former collections after a change.
REMEMBERED_S = 3.0


class CollectionCases:
    _db: Database
    _clock: Clock
    _saving: Saving
    _memberships: Cache[Membership]

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
            present = next((each for each in known if each.slug == wanted.slug), None)
            collection = next_version(
                present,
                wanted,
                command.expected_version,
                changed=CollectionChanged,
                missing=CollectionNotFound,
            )
            if present is None:
                check_room("slug", known, COLLECTIONS_MAX)
            if collection != present:
                await collections.put_collection(session, collection, self._clock.now())
                await self._publish_collections(session)
        self._memberships.clear()
        return collection

    async def remove_collection(self, command: CollectionRef) -> Nothing:
        async with self._db.write() as session:
            await store.lock_list(session, LIST)
            if not is_slug(command.slug) or not await collections.remove_collection(session, command.slug):
                raise CollectionNotFound
            await self._publish_collections(session)
        self._memberships.clear()
        return Nothing()

    async def _membership(self) -> Membership:
        """What decides which collections an offer is in; remembered, for every cart asks."""
        return await self._memberships.get("membership", self._read_membership)

    async def _in_collections(
        self,
        session: ReadSession,
        offers: Mapping[str, Offer],
        membership: Membership,
        *,
        currency: Currency,
        channel: str,
    ) -> dict[str, Offer]:
        """The offers, each with the collections its product is in. Where rules decide, products are read."""
        if not membership.collections:
            return dict(offers)
        ids = {offer.product_id: to_uuid(offer.product_id) for offer in offers.values()}
        read, front = list[Product](), None
        if membership.by_rule:
            read = await collections.products(session, list(ids.values()))
            front = next((one for one in await store.channels(session) if one.code == channel), None)
        today = self._clock.now().date()
        ruled = {product.id: membership.ruled(product, currency, today, front=front) for product in read}
        return {
            sku: msgspec.structs.replace(
                offer,
                collections=[*membership.chosen(offer.slug), *ruled.get(offer.product_id, [])],
            )
            for sku, offer in offers.items()
        }

    async def _read_membership(self) -> Membership:
        async with self._db.read() as session:
            counted = countable(await collections.all_collections(session))
            codes = {code for each in counted if each.rule is not None for code in each.rule.attributes}
            return Membership(
                collections=counted,
                definitions=await store.attributes_of(session, sorted(codes)) if codes else {},
                parents=await store.tree(session) if counted else {},
            )

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
