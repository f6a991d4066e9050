from __future__ import annotations

import pytest
from prometheus_client import Metric

from rialto.kernel.bus import Lease
from rialto.kernel.faults import NoFaults
from rialto.kernel.gauges import LETTERS, OUTBOX, Gauge, GaugeReader
from rialto.kernel.ids import PARTITIONS
from rialto.kernel.relay import Relay, lease_name
from rialto.kernel.telemetry import Metrics
from tests.kernel.bakery import Baked, Town

pytestmark = pytest.mark.anyio

SLEEPS = Gauge(
    name="rialto_slow", text="Slow.", sql="SELECT NULL::text AS label, 1 AS value FROM pg_sleep(30)"
)


def told(families: list[Metric]) -> dict[str, float]:
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def a_reader(town: Town, *more: Gauge, metrics: Metrics | None = None, within_s: float = 30.0) -> GaugeReader:
    declared = {
        "bakery": (town.bakery, (*OUTBOX, *more)),
        "cellar": (town.cellar, (*OUTBOX, *LETTERS)),
    }
    return GaugeReader(declared, town.clock, metrics or Metrics(), within_s=within_s)


async def leases(town: Town) -> list[Lease]:
    names = [lease_name(number) for number in range(PARTITIONS)]
    return await town.bus.acquire(names, owner="x", ttl_s=60)


async def test_what_waits_for_the_relay_is_told_with_the_age_of_the_oldest(town: Town) -> None:
    await town.bake(town.ids.uuid(1), "rye")
    town.clock.advance(30)
    await town.bake(town.ids.uuid(2), "oat")
    town.clock.advance(12)
    found = told(await a_reader(town).read())
    assert found["rialto_outbox_waiting bakery"] == 2
    assert found["rialto_outbox_oldest_seconds bakery"] == 42
    assert found["rialto_outbox_waiting cellar"] == 0
    assert found["rialto_outbox_oldest_seconds cellar"] == 0
    await Relay({"bakery": town.bakery}, town.bus, NoFaults()).publish_once(await leases(town), ["bakery"])
    found = told(await a_reader(town).read())
    assert (found["rialto_outbox_waiting bakery"], found["rialto_outbox_oldest_seconds bakery"]) == (0, 0)


async def test_parked_events_are_told_by_who_has_reactions(town: Town) -> None:
    await town.bake(town.ids.uuid(1), "rye", "oat", sold=["rye"])
    consumer = town.a_consumer(known=[Baked])
    await town.relay.publish_once(await leases(town), ["bakery"])
    await consumer.consume_once(town.bus, range(PARTITIONS))
    found = told(await a_reader(town).read())
    assert found["rialto_dead_letters cellar"] == 2
    assert "rialto_dead_letters bakery" not in found


async def test_labels_are_the_statements_own(town: Town) -> None:
    shelves = Gauge(
        name="rialto_shelves",
        text="Shelves.",
        label="shelf",
        sql="SELECT shelf AS label, count(*) AS value FROM (VALUES ('low'), ('low'), ('high')) AS t(shelf) GROUP BY 1",
    )
    plain = Gauge(
        name="rialto_year",
        text="The year.",
        sql="SELECT NULL::text AS label, extract(year FROM $1::timestamptz) AS value",
    )
    found = told(await a_reader(town, shelves, plain).read())
    assert (found["rialto_shelves low"], found["rialto_shelves high"]) == (2, 1)
    assert found["rialto_year"] == town.clock.now().year


@pytest.mark.parametrize(
    "broken",
    [SLEEPS, Gauge(name="rialto_x", text="", sql="SELECT NULL::text AS label, 1/0 AS value")],
    ids=str,
)
async def test_what_cannot_be_read_is_absent_and_counted(town: Town, broken: Gauge) -> None:
    metrics = Metrics()
    found = told(await a_reader(town, broken, metrics=metrics, within_s=2.0).read())
    assert not any(name.endswith("bakery") for name in found)
    assert found["rialto_outbox_waiting cellar"] == 0
    failures = metrics.registry.get_sample_value("rialto_failures_total", {"where": "gauges bakery"})
    assert failures == 1


async def test_a_reader_of_nothing_tells_nothing(town: Town) -> None:
    assert await GaugeReader({}, town.clock, Metrics()).read() == []
