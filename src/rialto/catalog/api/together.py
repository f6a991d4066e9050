"""What is bought together, as orders show it."""

from __future__ import annotations

from typing import Protocol

from rialto.kernel.ids import ProductId
from rialto.kernel.service import Frozen, operation


class Companions(Frozen):
    """Products that stood in one order with this one at least twice, the best companion first; at most eight."""

    product_id: ProductId
    others: list[ProductId]


class CompanionsAfter(Frozen):
    """Pages in id order. `cursor` is the last id seen."""

    cursor: ProductId | None = None
    limit: int = 200


class CompanionsPage(Frozen):
    items: list[Companions]
    next_cursor: ProductId | None = None


class Together(Protocol):
    @operation(idempotent=True)
    async def companions(self, command: CompanionsAfter) -> CompanionsPage:
        """Those of all products that have some, for rebuilding read models."""
        ...
