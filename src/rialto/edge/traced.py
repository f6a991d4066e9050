"""Requests from outside as the first spans of traces, named by their route and never by their address.

What a trusted proxy says of the trace counts: its traceparent, or a request id of 32 hexadecimal digits, which then is the
trace's id. So the proxy's log, ours and the trace have one id. Anybody else's headers begin nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from rialto.edge.cached import Scope
from rialto.kernel import tracing
from rialto.kernel.tracing import Entry, Kind, NoSpan, Parent, Tracer, is_trace_id, parse_traceparent

# Others than these are written as _OTHER, so that names stay bounded (OpenTelemetry's conventions for HTTP).
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ROUTE = "other"
HEALTH = "/health/"


def request_entry(
    tracer: Tracer, scope: Scope, headers: Mapping[bytes, bytes], request_id: str, *, trusted: bool
) -> Entry | NoSpan:
    """The part of a trace that this request is; `request_id` is the trusted proxy's, empty without."""
    # Whoever asks whether this process is ready asks all the time, and a no is an answer.
    if not tracer.on or scope["path"].startswith(HEALTH):
        return tracing.NO_SPAN
    return tracer.entry(
        "request", Kind.SERVER, parent=_parent(headers, trusted=trusted), trace_id=_own_id(request_id)
    )


def note_answer(scope: Scope, route: str, status: int) -> None:
    """What came of the request whose block this is in."""
    span = tracing.current()
    if span is not None:
        _describe(span, scope, route)
        span.set("http.response.status_code", status)
        if status >= 500:
            span.fail(str(status))


def note_kept_answer(
    tracer: Tracer, scope: Scope, headers: Mapping[bytes, bytes], *, trusted: bool, began: float
) -> None:
    """An answer that was ready. They are many and nothing goes wrong with them: only sampled ones are recorded.

    Such pages are the same for everybody, so their path may be told.
    """
    parent = _parent(headers, trusted=trusted)
    request_id = headers.get(b"x-request-id", b"").decode("latin-1") if trusted else ""
    trace_id = _own_id(request_id) or tracer.new_trace_id()
    if not (tracer.chosen(trace_id) if parent is None else parent.sampled):
        return
    entry = tracer.entry("request", Kind.SERVER, parent=parent, trace_id=trace_id)
    if isinstance(entry, Entry):
        entry.began = began
        with entry:
            _describe(entry, scope, NO_ROUTE)
            entry.set("url.path", scope["path"])
            entry.set("rialto.cache", "hit")


def _describe(span: tracing.Span, scope: Scope, route: str) -> None:
    method = scope["method"] if scope["method"] in METHODS else "_OTHER"
    span.name = method if route == NO_ROUTE else f"{method} {route}"
    span.set("http.request.method", method)
    span.set("url.scheme", scope.get("scheme", "http"))
    if route != NO_ROUTE:
        span.set("http.route", route)


def _parent(headers: Mapping[bytes, bytes], *, trusted: bool) -> Parent | None:
    if not trusted or b"traceparent" not in headers:
        return None
    return parse_traceparent(headers[b"traceparent"].decode("latin-1"))


def _own_id(request_id: str) -> str:
    return request_id if is_trace_id(request_id) else ""
