"""What the database knows and a scrape asks for: declared by services, read in one statement each.

A gauge's SQL is one cheap indexed statement that says how many rows it looks at at most. All gauges of a service travel
together. When they cannot be read within `READ_WITHIN_S` they are absent from that scrape (nobody sees an old number)
and a failure is counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from rialto.kernel.clock import Clock
from rialto.kernel.db import Database
from rialto.kernel.errors import RialtoError
from rialto.kernel.telemetry import Metrics

READ_WITHIN_S = 1.0
# Also what the driver says of a table that is not there yet: beside a newer release's process, or before `rialto migrate`.
READ_FAILED = (RialtoError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


@dataclass(frozen=True, kw_only=True)
class Gauge:
    """Numbers that are the same whichever process asks.

    `sql` selects columns `label` (text; NULL: the service's name, or that the gauge has no labels) and `value`. `$1` is the
    time now, a timestamptz; in SQL nothing else knows it. `label` is the label's name.
    """

    name: str
    text: str
    sql: str
    label: str | None = None


# Of every service. More than so many are told as so many; the age is that of the oldest among the first 2,000.
OUTBOX = (
    Gauge(
        name="rialto_outbox_waiting",
        text="Events waiting for the relay; 10000 for that many or more.",
        label="service",
        sql="SELECT NULL::text AS label, count(*) AS value FROM (SELECT 1 FROM outbox LIMIT 10000) AS few",
    ),
    Gauge(
        name="rialto_outbox_oldest_seconds",
        text="Age of the oldest event waiting for the relay.",
        label="service",
        sql="""
SELECT NULL::text AS label, coalesce(extract(epoch FROM $1::timestamptz - min(e.at)), 0) AS value
FROM (SELECT bucket, stream, version FROM outbox LIMIT 2000) AS few JOIN events AS e USING (bucket, stream, version)
""",
    ),
)
# Of every service that reacts to events.
LETTERS = (
    Gauge(
        name="rialto_dead_letters",
        text="Events that could not be taken in, with those behind them; 1000 for that many or more.",
        label="service",
        sql="SELECT NULL::text AS label, count(*) AS value FROM (SELECT 1 FROM dead_letters LIMIT 1000) AS few",
    ),
)


class GaugeReader:
    """Reads the gauges of the services of one process."""

    def __init__(
        self,
        declared: Mapping[str, tuple[Database, Sequence[Gauge]]],
        clock: Clock,
        metrics: Metrics,
        *,
        within_s: float = READ_WITHIN_S,
    ) -> None:
        """`declared` has for each service its database and what is read there."""
        self._declared = declared
        self._clock = clock
        self._metrics = metrics
        self._within_s = within_s

    async def read(self) -> list[Metric]:
        """Of every service at the same time. Raises nothing."""
        families: dict[str, GaugeMetricFamily] = {}
        answers = await asyncio.gather(*(self._read_one(service) for service in self._declared))
        for found in answers:
            for gauge, label, value in found:
                labels = [gauge.label] if gauge.label else []
                family = families.setdefault(
                    gauge.name, GaugeMetricFamily(gauge.name, gauge.text, labels=labels)
                )
                family.add_metric([label] if gauge.label else [], value)
        return list(families.values())

    async def _read_one(self, service: str) -> list[tuple[Gauge, str, float]]:
        db, gauges = self._declared[service]
        try:
            async with asyncio.timeout(self._within_s), db.read() as session:
                rows = await session.all(_together(gauges), self._clock.now())
        except READ_FAILED:
            self._metrics.failures.labels(f"gauges {service}").inc()
            return []
        return [(gauges[row["number"]], row["label"] or service, row["value"]) for row in rows]


def _together(gauges: Sequence[Gauge]) -> str:
    """One statement for all, in which each is a part by its number."""
    parts = (
        f"SELECT {number} AS number, label, value::float8 AS value FROM ({gauge.sql}) AS gauge_{number}"
        for number, gauge in enumerate(gauges)
    )
    # That there is a time is always true; said so that the statement has its parameter whatever the gauges are.
    told = " UNION ALL ".join(parts)
    return f"SELECT number, label, value FROM ({told}) AS told WHERE $1::timestamptz IS NOT NULL"
