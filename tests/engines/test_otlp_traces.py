"""Traces on their way to a collector: what arrives, and that nothing waits for one that is slow, refuses or is away."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from rialto.cluster.sink import Sink
from rialto.cluster.sink_store import SpanStore
from rialto.engines.choice import choose_engines, choose_tracer
from rialto.engines.otlp_traces import BATCH_MAX, QUEUE_MAX, OtlpTraces, make_tracer, resource_of
from rialto.kernel import tracing
from rialto.kernel.clock import LoopClock, ManualClock, SystemClock
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.extensions import Surroundings
from rialto.kernel.ids import RandomIds
from rialto.kernel.recording import Kept, Recorder
from rialto.kernel.settings import Settings, read_settings
from rialto.kernel.telemetry import Metrics
from rialto.kernel.tracing import NO_TRACER, Kind, Parent
from tests.support.databases import SECRETS
from tests.support.surroundings import START
from tests.support.traces import Collected, recorder
from tests.support.values import seeded_ids, settings_in

pytestmark = [pytest.mark.anyio, pytest.mark.fast]

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


class Exporting(SpanExporter):
    """Takes spans as the library's exporter does; `gate` holds it up, `refuses` makes it fail."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.refuses = False
        self.is_shut = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.batches.append([span.name for span in spans])
        return SpanExportResult.FAILURE if self.refuses else SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self.is_shut = True


