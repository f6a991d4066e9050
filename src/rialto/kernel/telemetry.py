"""Telemetry hooks: metrics by name, structured logs with what must not be logged taken out.

A registry belongs to one process's app (never a module global), so that several apps live in one process in
tests. Exporters to collectors plug in behind these names.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

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

    `scraped` is what `text` tells when that is more than this process's own registry.
    """

    def __init__(self, scraped: CollectorRegistry | None = None) -> None:
        registry = self.registry = CollectorRegistry()
        self._scraped = scraped or self.registry
        self.requests = Counter(
            "rialto_requests", "Requests answered.", ("route", "method", "status"), registry=self.registry
        )
        self.request_seconds = Histogram(
            "rialto_request_seconds", "Time to answer.", ("route",), buckets=SECONDS, registry=self.registry
        )
        self.cached = Counter(
            "rialto_cached_answers", "Answers from the page cache.", ("outcome",), registry=self.registry
        )
        self.refused = Counter(
            "rialto_overload_refused", "Requests turned away.", ("port", "importance"), registry=self.registry
        )
        self.places = Gauge(
            "rialto_overload_places",
            "Requests that may be under way at once: of the worker that has the fewest.",
            ("port",),
            registry=self.registry,
            multiprocess_mode="livemin",
        )
        self.calls = Histogram(
            "rialto_calls_seconds",
            "Calls to services in other processes, by how they ended.",
            ("service", "operation", "outcome"),
            buckets=SECONDS,
            registry=self.registry,
        )
        self.key_values = Counter(
            "rialto_key_values",
            "Questions to the shared key-value server, as far as their outcome tells something.",
            ("outcome",),
            registry=self.registry,
        )
        self.key_values_resting = Gauge(
            "rialto_key_values_resting",
            "1 while the key-value server failed lately and is not asked, as the worker says that noticed last.",
            registry=self.registry,
            multiprocess_mode="mostrecent",
        )
        self.orders = Counter(
            "rialto_checkouts", "Checkouts by outcome.", ("outcome",), registry=self.registry
        )
        self.events = Counter("rialto_events", "Events by step.", ("step",), registry=self.registry)
        self.jobs = Counter(
            "rialto_job_items", "Things done by background jobs.", ("job",), registry=self.registry
        )
        self.failures = Counter(
            "rialto_failures", "Failures in loops that survive.", ("where",), registry=self.registry
        )
        self.spans = Counter("rialto_trace_spans", "Spans that were kept.", ("outcome",), registry=registry)
        # Counted in the database at each scrape, so it is of the whole shop whoever counted last.
        self.outbox = Gauge(
            "rialto_outbox_waiting",
            "Events waiting for the relay.",
            ("service",),
            registry=self.registry,
            multiprocess_mode="mostrecent",
        )

    def text(self) -> bytes:
        """The Prometheus exposition format 0.0.4."""
        return generate_latest(self._scraped)


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
