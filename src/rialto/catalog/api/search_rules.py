"""What staff say about searching: words that find each other, and products that stand first for a query.

The catalogue keeps them, because `search` has no tables and answers while every database is down: it is told by
an event and keeps what it was told.
"""

from __future__ import annotations

from typing import Protocol

from rialto.kernel.errors import Conflict, Invalid, NotFound, VersionConflict
from rialto.kernel.service import Frozen, Nothing, operation


class SearchRuleNotFound(NotFound):
    code = "not_found"
    message = "There is no such rule."


class SearchRuleInvalid(Invalid):
    code = "validation_failed"


class SearchRuleChanged(VersionConflict):
    """The If-Match version is not the present one."""


class QueryPinned(Conflict):
    code = "query_pinned"
    message = "Another rule pins products to this query already."


class Synonyms(Frozen):
    """Terms of one language of which each finds the others; `one_way`: only the first finds the others.

    A term has up to five words. `version` counts changes and is the ETag.
    """

    id: str
    language: str
    terms: list[str]
    one_way: bool = False
    version: int = 0


class Pins(Frozen):
    """Slugs of the products that stand first, in this order, when somebody searches for just this."""

    id: str
    language: str
    query: str
    products: list[str]
    version: int = 0


class SearchRules(Frozen):
    """All of them, by id."""

    synonyms: list[Synonyms] = []
    pins: list[Pins] = []


class PutSynonyms(Frozen):
    """Create (`expected_version` 0) or replace the present version."""

    synonyms: Synonyms
    expected_version: int = 0


class PutPins(Frozen):
    """Create (`expected_version` 0) or replace the present version."""

    pins: Pins
    expected_version: int = 0


class SearchRuleRef(Frozen):
    id: str


class SearchRuling(Protocol):
    """Every change publishes all rules; searches follow it within a second."""

    @operation(idempotent=True)
    async def search_rules(self, command: Nothing) -> SearchRules: ...

    @operation(idempotent=True)
    async def put_synonyms(self, command: PutSynonyms) -> Synonyms:
        """What is there already, told again, changes nothing.

        Raises SearchRuleInvalid (with field paths), SearchRuleChanged, SearchRuleNotFound for a version of nothing.
        """
        ...

    @operation(idempotent=True)
    async def remove_synonyms(self, command: SearchRuleRef) -> Nothing:
        """Raises SearchRuleNotFound."""
        ...

    @operation(idempotent=True)
    async def put_pins(self, command: PutPins) -> Pins:
        """As `put_synonyms`; also raises QueryPinned when another rule has this query."""
        ...

    @operation(idempotent=True)
    async def remove_pins(self, command: SearchRuleRef) -> Nothing:
        """Raises SearchRuleNotFound."""
        ...
