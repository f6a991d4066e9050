"""I7 of orders: a step that happened twice is found, whatever else is wrong with it then."""

from __future__ import annotations

import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.ids import bucket_of, to_uuid
from rialto.orders.api import ShipOrder
from tests.support.shop import a_shop

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("shipped", "has two shipments of the step parcel-1"),
        ("captured", "has two captures of the step parcel-1"),
    ],
)
async def test_a_repeated_step_is_found(postgres: DatabaseAddress, kind: str, text: str) -> None:
    async with a_shop(postgres) as shop:
        order = (await shop.buy()).order
        await shop.settle()
        await shop.orders.ship(ShipOrder(order_id=order.id, step="parcel-1"))
        await shop.settle()
        assert await shop.audit() == []
        await shop.sql(
            "INSERT INTO orders.events SELECT bucket, stream, (SELECT max(version) + 1 FROM orders.events"
            " WHERE bucket = $1 AND stream = $2), type, schema_version, body, meta, at FROM orders.events"
            " WHERE bucket = $1 AND stream = $2 AND type = $3",
            bucket_of(order.id),
            to_uuid(order.id),
            f"orders.{kind}",
        )
        found = [(one.subject, one.text) for one in await shop.audit() if one.invariant == "I7"]
        assert (order.id, text) in found
