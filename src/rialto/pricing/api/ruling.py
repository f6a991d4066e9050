"""Rules one at a time, for whoever edits them: the rates of a country, one way of delivery, their order.

Each has a version of its own, so that of two who change the same one the second is refused, and two who change
different ones do not meet.
"""

from __future__ import annotations

from typing import Protocol

from rialto.kernel.errors import Conflict, NotFound, VersionConflict
from rialto.kernel.service import Frozen, Nothing, operation
from rialto.pricing.api.quoting import DeliveryMethod


class DeliveryUnknown(NotFound):
    message = "There is no such way of delivery."


class RulesChanged(VersionConflict):
    message = "Somebody changed this rule meanwhile."


class DeliveryTaken(Conflict):
    code = "delivery_taken"
    message = "Another way of delivery has this id already."


class CountryTaxes(Frozen):
    """The rates of a country by class, as exact decimals; without any it is not taxed. 0 is a rate."""

    country: str
    rates: dict[str, str]
    version: int = 0


class AllTaxes(Frozen):
    items: list[CountryTaxes]


class CountryRef(Frozen):
    country: str


class PutTaxes(Frozen):
    """All rates of the country: a class that is not named has none. `taxes.version` is what the change is based on."""

    taxes: CountryTaxes


class StoredDelivery(Frozen):
    method: DeliveryMethod
    version: int


class AllDelivery(Frozen):
    items: list[StoredDelivery]


class DeliveryRef(Frozen):
    id: str


class PutDelivery(Frozen):
    """`expected_version` None: it must not exist yet; else the version that was looked at."""

    method: DeliveryMethod
    expected_version: int | None = None


class RemoveDelivery(Frozen):
    id: str
    expected_version: int


class MoveDelivery(Frozen):
    """Offer it before another one; with None, behind all others."""

    id: str
    before: str | None
    expected_version: int


class Ruling(Protocol):
    """Each rule for itself. What is changed counts for new quotes; orders keep what they were quoted."""

    @operation(idempotent=True)
    async def all_taxes(self, command: Nothing) -> AllTaxes:
        """By country, those that have rates."""
        ...

    @operation(idempotent=True)
    async def country_taxes(self, command: CountryRef) -> CountryTaxes:
        """Of any country, also without rates. Raises Invalid for what is none."""
        ...

    @operation(idempotent=True)
    async def put_taxes(self, command: PutTaxes) -> CountryTaxes:
        """Replace the rates of a country. The same again: unchanged. Raises Invalid naming each field, RulesChanged."""
        ...

    @operation(idempotent=True)
    async def all_delivery(self, command: Nothing) -> AllDelivery:
        """In the order in which they are offered."""
        ...

    @operation(idempotent=True)
    async def delivery(self, command: DeliveryRef) -> StoredDelivery:
        """Raises DeliveryUnknown."""
        ...

    @operation(idempotent=True)
    async def put_delivery(self, command: PutDelivery) -> StoredDelivery:
        """Add or replace one. The same again: unchanged.

        Raises Invalid naming each field, DeliveryTaken, DeliveryUnknown, RulesChanged.
        """
        ...

    @operation(idempotent=False)
    async def remove_delivery(self, command: RemoveDelivery) -> Nothing:
        """Offer it no more and forget it; a cart that had chosen it chooses anew. Raises DeliveryUnknown, RulesChanged."""
        ...

    @operation(idempotent=False)
    async def move_delivery(self, command: MoveDelivery) -> AllDelivery:
        """Change the order of offering. Raises DeliveryUnknown for either, RulesChanged."""
        ...
