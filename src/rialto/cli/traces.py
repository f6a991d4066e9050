"""`rialto traces`: what the platform's sink keeps of requests; one of them as a tree over all processes."""

from __future__ import annotations

import argparse
import http.client
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import msgspec

from rialto.cli.cluster import add_data, data_folder
from rialto.cli.run import refuse
from rialto.cluster.engines import SINK
from rialto.cluster.layout import HOST, Layout, read_layout
from rialto.cluster.sink_store import StoredSpan, Summary

SLOW_MS = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", nargs="?", metavar="ID", help="one trace as a tree; without: the newest")
    parser.add_argument(
        "--slow",
        type=int,
        nargs="?",
        const=SLOW_MS,
        default=0,
        metavar="MS",
        help=f"only those with a span of so many milliseconds; {SLOW_MS}",
    )
    parser.add_argument("--errors", action="store_true", help="only those in which something failed")
    parser.add_argument("--lines", type=int, default=30, help="at most so many; 30")
    parser.add_argument("--json", action="store_true", help="for programs")
    add_data(parser)


def run(options: argparse.Namespace, out: Callable[[str], None]) -> int:
    """0 when there is something to show, 1 otherwise."""
    layout = read_layout(data_folder(options))
    if SINK not in layout.engine_ports:
        return refuse(f"The platform in {data_folder(options)} keeps no traces.")
    port = layout.engine_ports[SINK]
    if options.id is not None:
        return _show(options, layout, port, out)
    query = urlencode(
        {"slower_ms": max(options.slow, 0), "errors": int(options.errors), "limit": max(options.lines, 1)}
    )
    body = _ask(port, f"/traces?{query}")
    if body is None:
        return refuse("The sink of traces does not answer.")
    found = msgspec.json.decode(body, type=list[Summary])
    for line in [body.decode()] if options.json else listed(found):
        out(line)
    return 0 if found else 1


def _show(options: argparse.Namespace, layout: Layout, port: int, out: Callable[[str], None]) -> int:
    body = _ask(port, f"/traces/{quote(options.id, safe='')}")
    if body is None:
        return refuse(
            f"There is no trace {options.id}; most requests are not sampled (RIALTO_TRACE_PERCENT)."
        )
    for line in (
        [body.decode()]
        if options.json
        else tree(msgspec.json.decode(body, type=list[StoredSpan]), names_in(layout))
    ):
        out(line)
    return 0


def listed(traces: Sequence[Summary]) -> Iterator[str]:
    if traces:
        yield f"{'began':<13}{'trace':<34}{'longest':>9}{'spans':>7}{'processes':>11}{'errors':>8}  name"
    for trace in traces:
        at = datetime.fromtimestamp(trace.began_ns / 1e9, UTC).strftime("%H:%M:%S.%f")[:12]
        yield (
            f"{at:<13}{trace.trace_id:<34}{_ms(trace.took_ns):>9}{trace.spans:>7}{trace.processes:>11}"
            f"{trace.errors or '-':>8}  {trace.name}"
        )


def tree(spans: Sequence[StoredSpan], names: Mapping[str, str]) -> Iterator[str]:
    """One line a span: when it began after the first, how long it took, what it is, where, and what failed.

    A span whose parent is not here (it was not kept, or is still under way) stands at the left.
    """
    known = {span.span_id for span in spans}
    below: dict[str, list[StoredSpan]] = {}
    for span in spans:
        below.setdefault(span.parent_id if span.parent_id in known else "", []).append(span)
    zero = min((span.began_ns for span in spans), default=0)
    yield f"{'after':>10}{'took':>10}  {'process':<12} span"
    waiting = [(span, 0) for span in reversed(below.get("", []))]
    shown: set[str] = set()
    while waiting:
        span, depth = waiting.pop()
        if span.span_id in shown:
            continue
        shown.add(span.span_id)
        failed = f"  FAILED {span.error}" if span.error else ""
        process = names.get(span.process.split(":")[1] if span.process.count(":") == 2 else "", span.service)
        yield (
            f"{_ms(span.began_ns - zero):>10}{_ms(span.ended_ns - span.began_ns):>10}  {process:<12} "
            f"{'  ' * depth}{span.name}{failed}"
        )
        waiting += [(child, depth + 1) for child in reversed(below.get(span.span_id, []))]


def names_in(layout: Layout) -> dict[str, str]:
    """Replicas by their operations port, which stands in what their spans say of themselves."""
    return {str(replica.ops_port): replica.name for replica in layout.replicas}


def _ask(port: int, path: str) -> bytes | None:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return body if answer.status == 200 else None


def _ms(ns: int) -> str:
    return f"{ns / 1e6:.1f} ms" if ns < 100_000_000_000 else f"{ns / 1e9:.0f} s"
