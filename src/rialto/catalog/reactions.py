"""What the catalogue does when orders speak: it counts what is bought together."""

from __future__ import annotations

from collections.abc import Sequence

from rialto.catalog.handlers import CatalogHandlers
from rialto.kernel.db import WriteSession
from rialto.kernel.service import Reaction
from rialto.orders.events import OrderPlaced


async def count_pairs(catalog: CatalogHandlers, events: Sequence[OrderPlaced], session: WriteSession) -> None:
    """A placed order counts once for every two of its products. A cancelled one stays counted: they were wanted together."""
    await catalog.count_within(session, events)


REACTIONS = (Reaction(event=OrderPlaced, run_many=count_pairs),)
