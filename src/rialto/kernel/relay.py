"""The relay: carries committed events from every service's outbox to the bus, in stream order.

It looks for rows that exist, not past a cursor: transaction ids and sequences skip late commits. A pointer is
deleted after its event was published; a crash between the two publishes it again, and consumers skip it by
its version. One owner per partition of buckets, by a lease that the bus checks when publishing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rialto.kernel.bus import Bus, Lease
from rialto.kernel.db import Database
from rialto.kernel.events import Envelope
from rialto.kernel.faults import Faults
from rialto.kernel.ids import partition_of

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
LAG = "SELECT count(*) AS waiting FROM (SELECT 1 FROM outbox LIMIT 10000) AS some"


class Relay:
    """Publishes what waits in the outboxes of the given services."""

    def __init__(self, databases: Mapping[str, Database], bus: Bus, faults: Faults) -> None:
        self._databases = databases
        self._bus = bus
        self._faults = faults

    @property
    def services(self) -> Sequence[str]:
        return list(self._databases)

    async def publish_once(self, leases: Sequence[Lease], services: Sequence[str]) -> int:
        """One batch of each named service for the partitions leased; how many events went out.

        Raises LeaseLost (nothing was published for the service at hand) and Unavailable.
        """
        count = 0
        for service in services:
            count += await self._publish_service(service, self._databases[service], leases)
        return count

    async def _publish_service(self, service: str, db: Database, leases: Sequence[Lease]) -> int:
        partitions = {partition_number(lease.name): lease for lease in leases}
        async with db.read() as session:
            rows = await session.all(_WAITING, list(partitions), BATCH_MAX)
        if not rows:
            return 0
        used = {partition_of(row["bucket"]) for row in rows}
        self._faults.reach("relay.before_publish")
        await self._bus.publish(
            [partitions[partition] for partition in sorted(used)], [_envelope(service, row) for row in rows]
        )
        self._faults.reach("relay.after_publish")
        async with db.write() as session:
            await session.run(
                _DONE,
                [row["bucket"] for row in rows],
                [row["stream"] for row in rows],
                [row["version"] for row in rows],
            )
        self._faults.reach("relay.after_delete")
        return len(rows)


def lease_name(partition: int) -> str:
    return f"partition/{partition}"


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
