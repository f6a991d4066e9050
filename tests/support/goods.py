"""What a shop in tests sells, in a database that is copied for each."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from rialto.app import App
from rialto.catalog.api import Catalog, ProductDraft, PutProduct, VariantDraft
from rialto.inventory.api import Inventory, PutStock, PutStockMany
from rialto.kernel.db import DatabaseAddress, connect
from rialto.kernel.faults import NoFaults
from rialto.kernel.ids import RandomIds
from rialto.kernel.migrations import migrate
from rialto.kernel.service import Service
from rialto.pricing.api import PercentOff, Pricing, Promotion, PutPromotion, PutVoucher, Voucher
from tests.support.databases import SECRETS, in_database
from tests.support.provider import InProcessProvider, make_sandbox
from tests.support.settling import SETTLED_WITHIN_S, is_settled, running
from tests.support.surroundings import RecordingMail, ShopClock, engines_of
from tests.support.values import settings_in

# What is sold: SKU → (price in cents, stock by warehouse). LAMP is for crowds, the others are scarce.
GOODS: Mapping[str, tuple[int, Mapping[str, int]]] = {
    "LAMP": (4900, {"berlin": 12, "rotterdam": 8}),
    "VASE": (2900, {"berlin": 2, "rotterdam": 1}),
    "PRINT": (1500, {"berlin": 2}),
    "BOWL": (3350, {"rotterdam": 1}),
    "PENCIL": (199, {"berlin": 1000}),
}


# A tenth off for the first who have the code.
FEW, FEW_USES = "FEW", 2


FEW_SALE = Promotion(id="few", title={"en": "Few"}, benefit=PercentOff(percent="10"), needs_code=True)


_numbers = itertools.count(1)


_templates: dict[tuple[str, tuple[str, ...]], str] = {}


@asynccontextmanager
async def goods_in(postgres: DatabaseAddress, services: Sequence[Service]) -> AsyncIterator[DatabaseAddress]:
    """A database of its own with GOODS in it and nothing waiting, dropped afterwards."""
    template = await goods_template(postgres, services)
    name = f"shop_{next(_numbers)}"
    connection = await connect(postgres)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield in_database(postgres, name)
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


async def goods_template(postgres: DatabaseAddress, services: Sequence[Service]) -> str:
    """The name of a database to copy: migrated, stocked, and every event about it delivered."""
    key = (postgres.host, tuple(service.name for service in services))
    if key not in _templates:
        name = f"goods_{len(_templates) + 1}"
        connection = await connect(postgres)
        try:
            await connection.execute(f"CREATE DATABASE {name}")
        finally:
            await connection.close()
        address = in_database(postgres, name)
        clock = ShopClock()
        await migrate(address, services, SECRETS, clock)
        await _stock(address, clock, [service for service in services if service.name != "search"])
        _templates[key] = name
    return _templates[key]


async def _stock(address: DatabaseAddress, clock: ShopClock, services: Sequence[Service]) -> None:
    provider = InProcessProvider(make_sandbox(clock, random.Random(0)), clock, SECRETS)
    ids = RandomIds(clock, random.Random(0))
    app = App(
        settings_in(),
        engines_of(address, clock=clock, ids=ids, provider=provider, mail=RecordingMail(), faults=NoFaults()),
        services,
    )
    try:
        for sku, (cents, places) in GOODS.items():
            await app[Catalog].put_product(PutProduct(draft=draft_of(sku, cents)))
            counts = [PutStock(sku=sku, warehouse=place, on_hand=count) for place, count in places.items()]
            await app[Inventory].put_stock(PutStockMany(items=counts))
        await app[Pricing].put_promotion(PutPromotion(promotion=FEW_SALE))
        await app[Pricing].put_voucher(
            PutVoucher(voucher=Voucher(code=FEW, promotion_id=FEW_SALE.id, uses_max=FEW_USES))
        )
        async with running(app), asyncio.timeout(SETTLED_WITHIN_S):
            while not await is_settled(app, clock):
                await asyncio.sleep(0.01)
    finally:
        await app.close()


def draft_of(sku: str, cents: int) -> ProductDraft:
    title = sku.capitalize()
    return ProductDraft(
        slug=sku.lower(),
        title={"en": title, "de": title},
        variants=[VariantDraft(sku=sku, prices={"EUR": cents, "USD": cents}, weight_g=400)],
    )
