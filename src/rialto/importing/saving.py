"""Saving what an import brings to the catalogue, or rehearsing it: the same questions, the same verdicts."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Protocol

from rialto.catalog.api import (
    AttributeDefinition,
    Catalog,
    Category,
    ProductDraft,
    PutProducts,
    Rehearsal,
    Verdict,
)
from rialto.kernel.errors import RialtoError, Unavailable


class Saver(Protocol):
    """Saves, or rehearses saving; a refusal is a verdict, not an error. Raises Unavailable."""

    async def attributes(self, definitions: Sequence[AttributeDefinition]) -> list[Verdict]: ...

    async def categories(self, categories: Sequence[Category]) -> list[Verdict]: ...

    async def products(self, drafts: Sequence[ProductDraft]) -> list[Verdict]: ...


class Saving:
    """Implements `Saver` for good."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def attributes(self, definitions: Sequence[AttributeDefinition]) -> list[Verdict]:
        return [await _outcome(self._catalog.put_attribute(definition)) for definition in definitions]

    async def categories(self, categories: Sequence[Category]) -> list[Verdict]:
        return [await _outcome(self._catalog.put_category(category)) for category in categories]

    async def products(self, drafts: Sequence[ProductDraft]) -> list[Verdict]:
        return (await self._catalog.put_products(PutProducts(drafts=list(drafts)))).items


class Rehearsing:
    """Implements `Saver` without saving: each rehearsal begins with all definitions and categories so far."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._attributes: list[AttributeDefinition] = []
        self._categories: list[Category] = []

    async def attributes(self, definitions: Sequence[AttributeDefinition]) -> list[Verdict]:
        self._attributes = list(definitions)
        return (await self._catalog.rehearse(Rehearsal(attributes=self._attributes))).attributes

    async def categories(self, categories: Sequence[Category]) -> list[Verdict]:
        self._categories = list(categories)
        return (await self._catalog.rehearse(Rehearsal(categories=self._categories))).categories

    async def products(self, drafts: Sequence[ProductDraft]) -> list[Verdict]:
        rehearsal = Rehearsal(attributes=self._attributes, categories=self._categories, products=list(drafts))
        return (await self._catalog.rehearse(rehearsal)).products


async def _outcome(saving: Awaitable[object]) -> Verdict:
    try:
        await saving
    except Unavailable:
        raise
    except RialtoError as refused:
        fields = list(refused.fields)
        return Verdict(outcome="refused", code=refused.stable_code, message=refused.text, fields=fields)
    return Verdict(outcome="saved")
