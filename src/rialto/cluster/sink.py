"""`python -m rialto.cluster.sink`: takes traces by OTLP over HTTP on loopback and answers what `rialto traces` asks.

    POST /v1/traces                 protobuf, also with gzip (https://opentelemetry.io/docs/specs/otlp/)
    GET  /traces?slower_ms=&errors=&limit=     the newest, as JSON
    GET  /traces/<id>               the spans of one

For a platform on one machine; in production a collector stands in its place.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from rialto.cluster.layout import HOST
from rialto.cluster.sink_store import SpanStore, StoredSpan
from rialto.kernel.clock import SystemClock
from rialto.kernel.tracing import is_trace_id

BODY_BYTES_MAX = 16 * 2**20
LISTED_MAX = 500
LISTED = 30
FAILED = 2  # STATUS_CODE_ERROR
PROTOBUF = "application/x-protobuf"


class Sink:
    """The web application's handlers."""

    def __init__(self, store: SpanStore) -> None:
        self._store = store

    def application(self) -> web.Application:
        made = web.Application(client_max_size=BODY_BYTES_MAX)
        made.router.add_post("/v1/traces", self.take)
        made.router.add_get("/traces", self.list)
        made.router.add_get("/traces/{id}", self.show)
        return made

    async def take(self, request: web.Request) -> web.Response:
        if request.content_type != PROTOBUF:
            return _refused(415, f"Traces are taken as {PROTOBUF}.")
        # What is compressed, aiohttp has read through already; its bound holds for what comes out.
        try:
            told = ExportTraceServiceRequest.FromString(await request.read())
        except (DecodeError, web.RequestPayloadError):
            return _refused(400, "This is no ExportTraceServiceRequest.")
        self._store.add(list(spans_of(told)))
        return web.Response(body=ExportTraceServiceResponse().SerializeToString(), content_type=PROTOBUF)

    async def list(self, request: web.Request) -> web.Response:
        limit, slower_ms = request.query.get("limit", str(LISTED)), request.query.get("slower_ms", "0")
        if not all(text.isascii() and text.isdecimal() and len(text) < 8 for text in (limit, slower_ms)):
            return _refused(400, "limit and slower_ms are whole numbers.")
        found = self._store.traces(
            slower_ms=int(slower_ms),
            errors=request.query.get("errors") == "1",
            limit=min(int(limit), LISTED_MAX),
        )
        return _json(found)

    async def show(self, request: web.Request) -> web.Response:
        trace_id = request.match_info["id"]
        found = self._store.trace(trace_id) if is_trace_id(trace_id) else []
        return _json(found) if found else _refused(404, "There is no such trace.")


def spans_of(told: ExportTraceServiceRequest) -> Iterable[StoredSpan]:
    """Those with whole ids; others are passed over, as the protocol says of what is not valid."""
    for of_process in told.resource_spans:
        about = {pair.key: _value(pair.value) for pair in of_process.resource.attributes}
        for scope in of_process.scope_spans:
            for span in scope.spans:
                if len(span.trace_id) != 16 or len(span.span_id) != 8:
                    continue
                attributes = {pair.key: _value(pair.value) for pair in span.attributes}
                failed = span.status.code == FAILED
                yield StoredSpan(
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    service=str(about.get("service.name", "")),
                    process=str(about.get("service.instance.id", "")),
                    name=span.name,
                    kind=span.kind,
                    began_ns=min(span.start_time_unix_nano, 2**62),
                    ended_ns=min(span.end_time_unix_nano, 2**62),
                    error=str(attributes.get("error.type", "error")) if failed else "",
                    attributes=attributes,
                    links=[link.trace_id.hex() for link in span.links],
                )


def _value(value: Any) -> Any:
    """Of an AnyValue what we send ourselves; lists and maps as text."""
    kind = value.WhichOneof("value")
    simple = {"string_value", "bool_value", "int_value", "double_value"}
    return getattr(value, kind) if kind in simple else str(value).strip()


def _json(value: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")


def _refused(status: int, sentence: str) -> web.Response:
    return web.Response(status=status, text=sentence + "\n")


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m rialto.cluster.sink", description=__doc__)
    parser.add_argument("--port", type=int, required=True, metavar="PORT")
    parser.add_argument("--file", required=True, metavar="FILE", help="where traces are kept")
    options = parser.parse_args(arguments)
    store = SpanStore(Path(options.file), SystemClock())
    try:
        return asyncio.run(_serve(Sink(store), options.port))
    finally:
        store.close()


async def _serve(sink: Sink, port: int) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(sink.application(), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
    except OSError as problem:
        sys.stderr.write(f"Port {port} cannot be used: {problem.strerror}.\n")
        await runner.cleanup()
        return 1
    await stop.wait()
    await runner.cleanup()
    return 0


if __name__ == "__main__":
    sys.exit(main())
