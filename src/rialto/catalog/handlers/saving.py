"""Saving one thing inside a transaction that somebody else opened: judge, write, publish."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from rialto.catalog import store
from rialto.catalog.api import (
    AttributeDefinition,
    AttributeInvalid,
    Category,
    Product,
    ProductChanged,
    ProductDocument,
    ProductDraft,
    ProductNotFound,
    PutOutcome,
    PutProduct,
    SlugTaken,
)
from rialto.catalog.events import AttributesChanged, CategoriesChanged, ProductPublished
from rialto.catalog.model.fields import is_slug
from rialto.catalog.model.planning import as_planned
from rialto.catalog.model.products import Surroundings, attribute_codes, checked_draft, decide, document_of
from rialto.catalog.model.structure import (
    ATTRIBUTES_MAX,
    check_uses_survive,
    checked_attribute,
    checked_category,
)
from rialto.catalog.store.price_history import append_prices, lowest_before
from rialto.kernel.clock import Clock
from rialto.kernel.db import ReadSession, WriteSession
from rialto.kernel.errors import NotFound
from rialto.kernel.events import Event, NewEvent, append
from rialto.kernel.ids import PRODUCT, Ids, bucket_of, to_uuid


class Saving:
    """Every way in which the catalogue changes. Nothing is committed here."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids

    async def product(self, session: WriteSession, command: PutProduct) -> PutOutcome:
        """Create or replace; as `Catalog.put_product` says."""
        channels = await store.share_channels(session)
        known = Surroundings(
            definitions=await store.share_attributes(session, attribute_codes(command.draft)),
            tree=await store.tree_above(session, _slug(command.draft.category)),
            language=channels[0].languages[0],
            channels=tuple(channel.code for channel in channels),
        )
        draft = self.judged(command.draft, known)
        saved = await self._save(session, command, draft)
        if saved.outcome != "unchanged":
            await store.replace_variants(session, saved.product, channels, known.definitions)
            await append_prices(session, [draft], saved.product.changed_at)
            lowest = await lowest_before(session, [draft])
            await self.publish_product(
                session, document_of(saved.product, known.definitions, known.tree, lowest)
            )
        return saved

    def judged(self, draft: ProductDraft, known: Surroundings) -> ProductDraft:
        """The draft as it is stored now. Raises ProductInvalid, CategoryNotFound."""
        return as_planned(checked_draft(draft, known), self._clock.now())

    async def _save(self, session: WriteSession, command: PutProduct, draft: ProductDraft) -> PutOutcome:
        """Write the product's own row, if it has to be written."""
        current = await self._current(session, command)
        if current is None:
            product = self.next(None, draft)
            if await store.insert_product(session, product):
                return PutOutcome(product=product, outcome="created")
            # Somebody made it since we looked; theirs is committed by now, so look again.
            current = await self._current(session, command)
            if current is None:
                raise SlugTaken
        outcome = decide(current, draft, command.expected_version)
        if outcome == "unchanged":
            return PutOutcome(product=current, outcome=outcome)
        product = self.next(current, draft)
        await store.update_product(session, product)
        return PutOutcome(product=product, outcome=outcome, before=current.draft)

    async def _current(self, session: WriteSession, command: PutProduct) -> Product | None:
        """What is there now, locked. Raises ProductNotFound when the command says that something must be."""
        if command.id is not None:
            current = await store.lock_by_id(session, uuid_of(command.id))
        else:
            current = await store.lock_by_slug(session, command.draft.slug)
        if current is None and (command.id is not None or command.expected_version):
            raise ProductNotFound
        if command.id is not None and command.expected_version == 0:
            raise ProductChanged
        return current

    def next(self, current: Product | None, draft: ProductDraft) -> Product:
        """The product as it will be stored, under a fresh id when there was none."""
        return Product(
            id=PRODUCT.new(self._ids, self._ids.bucket()) if current is None else current.id,
            version=1 if current is None else current.version + 1,
            draft=draft,
            changed_at=self._clock.now(),
        )

    async def publish_product(self, session: WriteSession, document: ProductDocument) -> None:
        await append(session, [new_publication(document)])

    async def category(self, session: WriteSession, command: Category) -> Category:
        """As `Catalog.put_category` says."""
        await store.lock_list(session, "categories")
        channels = await store.channels(session)
        category = checked_category(command, await store.tree(session), channels[0].languages[0])
        if await store.category(session, category.slug) == category:
            return category
        await store.put_category(session, category)
        await self.publish_list(
            session, "categories", CategoriesChanged(categories=await store.categories(session))
        )
        return category

    async def attribute(self, session: WriteSession, command: AttributeDefinition) -> AttributeDefinition:
        """As `Catalog.put_attribute` says."""
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
        await self.publish_list(session, "attributes", AttributesChanged(attributes=all_of_them))
        return definition

    async def publish_list(self, session: WriteSession, name: str, event: Event) -> None:
        """A list that is published whole, as the next version of its stream."""
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


async def documents_of(session: ReadSession, products: Sequence[Product]) -> list[ProductDocument]:
    """Stored products as they are published."""
    codes = {code for product in products for code in attribute_codes(product.draft)}
    known = await store.attributes_of(session, sorted(codes))
    tree = await store.tree(session)
    lowest = await lowest_before(session, [product.draft for product in products])
    return [document_of(product, known, tree, lowest) for product in products]


def new_publication(document: ProductDocument) -> NewEvent:
    return NewEvent(
        bucket=bucket_of(document.id),
        stream=to_uuid(document.id),
        version=document.version,
        event=ProductPublished(document=document),
        at=document.changed_at,
    )


def uuid_of(printed: str) -> UUID:
    """The stored form of an id from outside. Raises ProductNotFound for what cannot be one."""
    try:
        return to_uuid(PRODUCT.parse(printed))
    except NotFound as error:
        raise ProductNotFound from error


def _slug(category: str | None) -> str | None:
    """What cannot be a slug names no category, and must not reach the database."""
    return category if category is not None and is_slug(category) else None
