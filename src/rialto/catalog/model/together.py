"""Which products count as bought together, and how much an order counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import permutations
from uuid import UUID

# Of an order with more products nobody can say what belongs together; a party's shopping list would fill the table.
PRODUCTS_OF_ORDER_MAX = 12
ORDERS_MIN = 2
COMPANIONS_MAX = 8
# Of a product no more pairs are kept than could still become companions.
KEPT_MAX = 200
HALF_LIFE_DAYS = 120
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
DAY_S = 86_400


def pairs_of(products: Iterable[UUID]) -> Iterator[tuple[UUID, UUID]]:
    """Every two products of an order, both ways round; none of an order that is too large to mean anything."""
    several = sorted(set(products))
    if len(several) <= PRODUCTS_OF_ORDER_MAX:
        yield from permutations(several, 2)


def weight_of(at: datetime) -> float:
    """What an order of that moment counts: twice as much as one of HALF_LIFE_DAYS before.

    Later orders count more instead of earlier ones less, so no row has to be touched for growing old.
    """
    return float(2.0 ** ((at - EPOCH).total_seconds() / DAY_S / HALF_LIFE_DAYS))