class Quick(LoopClock):
    """Its pauses are over at once."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


def counted(metrics: Metrics) -> dict[str, float]:
    return {
        outcome: value
        for outcome in ("sent", "dropped", "undelivered")
        if (value := metrics.registry.get_sample_value("rialto_trace_spans_total", {"outcome": outcome}))
    }


def a_trace(names: Sequence[str]) -> Kept:
    collected = Collected()
    with recorder(collected, ManualClock(), seeded_ids()).entry(names[0], Kind.SERVER):
        for name in names[1:]:
            with tracing.span(name):
                pass
    return collected.kept[0]


@asynccontextmanager
async def serving(application: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        await web.SockSite(runner, bound).start()
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            await runner.cleanup()


def settings(**environment: str) -> Settings:
    return read_settings(environment, data_default=Path("/nonexistent"))


def made(url: str, metrics: Metrics, **environment: str) -> tuple[Recorder, OtlpTraces]:
    told = settings(RIALTO_OTLP_URL=url, **environment)
    clock = SystemClock()
    around = Surroundings(settings=told, secrets=SECRETS, clock=clock, metrics=metrics)
    return make_tracer(around, RandomIds(clock, random.Random(1)))


async def test_what_was_recorded_arrives_as_it_was(tmp_path: Path) -> None:
    metrics, store = Metrics(), SpanStore(tmp_path / "spans.sqlite", SystemClock())
    async with serving(Sink(store).application()) as url:
        tracer, collector = made(url, metrics, RIALTO_TRACE_PERCENT="0", RIALTO_GROUP="sell")
        parent = Parent(TRACE, SPAN, True)
        with tracer.entry("POST /v1/checkout", Kind.SERVER, parent=parent) as entry:
            entry.links.append(Parent("e" * 32, SPAN, True))
            entry.set("http.response.status_code", 503)
            with tracing.span("payments.authorise", Kind.CLIENT) as inner:
                inner.set("rialto.tries", 2)
                inner.fail("unavailable")
        await collector.close()
    first, last = store.trace(TRACE)
    store.close()
    assert (first.name, first.parent_id, first.kind, first.error) == ("POST /v1/checkout", SPAN, 2, "")
    assert (last.name, last.parent_id, last.kind, last.error) == (
        "payments.authorise",
        first.span_id,
        3,
        "unavailable",
    )
    assert (first.service, first.links) == ("sell", ["e" * 32])
    assert first.attributes == {"http.response.status_code": 503}
    assert last.attributes == {"rialto.tries": 2, "error.type": "unavailable"}
    assert first.began_ns <= last.began_ns <= last.ended_ns <= first.ended_ns
    assert abs(first.began_ns / 1e9 - SystemClock().now().timestamp()) < 60
    assert counted(metrics) == {"sent": 2.0}


async def test_a_collector_that_is_away_fails_nothing_and_is_counted() -> None:
    metrics = Metrics()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        tracer, collector = made(
            f"http://127.0.0.1:{closed.getsockname()[1]}", metrics, RIALTO_TRACE_PERCENT="100"
        )
        with tracer.entry("GET /", Kind.SERVER):
            pass
        await collector.close()
    told = counted(metrics)
    assert told == {"undelivered": 1.0}


@pytest.mark.parametrize("status", [400, 401, 413])
async def test_a_collector_that_refuses_is_not_asked_again(status: int) -> None:
    metrics, asked = Metrics(), []

    async def refuse(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=status)

    application = web.Application()
    application.router.add_post("/v1/traces", refuse)
    async with serving(application) as url:
        tracer, collector = made(url, metrics, RIALTO_TRACE_PERCENT="100")
        with tracer.entry("GET /", Kind.SERVER):
            pass
        await collector.close()
    assert asked == ["/v1/traces"]
    assert counted(metrics) == {"undelivered": 1.0}


async def test_a_collector_that_says_nothing_holds_up_no_request_and_no_stop() -> None:
    metrics = Metrics()
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(1)
        tracer, collector = made(
            f"http://127.0.0.1:{silent.getsockname()[1]}", metrics, RIALTO_TRACE_PERCENT="100"
        )
        async with asyncio.timeout(30):
            for _ in range(50):
                with tracer.entry("GET /", Kind.SERVER):
                    pass
            await collector.close()
    assert sum(counted(metrics).values()) == 50
    assert "sent" not in counted(metrics)


def a_collector(exporting: Exporting, metrics: Metrics) -> OtlpTraces:
    return OtlpTraces(exporting, Resource({}), clock=Quick(START), metrics=metrics)


async def test_what_waits_is_bounded_and_goes_in_batches() -> None:
    exporting, metrics = Exporting(), Metrics()
    collector = a_collector(exporting, metrics)
    for _ in range(QUEUE_MAX + 100):
        collector.take(a_trace(["GET /"]))
    assert len(collector._waiting) == QUEUE_MAX
    await collector.close()
    assert sum(len(batch) for batch in exporting.batches) == QUEUE_MAX
    assert max(len(batch) for batch in exporting.batches) == BATCH_MAX
    assert counted(metrics) == {"sent": QUEUE_MAX, "dropped": 100.0}


async def test_spans_of_one_trace_wait_together() -> None:
    exporting, metrics = Exporting(), Metrics()
    collector = a_collector(exporting, metrics)
    collector.take(a_trace(["GET /", "orders.get", "payments.get"]))
    await collector.close()
    assert exporting.batches == [["orders.get", "payments.get", "GET /"]]


async def test_delivering_goes_on_when_the_collector_is_back() -> None:
    exporting, metrics = Exporting(), Metrics()
    collector = a_collector(exporting, metrics)
    for refuses in (True, False):
        exporting.refuses = refuses
        collector.take(a_trace(["GET /"]))
        assert collector._runner is not None
        await asyncio.wait({collector._runner})
    assert counted(metrics) == {"sent": 1.0, "undelivered": 1.0}
    await collector.close()
    assert exporting.is_shut


async def test_after_the_end_nothing_is_taken() -> None:
    exporting, metrics = Exporting(), Metrics()
    collector = a_collector(exporting, metrics)
    await collector.close()
    collector.take(a_trace(["GET /"]))
    assert exporting.batches == []
    assert counted(metrics) == {"dropped": 1.0}


# Choosing it.


async def test_without_an_address_there_is_no_tracer() -> None:
    clock = SystemClock()
    around = Surroundings(settings=settings_in(), secrets=SECRETS, clock=clock, metrics=Metrics())
    assert choose_tracer(around, RandomIds(clock)) == (NO_TRACER,)


async def test_with_one_it_is_closed_with_the_shop() -> None:
    told = msgspec.structs.replace(settings_in(), otlp_url="http://127.0.0.1:4318")
    engines = choose_engines(told, SECRETS, DatabaseAddress(host="localhost", user="rialto"))
    assert engines.tracer.on
    [collector] = [one for one in engines.closers if isinstance(one, OtlpTraces)]
    await collector.close()


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({}, "rialto"),
        ({"RIALTO_GROUP": "sell"}, "sell"),
        ({"RIALTO_SERVICES": "orders,payments"}, "orders,payments"),
    ],
)
async def test_spans_say_which_process_they_are_of(environment: dict[str, str], name: str) -> None:
    told = resource_of(settings(RIALTO_OPS_PORT="8123", **environment)).attributes
    assert told["service.name"] == name
    assert str(told["service.instance.id"]).split(":")[1] == "8123"
