"""Telemetry hooks: metrics by name, structured logs with what must not be logged taken out.

A registry belongs to one process's app (never a module global), so that several apps live in one process in
tests. Exporters to collectors plug in behind these names.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest

from rialto.kernel.saturation import Guards, HasLine, Saturation

if TYPE_CHECKING:
    from rialto.kernel.events import Envelope

# 0.3 and 1.5 are what browsing and buying promise (ADR 19): only a bound of a bucket can be counted exactly.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.3, 0.5, 1, 1.5, 2.5, 5, 10)
# Events wait for a whole outage.
DELIVERY_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3600)

# Keys whose values are personal or secret: a log line shows only that there was one.
REDACTED = frozenset(
    {
        "email",
        "name",
        "phone",
        "line1",
        "line2",
        "password",
        "token",
        "authorization",
        "cookie",
        "key",
        "secret",
        "to",
    }
)


class Metrics:
    """What the shop counts. Label values are bounded: route templates and codes, never paths or ids.

    `scraped` is what `text` tells when that is more than this process's own registry. `guards`, `lines` and `in_flight` (public
    requests being answered) are looked at when a sample is taken, not counted on the way (kernel/saturation.py).
    """

    def __init__(self, scraped: CollectorRegistry | None = None) -> None:
        self.registry = CollectorRegistry()
        self._scraped = scraped or self.registry
        self.guards = Guards()
        self.in_flight = 0
        self.lines: dict[str, HasLine] = {}
        self.saturation = Saturation(self.registry)
        counter, histogram = self._counter, self._histogram
        self.requests = counter("requests", "Requests answered.", "route", "method", "status")
        self.request_seconds = histogram("request_seconds", "Time to answer.", "route")
        self.cached = counter("cached_answers", "Answers from the page cache.", "outcome", "route")
        self.refused = counter("overload_refused", "Requests turned away.", "port", "importance")
        self.places = Gauge(
            "rialto_overload_places",
            "Requests that may be under way at once: of the worker that has the fewest.",
            ("port",),
            registry=self.registry,
            multiprocess_mode="livemin",
        )
        self.calls = histogram(
            "calls_seconds",
            "Calls to services in other processes, by how they ended.",
            *("service", "operation", "outcome"),
        )
        self.operations = counter(
            "operations",
            "Operations of the services here: done, what their reply says, or the code of the refusal.",
            *("service", "operation", "outcome"),
        )
        self.provider_calls = histogram(
            "provider_calls_seconds",
            "Calls to payment providers, by how they ended; unknown: nobody can tell whether it had its effect.",
            *("provider", "call", "outcome"),
        )
        self.key_values = counter(
            "key_values",
            "Questions to the shared key-value server, as far as their outcome tells something.",
            "outcome",
        )
        self.key_values_resting = Gauge(
            "rialto_key_values_resting",
            "1 while the key-value server failed lately and is not asked, as the worker says that noticed last.",
            registry=self.registry,
            multiprocess_mode="mostrecent",
        )
        self.events = counter("events", "Events by step.", "step")
        self.published = counter("events_published", "Events that the relay brought to the bus.", "type")
        self.spans = counter(
            "trace_spans", "Spans of traces that are kept, by what became of them.", "outcome"
        )
        self.delivery_seconds = Histogram(
            "rialto_event_delivery_seconds",
            "From an event's commit until a consumer has taken it in.",
            ("consumer",),
            buckets=DELIVERY_SECONDS,
            registry=self.registry,
        )
        self.jobs = counter("job_items", "Things done by background jobs.", "job")
        self.failures = counter("failures", "Failures in loops that survive.", "where")

    def text(self, more: Iterable[Metric] = ()) -> bytes:
        """The Prometheus exposition format 0.0.4. `more` is what was read elsewhere for this scrape."""
        return generate_latest(_Told(self._scraped, more))

    def count_published(self, batch: Sequence[Envelope]) -> None:
        for envelope in batch:
            self.published.labels(envelope.type).inc()

    def count_taken_in(self, consumer: str, taken: Sequence[Envelope], now: datetime) -> None:
        self.events.labels("consumed").inc(len(taken))
        observe = self.delivery_seconds.labels(consumer).observe
        for envelope in taken:
            # Clocks of two machines differ: nothing arrives before it was sent.
            observe(max(0.0, (now - envelope.at).total_seconds()))

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"rialto_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, *labels: str) -> Histogram:
        return Histogram(f"rialto_{name}", text, labels, buckets=SECONDS, registry=self.registry)


class _Told:
    """A registry and what belongs into the same answer."""

    def __init__(self, registry: CollectorRegistry, more: Iterable[Metric]) -> None:
        self._registry = registry
        self._more = more

    def collect(self) -> Iterator[Metric]:
        yield from self._registry.collect()
        yield from self._more


def configure_logs(level: str, *, json: bool) -> None:
    """Logs go to standard error, one line an event: JSON for machines, columns for a terminal."""
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redact,
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s", force=True)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: hide personal and secret values, however deep they stand."""
    for key, value in event.items():
        event[key] = _hidden(key, value)
    return event


def _hidden(key: object, value: Any) -> Any:
    if isinstance(key, str) and key.lower() in REDACTED:
        return "[hidden]"
    if isinstance(value, dict):
        return {inner: _hidden(inner, content) for inner, content in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(None, content) for content in value]
    return value
