"""What reviews tell the world: how a product is rated. Names and texts stand in the documents only."""

from __future__ import annotations

from typing import ClassVar

from rialto.kernel.events import Event
from rialto.kernel.ids import ProductId


class ProductRated(Event):
    """The summary of a product's published reviews changed. `histogram` counts one to five stars."""

    TYPE: ClassVar[str] = "reviews.product_rated"

    product_id: ProductId
    count: int
    average_hundredths: int
    histogram: list[int]


EVENTS: tuple[type[Event], ...] = (ProductRated,)
