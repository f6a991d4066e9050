"""Stock to try the service on: counts, orders that hold some, and looks into what is left."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rialto.inventory.api import LevelsOf, OfOrder, PutStock, PutStockMany, Reserve, StockLine
from rialto.inventory.audit import AUDITS
from rialto.kernel.audit import Finding
from rialto.kernel.ids import ORDER, OrderId
from tests.support.env import TestEnv


async def stocked(env: TestEnv, **counts: int) -> None:
    await env.handlers.put_stock(
        PutStockMany(
            items=[PutStock(sku=sku, warehouse="berlin", on_hand=count) for sku, count in counts.items()]
        )
    )


def an_order(env: TestEnv) -> OrderId:
    return ORDER.new(env.ids, env.ids.bucket())


def a_hold(env: TestEnv, order_id: OrderId, country: str | None = None, **quantities: int) -> Reserve:
    lines = [StockLine(sku=sku, quantity=quantity) for sku, quantity in quantities.items()]
    return Reserve(
        order_id=order_id, lines=lines, expires_at=env.clock.now() + timedelta(minutes=15), country=country
    )


async def available(env: TestEnv, sku: str) -> int:
    found: dict[str, int] = (await env.handlers.levels(LevelsOf(skus=[sku]))).available
    return found[sku]


async def assert_sound(env: TestEnv) -> None:
    for audit in AUDITS:
        assert await audit(env) == []


async def counted(env: TestEnv, sku: str, **counts: int) -> None:
    """Counts by warehouse."""
    items = [PutStock(sku=sku, warehouse=place, on_hand=count) for place, count in counts.items()]
    await env.handlers.put_stock(PutStockMany(items=items))


async def held(env: TestEnv, country: str | None = None, **quantities: int) -> OrderId:
    """An order that holds stock."""
    order_id = an_order(env)
    await env.handlers.reserve(a_hold(env, order_id, country, **quantities))
    return order_id


def of(order_id: OrderId) -> OfOrder:
    return OfOrder(order_id=order_id)


async def shelf(env: TestEnv, sku: str, warehouse: str = "berlin") -> tuple[int, int]:
    """On hand and reserved."""
    levels = (await env.handlers.stock(LevelsOf(skus=[sku]))).items
    return next((level.on_hand, level.reserved) for level in levels if level.warehouse == warehouse)


async def moves(env: TestEnv, sku: str) -> list[tuple[str, int, int]]:
    """Kind, change of on hand and change of reserved of each movement, in the order of kinds' lives."""
    async with env.db.read() as session:
        rows: Any = await session.all(
            "SELECT kind, on_hand, reserved FROM movements WHERE sku = $1 ORDER BY at, kind, cause", sku
        )
    return [(row["kind"], row["on_hand"], row["reserved"]) for row in rows]


async def found(env: TestEnv) -> list[Finding]:
    """What the audits of stock find."""
    return [finding for audit in AUDITS for finding in await audit(env)]
