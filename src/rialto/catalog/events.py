"""What the catalogue tells the world: whole documents, so that readers need nothing else."""

from __future__ import annotations

from typing import ClassVar

from rialto.catalog.api import (
    AttributeDefinition,
    Category,
    Channel,
    Collection,
    Companions,
    ProductDocument,
    SearchRules,
)
from rialto.kernel.events import Event


class ProductPublished(Event):
    """A product was created or changed; `document.draft.published` says whether shoppers may see it."""

    TYPE: ClassVar[str] = "catalog.product_published"

    document: ProductDocument


class CategoriesChanged(Event):
    """The whole tree."""

    TYPE: ClassVar[str] = "catalog.categories_changed"

    categories: list[Category]


class AttributesChanged(Event):
    """All definitions."""

    TYPE: ClassVar[str] = "catalog.attributes_changed"

    attributes: list[AttributeDefinition]


class ChannelsChanged(Event):
    TYPE: ClassVar[str] = "catalog.channels_changed"

    channels: list[Channel]


class SearchRulesChanged(Event):
    """All synonyms and pins."""

    TYPE: ClassVar[str] = "catalog.search_rules_changed"

    rules: SearchRules


class CollectionsChanged(Event):
    """All of them."""

    TYPE: ClassVar[str] = "catalog.collections_changed"

    collections: list[Collection]


class CompanionsFound(Event):
    """With which products one is bought now. An empty list: with none any more."""

    TYPE: ClassVar[str] = "catalog.companions_found"

    companions: Companions


EVENTS: tuple[type[Event], ...] = (
    ProductPublished,
    CategoriesChanged,
    AttributesChanged,
    ChannelsChanged,
    SearchRulesChanged,
    CollectionsChanged,
    CompanionsFound,
)
