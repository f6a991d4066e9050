"""Calls from the shop's other processes, on the operations port: `POST /internal/<service>/<operation>`.

Who calls is proven by a token for this service, and whether they may stands in a table that follows from what each
service says it needs. What is left of the caller's time is the time limit here. Everything else on the port is
passed on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog

from rialto.edge.admission import Admission
from rialto.edge.cached import App, Message, Receive, Scope, Send
from rialto.kernel.clock import Clock
from rialto.kernel.errors import Invalid, NotFound, Overloaded, RialtoError
from rialto.kernel.http import status_of
from rialto.kernel.importance import IMPORTANCE_HEADER, importance_named, importance_now
from rialto.kernel.positions import parse_lsn, seeing
from rialto.kernel.resilience import deadline
from rialto.kernel.service_tokens import CallerCheck
from rialto.kernel.tracing import HEADER as TRACEPARENT
from rialto.kernel.tracing import NO_TRACER, Kind, Parent, Tracer, parse_traceparent
from rialto.kernel.wire import (
    DEADLINE_HEADER,
    LEAVING_HEADER,
    PATH,
    POSITION_HEADER,
    REFUSAL,
    REPLY,
    REQUEST_ID_HEADER,
    SPOKEN_HEADER,
    TOKEN_HEADER,
    TURNED_AWAY,
    WROTE_HEADER,
    Signature,
    encode_error,
)

BODY_BYTES_MAX = 64 * 2**20  # pictures travel in commands
DEADLINE_MS_MAX = 600_000

log = structlog.get_logger("rialto.internal")


@dataclass(frozen=True, kw_only=True)
class Served:
    """A service of this process as others call it: `calls` has its bound operations as attributes."""

    signatures: Mapping[str, Signature]
    calls: Any
    check: CallerCheck


@dataclass(frozen=True, kw_only=True)
class _Call:
    name: str
    signature: Signature
    run: Callable[[Any], Awaitable[Any]]
    command: Any
    left_s: float
    position: int | None
    bound: Mapping[str, str]
    cause: Parent | None


class Leaving:
    """Whether this process is being stopped: all is still served, and whoever asks is told to ask others from now on."""

    def __init__(self) -> None:
        self.now = False

    def begin(self) -> None:
        self.now = True


class InternalCalls:
    """The ASGI application of the operations port, around the one for people and programs that watch."""

    def __init__(
        self,
        served: Mapping[str, Served],
        rest: App,
        *,
        clock: Clock,
        leaving: Leaving,
        admission: Admission,
        tracer: Tracer = NO_TRACER,
    ) -> None:
        self._served = served
        self._admission = admission
        self._rest = rest
        self._clock = clock
        self._leaving = leaving
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PATH):
            await self._rest(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        importance = importance_named(headers.get(IMPORTANCE_HEADER.encode(), ""))
        try:
            await self._admission.enter(importance, left_s=_left_s(headers))
        except Overloaded as error:
            # Nothing ran here either, and another replica may have less to do.
            await self._answer(send, status_of(error), TURNED_AWAY, encode_error(error))
            return
        token = importance_now.set(importance)
        try:
            await self._take(scope, headers, receive, send)
        finally:
            importance_now.reset(token)
            self._admission.leave()

    async def _take(self, scope: Scope, headers: Mapping[bytes, str], receive: Receive, send: Send) -> None:
        try:
            call = await self._understand(scope, headers, receive)
        except RialtoError as error:
            # Nothing ran. It may be another release or another shop that asks; another replica may know better.
            log.warning("a call is not taken", path=scope["path"], reason=error.text)
            await self._answer(send, status_of(error), TURNED_AWAY, encode_error(error))
            return
        with seeing(call.position) as seen:
            try:
                status, spoken, body = 200, REPLY, await self._carry_out(call)
            except RialtoError as error:
                status, spoken, body = status_of(error), REFUSAL, encode_error(error)
            except Exception:  # one of the three loops that must survive: a request
                log.exception("a bug", path=scope["path"])
                status, spoken, body = 500, "bug", b""
        await self._answer(send, status, spoken, body, wrote=seen.wrote)

    async def _understand(self, scope: Scope, headers: Mapping[bytes, str], receive: Receive) -> _Call:
        """Raises NotFound, Denied, Invalid."""
        name, _, operation = scope["path"].removeprefix(PATH).partition("/")
        served = self._served.get(name)
        signature = served.signatures.get(operation) if served is not None else None
        if served is None or signature is None or scope["method"] != "POST":
            raise NotFound("This process has no such operation.", code="operation_unknown")
        caller = served.check(headers.get(TOKEN_HEADER.encode(), ""))
        left_ms = _whole_number(headers.get(DEADLINE_HEADER.encode(), ""))
        try:
            command = signature.decode_command(await _body(receive))
        except msgspec.MsgspecError as error:
            raise Invalid(f"The command cannot be read: {error}", code="command_unreadable") from error
        return _Call(
            name=f"{name}.{operation}",
            signature=signature,
            run=getattr(served.calls, operation),
            command=command,
            left_s=left_ms / 1000,
            position=parse_lsn(headers.get(POSITION_HEADER.encode(), "")),
            bound={"request_id": headers.get(REQUEST_ID_HEADER.encode(), ""), "caller": caller},
            cause=parse_traceparent(headers.get(TRACEPARENT.encode(), "")),
        )

    async def _carry_out(self, call: _Call) -> bytes:
        with (
            structlog.contextvars.bound_contextvars(**call.bound),
            self._tracer.entry(call.name, Kind.SERVER, parent=call.cause) as span,
            deadline(self._clock, call.left_s),
        ):
            span.set("rpc.system", "rialto")
            return call.signature.encode(await call.run(call.command))

    async def _answer(
        self, send: Send, status: int, spoken: str, body: bytes, *, wrote: bool = False
    ) -> None:
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (SPOKEN_HEADER.encode(), spoken.encode()),
        ]
        if wrote:
            headers.append((WROTE_HEADER.encode(), b"1"))
        if self._leaving.now:
            headers += [(LEAVING_HEADER.encode(), b"1"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _left_s(headers: Mapping[bytes, str]) -> float | None:
    """What is left of the caller's time, before anything is judged."""
    text = headers.get(DEADLINE_HEADER.encode(), "")
    return int(text[:9]) / 1000 if text.isdecimal() else None


def _whole_number(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text[:9]) <= DEADLINE_MS_MAX:
        raise Invalid(f"A call says in {DEADLINE_HEADER} how long its caller waits.", code="deadline_missing")
    return int(text[:9])


async def _body(receive: Receive) -> bytes:
    """The whole body. Raises Invalid when it is too large, or the caller left before its end."""
    parts: list[bytes] = []
    size = 0
    while True:
        message: Message = await receive()
        if message["type"] != "http.request":
            raise Invalid("The caller left.", code="caller_left")
        part = message.get("body", b"")
        size += len(part)
        if size > BODY_BYTES_MAX:
            raise Invalid("The command is too large.", code="command_too_large")
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)
