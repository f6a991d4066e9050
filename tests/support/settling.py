"""Background work of an app in tests: running it, and knowing when nothing is left to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from rialto.app import App
from rialto.kernel.bus import Bus
from rialto.kernel.clock import Clock
from rialto.kernel.ids import PARTITIONS

SETTLED_WITHIN_S = 20.0


async def is_settled(app: App, clock: Clock) -> bool:
    """Whether the background of `app` has nothing to do now."""
    for service in app.services:
        if service.stored:
            async with app.databases[service.name].read() as session:
                if await session.value("SELECT true FROM outbox LIMIT 1"):
                    return False
    for consumer in app.consumers:
        await consumer.save(app.bus)  # at once: by itself it does so once a second
    if not await _has_consumed(app.bus, [s.name for s in app.services if s.reactions]):
        return False
    if not await _has_told_readers(app):
        return False
    names = {service.name for service in app.services}
    if "orders" in names:
        async with app.databases["orders"].read() as session:
            for table in ("saga", "email_orders"):
                if await session.value(f"SELECT true FROM {table} WHERE due_at <= $1 LIMIT 1", clock.now()):
                    return False
    if "notifications" in names:
        async with app.databases["notifications"].read() as session:
            if await session.value("SELECT true FROM mails WHERE state = 'queued' LIMIT 1"):
                app.background.wake("notifications.send")
                return False
    return True


async def _has_told_readers(app: App) -> bool:
    """Whether search knows all news, and pages made before them are forgotten."""
    feed = app.pages_refresh
    at = feed.positions()
    if at is None:
        return True
    ahead, _ = await app.bus.read(
        {partition: at.get(partition, 0) for partition in range(PARTITIONS)}, types=feed.types, limit=1
    )
    return not ahead


async def _has_consumed(bus: Bus, consumers: Sequence[str]) -> bool:
    return not any((await bus.behind(consumers)).values())


@asynccontextmanager
async def running(app: App) -> AsyncIterator[None]:
    task = asyncio.create_task(app.background.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
