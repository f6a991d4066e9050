"""What happens when the catalogue is asked: load, judge, save, publish, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from rialto.catalog import store
from rialto.catalog.api import (
    AttributeDefinition,
    AttributeDefinitions,
    AttributeInvalid,
    Categories,
    Category,
    Channels,
    Documents,
    ListProducts,
    Offers,
    OffersOf,
    Product,
    ProductChanged,
    ProductDocument,
    ProductDraft,
    ProductNotFound,
    ProductRef,
    Products,
    PutOutcome,
    PutProduct,
    SetPublished,
    SlugTaken,
)
from rialto.catalog.events import AttributesChanged, CategoriesChanged, ProductPublished
from rialto.catalog.model.fields import is_sku, is_slug
from rialto.catalog.model.products import Surroundings, attribute_codes, checked_draft, decide, document_of
from rialto.catalog.model.structure import (
    ATTRIBUTES_MAX,
    check_uses_survive,
    checked_attribute,
    checked_category,
)
from rialto.kernel.clock import Clock
from rialto.kernel.db import Database, ReadSession, WriteSession
from rialto.kernel.errors import NotFound, field_problem
from rialto.kernel.events import Event, NewEvent, append
from rialto.kernel.ids import PRODUCT, Ids, ProductId, bucket_of, to_uuid
from rialto.kernel.money import parse_currency
from rialto.kernel.service import Nothing

PAGE_MAX = 200
SKUS_MAX = 200


class CatalogHandlers:
    """Implements `Catalog`."""

    def __init__(self, db: Database, clock: Clock, ids: Ids) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids

    async def put_product(self, command: PutProduct) -> PutOutcome:
        async with self._db.write() as session:
            channels = await store.channels(session)
            known = Surroundings(
                definitions=await store.share_attributes(session, attribute_codes(command.draft)),
                tree=await _tree_above(session, command.draft.category),
                currencies=frozenset(currency for channel in channels for currency in channel.currencies),
                language=channels[0].languages[0],
            )
            draft = checked_draft(command.draft, known)
            product, outcome = await self._save(session, command, draft)
            if outcome != "unchanged":
                await store.replace_variants(session, product, channels, known.definitions)
                await self._publish_product(session, document_of(product, known.definitions, known.tree))
            return PutOutcome(product=product, outcome=outcome)

    async def set_published(self, command: SetPublished) -> Product:
        async with self._db.write() as session:
            current = await store.lock_by_id(session, _uuid(command.id))
            if current is None:
                raise ProductNotFound
            if command.expected_version < 1:
                raise ProductChanged
            draft = msgspec.structs.replace(current.draft, published=command.published)
            if decide(current, draft, command.expected_version) == "unchanged":
                return current
            product = self._next(current, draft)
            await store.update_product(session, product)
            [document] = await _documents(session, [product])
            await self._publish_product(session, document)
            return product

    async def get_product(self, command: ProductRef) -> Product:
        async with self._db.read() as session:
            if is_slug(command.ref):
                found = await store.product_by_slug(session, command.ref)
            else:
                found = await store.product_by_id(session, _uuid(command.ref))
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
            return Documents(items=await _documents(session, products), next_cursor=next_cursor)

    async def offers(self, command: OffersOf) -> Offers:
        currency = parse_currency(command.currency)
        if len(command.skus) > SKUS_MAX:
            raise field_problem("skus", "too_many", f"At most {SKUS_MAX} SKUs at a time.")
        skus = [sku for sku in dict.fromkeys(command.skus) if is_sku(sku)]
        channel = command.channel if is_slug(command.channel.replace("_", "-")) else ""
        async with self._db.read() as session:
            return Offers(items=await store.offers(session, skus, channel, currency) if skus else {})

    async def put_category(self, command: Category) -> Category:
        async with self._db.write() as session:
            await store.lock_list(session, "categories")
            channels = await store.channels(session)
            category = checked_category(command, await store.tree(session), channels[0].languages[0])
            if await store.category(session, category.slug) == category:
                return category
            await store.put_category(session, category)
            await self._publish_list(
                session, "categories", CategoriesChanged(categories=await store.categories(session))
            )
            return category

    async def categories(self, command: Nothing) -> Categories:  # noqa: ARG002 - every operation takes a command
        async with self._db.read() as session:
            return Categories(items=await store.categories(session))

    async def put_attribute(self, command: AttributeDefinition) -> AttributeDefinition:
        async with self._db.write() as session:
            await store.lock_list(session, "attributes")
            channels = await store.channels(session)
            definition = checked_attribute(command, channels[0].languages[0])
            before = await store.lock_attribute(session, definition.code)
            if before == definition:
                return definition
            if before is not None:
                check_uses_survive(definition, before, await store.uses(session, definition.code))
            await store.put_attribute(session, definition)
            all_of_them = await store.attributes(session)
            if len(all_of_them) > ATTRIBUTES_MAX:
                raise AttributeInvalid(f"At most {ATTRIBUTES_MAX} attributes.", code="too_many")
            await self._publish_list(session, "attributes", AttributesChanged(attributes=all_of_them))
            return definition

    async def attributes(self, command: Nothing) -> AttributeDefinitions:  # noqa: ARG002
        async with self._db.read() as session:
            return AttributeDefinitions(items=await store.attributes(session))

    async def channels(self, command: Nothing) -> Channels:  # noqa: ARG002
        async with self._db.read() as session:
            return Channels(items=await store.channels(session))

    async def _save(
        self, session: WriteSession, command: PutProduct, draft: ProductDraft
    ) -> tuple[Product, str]:
        """Write the product's own row, if it has to be written."""
        current = await self._current(session, command)
        if current is None:
            product = self._next(None, draft)
            if await store.insert_product(session, product):
                return product, "created"
            # Somebody made it since we looked; theirs is committed by now, so look again.
            current = await self._current(session, command)
            if current is None:
                raise SlugTaken
        outcome = decide(current, draft, command.expected_version)
        if outcome == "unchanged":
            return current, outcome
        product = self._next(current, draft)
        await store.update_product(session, product)
        return product, outcome

    async def _current(self, session: WriteSession, command: PutProduct) -> Product | None:
        """What is there now, locked. Raises ProductNotFound when the command says that something must be."""
        if command.id is not None:
            current = await store.lock_by_id(session, _uuid(command.id))
        else:
            current = await store.lock_by_slug(session, command.draft.slug)
        if current is None and (command.id is not None or command.expected_version):
            raise ProductNotFound
        if command.id is not None and command.expected_version == 0:
            raise ProductChanged
        return current

    def _next(self, current: Product | None, draft: ProductDraft) -> Product:
        """The product as it will be stored, under a fresh id when there was none."""
        return Product(
            id=PRODUCT.new(self._ids, self._ids.bucket()) if current is None else current.id,
            version=1 if current is None else current.version + 1,
            draft=draft,
            changed_at=self._clock.now(),
        )

    async def _publish_product(self, session: WriteSession, document: ProductDocument) -> None:
        event = NewEvent(
            bucket=bucket_of(document.id),
            stream=to_uuid(document.id),
            version=document.version,
            event=ProductPublished(document=document),
            at=document.changed_at,
        )
        await append(session, [event])

    async def _publish_list(self, session: WriteSession, name: str, event: Event) -> None:
        version = await store.count_list(session, name)
        await append(
            session,
            [
                NewEvent(
                    bucket=store.LISTS_BUCKET,
                    stream=store.list_stream(name),
                    version=version,
                    event=event,
                    at=self._clock.now(),
                )
            ],
        )


async def _tree_above(session: ReadSession, category: str | None) -> dict[str, str | None]:
    return await store.tree_above(session, category if category is not None and is_slug(category) else None)


async def _documents(session: ReadSession, products: Sequence[Product]) -> list[ProductDocument]:
    codes = {code for product in products for code in attribute_codes(product.draft)}
    known = await store.attributes_of(session, sorted(codes))
    tree = await store.tree(session)
    return [document_of(product, known, tree) for product in products]


async def _page(session: ReadSession, command: ListProducts) -> tuple[list[Product], ProductId | None]:
    if not 1 <= command.limit <= PAGE_MAX:
        raise field_problem("limit", "out_of_range", f"Between 1 and {PAGE_MAX}.")
    after = None if command.cursor is None else _uuid(command.cursor)
    found = await store.page(session, after, command.limit + 1)
    page = found[: command.limit]
    return page, page[-1].id if len(found) > command.limit else None


def _uuid(printed: str) -> UUID:
    """The stored form of an id from outside. Raises ProductNotFound for what cannot be one."""
    try:
        return to_uuid(PRODUCT.parse(printed))
    except NotFound as error:
        raise ProductNotFound from error
