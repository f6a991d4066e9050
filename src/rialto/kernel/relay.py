"""The relay: carries committed events from every service's outbox to the bus, in stream order.

It looks for rows that exist, not past a cursor: transaction ids and sequences skip late commits. A pointer is
deleted after its event was published; a crash between the two publishes it again, and consumers skip it by
its version. One owner per partition of buckets, by a lease that the bus checks when publishing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rialto.kernel.bus import Bus, Lease
from rialto.kernel.db import Database
from rialto.kernel.events import Envelope
from rialto.kernel.faults import Faults
from rialto.kernel.ids import partition_of
from rialto.kernel.traced_events import published
from rialto.kernel.tracing import NO_TRACER, Tracer

BATCH_MAX = 500

_WAITING = """
SELECT o.bucket, o.stream, o.version, e.type, e.schema_version, e.body::text AS body, e.meta::text AS meta, e.at
FROM outbox AS o JOIN events AS e USING (bucket, stream, version)
WHERE o.bucket % 64 = ANY ($1::int[])
ORDER BY o.bucket, o.stream, o.version LIMIT $2
"""
_DONE = """
DELETE FROM outbox USING unnest($1::smallint[], $2::uuid[], $3::int[]) AS t(bucket, stream, version)
WHERE outbox.bucket = t.bucket AND outbox.stream = t.stream AND outbox.version = t.version
"""
LAG = "SELECT count(*) AS waiting FROM (SELECT 1 FROM outbox LIMIT 10000) AS waiting_events"


class Relay:
    """Publishes what waits in the outboxes of the given services."""

    def __init__(
        self,
        databases: Mapping[str, Database],
        bus: Bus,
        faults: Faults,
        *,
        on_published: Callable[[Sequence[Envelope]], None] = lambda _batch: None,
        tracer: Tracer = NO_TRACER,
    ) -> None:
        """`on_published` is told what the bus has; after a crash it may hear of an event twice."""
        self._on_published = on_published
        self._databases = databases
        self._bus = bus
        self._faults = faults
        self._tracer = tracer

    @property
    def services(self) -> Sequence[str]:
        return list(self._databases)

    async def publish_once(self, leases: Sequence[Lease], services: Sequence[str]) -> int:
        """One batch of all named services for the partitions leased; how many events went out.

        Raises LeaseLost (nothing was published) and Unavailable.
        """
        partitions = {partition_number(lease.name): lease for lease in leases}
        waiting = {service: await self._waiting(service, list(partitions)) for service in services}
        batch = [_envelope(service, row) for service, rows in waiting.items() for row in rows]
        if not batch:
            return 0
        used = sorted({partition_of(envelope.bucket) for envelope in batch})
        self._faults.reach("relay.before_publish")
        began = self._tracer.monotonic()
        await self._bus.publish([partitions[partition] for partition in used], batch)
        self._faults.reach("relay.after_publish")
        self._on_published(batch)
        if self._tracer.on:
            published(self._tracer, batch, began)
        for service, rows in waiting.items():
            if rows:
                await self._forget(service, rows)
        self._faults.reach("relay.after_delete")
        return len(batch)

    async def _waiting(self, service: str, partitions: list[int]) -> Sequence[Any]:
        async with self._databases[service].read() as session:
            return await session.all(_WAITING, partitions, BATCH_MAX)

    async def _forget(self, service: str, rows: Sequence[Any]) -> None:
        async with self._databases[service].alone() as session:
            await session.run(
                _DONE,
                [row["bucket"] for row in rows],
                [row["stream"] for row in rows],
                [row["version"] for row in rows],
            )


def lease_name(partition: int, scope: str = "") -> str:
    """`scope` is empty, or ends with a slash."""
    return f"partition/{scope}{partition}"


def partition_number(name: str) -> int:
    return int(name.rpartition("/")[2])


def _envelope(service: str, row: Any) -> Envelope:
    return Envelope(
        service=service,
        bucket=row["bucket"],
        stream=row["stream"],
        version=row["version"],
        type=row["type"],
        schema_version=row["schema_version"],
        body=row["body"].encode(),
        meta=row["meta"].encode(),
        at=row["at"],
    )
