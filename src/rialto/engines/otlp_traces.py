"""Traces sent to an OpenTelemetry collector by OTLP over HTTP: the engine behind `kernel.recording.Collector`.

Encoding and sending is the OpenTelemetry library's, in a thread, a batch at a time; that nothing waits for it is ours. What
is kept waits in a bounded queue; what does not fit, or cannot be delivered within a few seconds, is forgotten and counted.
The library's own variables hold for what we have no setting for: OTEL_EXPORTER_OTLP_HEADERS, OTEL_EXPORTER_OTLP_CERTIFICATE.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections import deque
from collections.abc import Iterable, Sequence

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from rialto import __version__
from rialto.kernel.clock import Clock
from rialto.kernel.extensions import Surroundings
from rialto.kernel.ids import Ids
from rialto.kernel.recording import Kept, Recorder
from rialto.kernel.settings import Settings
from rialto.kernel.telemetry import Metrics
from rialto.kernel.threads import in_thread
from rialto.kernel.tracing import Kind, Parent, Span

QUEUE_MAX = 4096
BATCH_MAX = 512
# Spans gather for so long before they are sent.
PAUSE_S = 1.0
# The library tries again within this time, and gives up a batch after it.
TIMEOUT_S = 3.0
FLUSHED_WITHIN_S = 2.0

log = structlog.get_logger("rialto.traces")

_KINDS = {kind: SpanKind[kind.name] for kind in Kind}
_SCOPE = InstrumentationScope("rialto", __version__)


class OtlpTraces:
    """Takes kept spans and has them exported. One task runs while something waits."""

    def __init__(self, exporter: SpanExporter, resource: Resource, *, clock: Clock, metrics: Metrics) -> None:
        self._exporter = exporter
        self._resource = resource
        self._clock = clock
        self._sent = metrics.spans.labels("sent")
        self._dropped = metrics.spans.labels("dropped")
        self._undelivered = metrics.spans.labels("undelivered")
        self._waiting: deque[Kept] = deque()
        self._count = 0
        self._hurry = asyncio.Event()
        self._runner: asyncio.Task[None] | None = None
        self._is_failing = False

    def take(self, kept: Kept) -> None:
        if self._count + len(kept.spans) > QUEUE_MAX or self._hurry.is_set():
            self.lost(len(kept.spans))
            return
        self._waiting.append(kept)
        self._count += len(kept.spans)
        if self._runner is None or self._runner.done():
            # Kept in a field and ended by `close`: it outlives the request that happened to start it.
            self._runner = asyncio.create_task(self._run())

    def lost(self, count: int) -> None:
        self._dropped.inc(count)

    async def close(self) -> None:
        """Send what waits, for two seconds at most. What is kept from now on is lost."""
        self._hurry.set()
        if self._runner is not None and not self._runner.done():
            await asyncio.wait({self._runner}, timeout=FLUSHED_WITHIN_S)
            self.lost(self._count)
            self._waiting.clear()
            self._count = 0
        self._exporter.shutdown()
        if self._runner is not None:
            await asyncio.wait({self._runner})

    async def _run(self) -> None:
        while self._waiting:
            await self._pause()
            batch = self._next()
            if batch:
                await self._send(batch)

    async def _pause(self) -> None:
        pause = asyncio.ensure_future(self._clock.sleep(PAUSE_S))
        hurry = asyncio.ensure_future(self._hurry.wait())
        await asyncio.wait({pause, hurry}, return_when=asyncio.FIRST_COMPLETED)
        for waiting in (pause, hurry):
            waiting.cancel()

    def _next(self) -> list[ReadableSpan]:
        batch: list[ReadableSpan] = []
        while self._waiting and len(batch) < BATCH_MAX:
            kept = self._waiting.popleft()
            self._count -= len(kept.spans)
            batch += readable(kept, self._resource)
        return batch

    async def _send(self, batch: Sequence[ReadableSpan]) -> None:
        result = await in_thread(self._exporter.export, batch)
        if result is SpanExportResult.SUCCESS:
            self._sent.inc(len(batch))
        else:
            self._undelivered.inc(len(batch))
        failed = result is not SpanExportResult.SUCCESS
        if failed != self._is_failing:
            self._is_failing = failed
            (log.warning if failed else log.info)(
                "traces cannot be delivered" if failed else "traces are delivered again"
            )


def readable(kept: Kept, resource: Resource) -> Iterable[ReadableSpan]:
    """As the library's encoder wants them."""
    for span in kept.spans:
        attributes = span.attributes if span.error is None else {**span.attributes, "error.type": span.error}
        yield ReadableSpan(
            name=span.name,
            context=_context(kept.trace_id, span.span_id),
            parent=_context(kept.trace_id, span.parent_id, remote=_came_from_elsewhere(span))
            if span.parent_id
            else None,
            resource=resource,
            attributes=attributes,
            links=[Link(_context_of(link)) for link in span.links],
            kind=_KINDS[span.kind],
            instrumentation_scope=_SCOPE,
            status=Status(StatusCode.UNSET if span.error is None else StatusCode.ERROR),
            start_time=kept.epoch_ns + int(span.began * 1e9),
            end_time=kept.epoch_ns + int(span.ended * 1e9),
        )


def make_tracer(around: Surroundings, ids: Ids) -> tuple[Recorder, OtlpTraces]:
    """The tracer for RIALTO_OTLP_URL, and what is to be closed at the end. Opens no connection yet."""
    # Its warnings come with every batch; ours come once.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    settings = around.settings
    exporter = OTLPSpanExporter(endpoint=f"{settings.otlp_url}/v1/traces", timeout=TIMEOUT_S)
    collector = OtlpTraces(exporter, resource_of(settings), clock=around.clock, metrics=around.metrics)
    recorder = Recorder(
        collector,
        clock=around.clock,
        ids=ids,
        percent=settings.trace_percent,
        slow_s=settings.trace_slow_ms / 1000,
    )
    return recorder, collector


def resource_of(settings: Settings) -> Resource:
    """What is said once of all of this process's spans."""
    return Resource(
        {
            "service.namespace": "rialto",
            "service.name": settings.group or ",".join(settings.services)[:100] or "rialto",
            "service.version": __version__,
            "service.instance.id": f"{socket.gethostname()}:{settings.ops_port}:{os.getpid()}",
            "process.pid": os.getpid(),
            "server.port": settings.port,
        }
    )


def _context(trace_id: str, span_id: str, *, remote: bool = False) -> SpanContext:
    return SpanContext(int(trace_id, 16), int(span_id, 16), remote, TraceFlags(TraceFlags.SAMPLED))


def _context_of(link: Parent) -> SpanContext:
    return _context(link.trace_id, link.span_id, remote=True)


def _came_from_elsewhere(span: Span) -> bool:
    return span.kind in {Kind.SERVER, Kind.CONSUMER}
