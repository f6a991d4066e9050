"""Collections: products shown together under an address of their own, chosen by a rule or by hand.

The catalogue keeps what staff said; which products that are at a moment `search` finds out, which knows prices,
stock and dates of all of them without asking anybody.
"""

from __future__ import annotations

from typing import Protocol

from rialto.catalog.api.products import Texts
from rialto.kernel.errors import Invalid, NotFound, VersionConflict
from rialto.kernel.service import Frozen, Nothing, operation


class CollectionNotFound(NotFound):
    code = "not_found"
    message = "There is no such collection."


class CollectionInvalid(Invalid):
    code = "validation_failed"


class CollectionChanged(VersionConflict):
    """The If-Match version is not the present one."""


class PriceBand(Frozen):
    """Minor units, both ends included; an end left out is open: with neither, any price will do."""

    low: int | None = None
    high: int | None = None


class CollectionRule(Frozen):
    """Every condition that is given must hold.

    `attributes` maps filterable attributes to values of which a product has any. `prices` holds a band by currency:
    a product fits with a variant in the band of the shopper's currency, and where that has none, of any. `stock` is
    in_stock (it can be bought) or few_left. `newer_than_days` counts from the product's date. `categories` includes
    what is below them.
    """

    attributes: dict[str, list[str]] = {}
    prices: dict[str, PriceBand] = {}
    stock: str | None = None
    newer_than_days: int | None = None
    categories: list[str] = []
    featured: bool = False


class Collection(Frozen):
    """Either a `rule`, or `products`: slugs chosen by hand, in the order in which they are to stand.

    `version` counts changes and is the ETag.
    """

    slug: str
    title: Texts
    description: Texts = {}
    rule: CollectionRule | None = None
    products: list[str] = []
    version: int = 0


class Collections(Frozen):
    """All of them, by slug."""

    items: list[Collection] = []


class PutCollection(Frozen):
    """Create (`expected_version` 0) or replace the present version."""

    collection: Collection
    expected_version: int = 0


class CollectionRef(Frozen):
    slug: str


class Collecting(Protocol):
    """Every change publishes all collections; lists follow it within a second."""

    @operation(idempotent=True)
    async def collections(self, command: Nothing) -> Collections: ...

    @operation(idempotent=True)
    async def collection(self, command: CollectionRef) -> Collection:
        """Raises CollectionNotFound."""
        ...

    @operation(idempotent=True)
    async def put_collection(self, command: PutCollection) -> Collection:
        """What is there already, told again, changes nothing.

        Raises CollectionInvalid (with field paths), CollectionChanged, CollectionNotFound for a version of nothing.
        """
        ...

    @operation(idempotent=True)
    async def remove_collection(self, command: CollectionRef) -> Nothing:
        """Raises CollectionNotFound."""
        ...
