"""What a process tells of itself at a scrape, for the composition root: samples, the database's gauges, what is behind.

Two kinds of numbers. Those of the process are sampled (kernel/saturation.py), also where nobody asks: several workers share
files, and one of them is asked. Those of the whole shop are read in the database by whoever is asked (kernel/gauges.py), so
every replica of a group tells the same, and whoever adds up takes the highest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from rialto import __version__
from rialto.engines.process_usage import cpu_s, resident_bytes
from rialto.kernel.errors import RialtoError
from rialto.kernel.gauges import LETTERS, OUTBOX, READ_FAILED, READ_WITHIN_S, GaugeReader
from rialto.kernel.saturation import HasLine, Sample
from rialto.kernel.service import Service
from rialto.kernel.telemetry import Metrics

if TYPE_CHECKING:
    from rialto.app import App

SAMPLE_EVERY_S = 5.0
TICK_S = 0.5  # between two looks at how late the event loop is


class Watch:
    """Looks at one process's shop."""

    def __init__(self, shop: App) -> None:
        self._shop = shop
        self._late_s: list[float] = []
        declared = {
            service.name: (
                shop.databases[service.name],
                (*OUTBOX, *(LETTERS if service.reactions else ()), *service.gauges),
            )
            for service in shop.services
            if service.stored
        }
        self._gauges = GaugeReader(declared, shop.engines.clock, shop.metrics)

    async def run(self) -> None:
        """Sample again and again, until cancelled."""
        clock = self._shop.engines.clock
        while True:
            for _ in range(int(SAMPLE_EVERY_S / TICK_S)):
                began = clock.monotonic()
                await clock.sleep(TICK_S)
                self._late_s.append(max(0.0, clock.monotonic() - began - TICK_S))
            self.sample()

    def sample(self) -> None:
        """Copy what is to be seen now into the gauges."""
        shop, metrics = self._shop, self._shop.metrics
        # The worst since `SAMPLE_EVERY_S` ago, whether a scrape came between or not.
        del self._late_s[: -int(SAMPLE_EVERY_S / TICK_S)]
        lines: dict[str, list[HasLine]] = {
            **{f"commits {name}": db.lines for name, db in shop.databases.items() if db.lines},
            **{name: [one] for name, one in metrics.lines.items()},
        }
        pools = {name: db.pool_state for name, db in shop.databases.items()}
        pools |= {
            f"{name} standbys": db.copies.pool_state
            for name, db in shop.databases.items()
            if db.copies is not None
        }
        passwords = shop.engines.by_port.get("passwords")
        if passwords is not None and "identity" in shop.handlers and hasattr(passwords, "line"):
            lines["passwords"] = [passwords]
        metrics.saturation.write(
            Sample(
                pools=pools,
                lines={name: [one.line for one in found] for name, found in lines.items()},
                guards=metrics.guards.by_name,
                in_flight=metrics.in_flight,
                lag_s=max(self._late_s, default=0.0),
                cpu_s=cpu_s(),
                resident_bytes=resident_bytes(),
                feed_age_s=shop.background.feed_age_s if shop.feeds else None,
            )
        )

    async def scrape(self) -> bytes:
        """The answer of `/metrics`. Raises nothing: what cannot be read is absent, and counted as a failure."""
        found, behind = await asyncio.gather(self._gauges.read(), self._behind())
        self.sample()
        return self._shop.metrics.text([_build(self._shop), *found, *behind])

    async def _behind(self) -> list[Metric]:
        """What consumers of this process have not taken in of what the bus has."""
        names = [consumer.name for consumer in self._shop.consumers]
        if not names:
            return []
        try:
            async with asyncio.timeout(READ_WITHIN_S):
                behind = await self._shop.bus.behind(names)
        except READ_FAILED:
            self._shop.metrics.failures.labels("gauges bus").inc()
            return []
        family = GaugeMetricFamily(
            "rialto_bus_behind",
            "Events that the bus has and a consumer has not taken in.",
            labels=["consumer"],
        )
        for name, count in behind.items():
            family.add_metric([name], count)
        return [family]


def _build(shop: App) -> Metric:
    family = GaugeMetricFamily("rialto_build_info", "1, with what runs here.", labels=["version", "group"])
    group = shop.settings.group or "+".join(shop.settings.services) or "one"
    family.add_metric([__version__, group], 1)
    return family


def tally_of(service: Service, metrics: Metrics) -> Callable[[str, Any], None]:
    """Counts the service's operations: `done` or what its `outcomes` say, the code of a refusal, `error`, `left`."""
    counters: dict[tuple[str, str], Any] = {}

    def tally(operation: str, told: Any) -> None:
        if isinstance(told, BaseException):
            outcome = _failure(told)
        else:
            say = service.outcomes.get(operation)
            outcome = "done" if say is None else say(told)
        counter = counters.get((operation, outcome))
        if counter is None:
            counter = metrics.operations.labels(service.name, operation, outcome)
            counters[operation, outcome] = counter
        counter.inc()

    return tally


def _failure(error: BaseException) -> str:
    if isinstance(error, RialtoError):
        return error.stable_code
    return "left" if isinstance(error, asyncio.CancelledError) else "error"
