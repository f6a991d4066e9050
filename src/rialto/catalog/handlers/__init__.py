"""What happens when the catalogue is asked: load, judge, save, publish, in one transaction."""

from __future__ import annotations

from uuid import UUID

from rialto.catalog import store
from rialto.catalog.api import (
    AttributeDefinition,
    AttributeDefinitions,
    Categories,
    Category,
    Channels,
    Documents,
    ListProducts,
    Offers,
    OffersOf,
    Product,
    ProductChanged,
    ProductNotFound,
    ProductRef,
    Products,
    PutOutcome,
    PutProduct,
    PutProducts,
    Rehearsal,
    Rehearsed,
    SetPublished,
    Verdicts,
)
from rialto.catalog.handlers.collections import REMEMBERED_S, CollectionCases
from rialto.catalog.handlers.fronts import FrontCases
from rialto.catalog.handlers.many import put_many
from rialto.catalog.handlers.pictures import PictureCases
from rialto.catalog.handlers.planning import PlanCases
from rialto.catalog.handlers.profile import ProfileCases
from rialto.catalog.handlers.rehearsal import rehearse
from rialto.catalog.handlers.saving import Saving, documents_of, uuid_of
from rialto.catalog.handlers.search_rules import SearchRuleCases
from rialto.catalog.handlers.selling import SellingCases
from rialto.catalog.handlers.together import TogetherCases
from rialto.catalog.model.fields import is_sku, is_slug
from rialto.catalog.model.planning import by_hand
from rialto.catalog.model.products import decide
from rialto.catalog.ports import PictureShelf
from rialto.kernel.cache import Cache, OneEntry
from rialto.kernel.clock import Clock
from rialto.kernel.db import Database, ReadSession
from rialto.kernel.errors import field_problem
from rialto.kernel.ids import Ids, ProductId
from rialto.kernel.money import parse_currency
from rialto.kernel.service import Nothing
from rialto.kernel.text import clean_text

PAGE_MAX = 200
SKUS_MAX = 200


class CatalogHandlers(
    SearchRuleCases,
    CollectionCases,
    TogetherCases,
    ProfileCases,
    SellingCases,
    FrontCases,
    PictureCases,
    PlanCases,
):
    """Implements `Catalog`."""

    def __init__(
        self, db: Database, clock: Clock, ids: Ids, *, pictures: PictureShelf, shop_host: str = ""
    ) -> None:
        """`shop_host` is the host name of the shop's address, where the default shop front is."""
        super().__init__(db, clock, Saving(clock, ids))
        self._shop_host = shop_host
        self._pictures = pictures
        self._memberships = Cache(OneEntry(), clock, ids, ttl_s=REMEMBERED_S)

    async def put_product(self, command: PutProduct) -> PutOutcome:
        async with self._db.write() as session:
            return await self._saving.product(session, command)

    async def put_products(self, command: PutProducts) -> Verdicts:
        return await put_many(self._db, self._saving, command)

    async def rehearse(self, command: Rehearsal) -> Rehearsed:
        return await rehearse(self._db, self._saving, command)

    async def set_published(self, command: SetPublished) -> Product:
        async with self._db.write() as session:
            current = await store.lock_by_id(session, uuid_of(command.id))
            if current is None:
                raise ProductNotFound
            if command.expected_version < 1:
                raise ProductChanged
            draft = by_hand(current.draft, published=command.published)
            if decide(current, draft, command.expected_version) == "unchanged":
                return current
            product = self._saving.next(current, draft)
            await store.update_product(session, product)
            [document] = await documents_of(session, [product])
            await self._saving.publish_product(session, document)
            return product

    async def get_product(self, command: ProductRef) -> Product:
        async with self._db.read() as session:
            if is_slug(command.ref):
                found = await store.product_by_slug(session, command.ref)
            else:
                found = await store.product_by_id(session, uuid_of(command.ref))
        if found is None:
            raise ProductNotFound
        return found

    async def list_products(self, command: ListProducts) -> Products:
        async with self._db.read() as session:
            items, next_cursor = await _page(session, command)
        return Products(items=items, next_cursor=next_cursor)

    async def documents(self, command: ListProducts) -> Documents:
        async with self._db.read() as session:
            products, next_cursor = await _page(session, command)
            return Documents(items=await documents_of(session, products), next_cursor=next_cursor)

    async def offers(self, command: OffersOf) -> Offers:
        currency = parse_currency(command.currency)
        if len(command.skus) > SKUS_MAX:
            raise field_problem("skus", "too_many", f"At most {SKUS_MAX} SKUs at a time.")
        skus = [sku for sku in dict.fromkeys(command.skus) if is_sku(sku)]
        channel = command.channel if is_slug(command.channel.replace("_", "-")) else ""
        if not skus:
            return Offers(items={})
        membership = await self._membership()
        async with self._db.read() as session:
            found = await store.offers(session, skus, channel, currency)
            return Offers(
                items=await self._in_collections(
                    session, found, membership, currency=currency, channel=channel
                )
            )

    async def put_category(self, command: Category) -> Category:
        async with self._db.write() as session:
            return await self._saving.category(session, command)

    async def categories(self, command: Nothing) -> Categories:  # noqa: ARG002 - every operation takes a command
        async with self._db.read() as session:
            return Categories(items=await store.categories(session))

    async def put_attribute(self, command: AttributeDefinition) -> AttributeDefinition:
        async with self._db.write() as session:
            return await self._saving.attribute(session, command)

    async def attributes(self, command: Nothing) -> AttributeDefinitions:  # noqa: ARG002
        async with self._db.read() as session:
            return AttributeDefinitions(items=await store.attributes(session))

    async def channels(self, command: Nothing) -> Channels:  # noqa: ARG002
        async with self._db.read() as session:
            return Channels(items=await store.channels(session))


async def _page(session: ReadSession, command: ListProducts) -> tuple[list[Product], ProductId | None]:
    if not 1 <= command.limit <= PAGE_MAX:
        raise field_problem("limit", "out_of_range", f"Between 1 and {PAGE_MAX}.")
    after = None if command.cursor is None else uuid_of(command.cursor)
    found = await _found(session, after, command)
    page = found[: command.limit]
    return page, page[-1].id if len(found) > command.limit else None


async def _found(session: ReadSession, after: UUID | None, command: ListProducts) -> list[Product]:
    """One more than the page holds."""
    if not (command.text or command.category is not None or command.published is not None):
        return await store.page(session, after, command.limit + 1)
    if not clean_text(command.text) or not clean_text(command.category or ""):
        return []
    return await store.narrowed_page(session, after, command, command.limit + 1)
