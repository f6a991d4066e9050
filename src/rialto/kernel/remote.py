"""Calling a service that lives in other processes.

One level decides about failure, here: a call has its declared time or what is left of the request's, goes to one
replica after the other while nothing has been sent, and is repeated only where the operation is idempotent and the
retry budget allows. A breaker stops calling a service that keeps failing, a bulkhead bounds how many calls wait for it.
A reply that was lost is Unavailable for an idempotent operation and OutcomeUnknown for any other: never a guess.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import Any, Protocol

import msgspec
import structlog

from rialto.kernel import tracing
from rialto.kernel.clock import Clock
from rialto.kernel.errors import OutcomeUnknown, Overloaded, Unavailable
from rialto.kernel.ids import Ids
from rialto.kernel.importance import IMPORTANCE_HEADER, importance_now
from rialto.kernel.positions import note_write, seen_now, write_lsn
from rialto.kernel.replicas import Replica, Replicas
from rialto.kernel.resilience import Breaker, Bulkhead, RetryBudget, retry, time_left
from rialto.kernel.telemetry import Metrics
from rialto.kernel.tracing import Kind
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
    decode_error,
)

CALLS_AT_ONCE = 200
CALLS_WAITING = 400

log = structlog.get_logger("rialto.calls")

# How many calls to other processes the running request has made, where somebody counts (budgets in tests, metrics).
calls_made: ContextVar[list[str] | None] = ContextVar("rialto_calls_made", default=None)


class Answer(msgspec.Struct, frozen=True):
    """What came back: header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NotSent(Exception):
    """Nothing reached the other side (no connection)."""


class AnswerLost(Exception):
    """The request went out and no whole answer came back."""


class Transport(Protocol):
    """The port that carries one request to one address."""

    async def post(
        self, address: str, path: str, body: bytes, headers: Mapping[str, str], *, group: str
    ) -> Answer:
        """The answer, whatever its status. Raises NotSent, AnswerLost; a cancelled call is given up.

        `group` is whose replica is meant to be at the address: where both sides are proven, it proves that it is one.
        """
        ...

    async def close(self) -> None: ...


class Peer:
    """A group of processes that serves some services: its replicas and how they are reached."""

    def __init__(self, group: str, replicas: Replicas, transport: Transport) -> None:
        self.group = group
        self.replicas = replicas
        self.transport = transport


class RemoteService:
    """One service elsewhere. `token_of(caller)` makes the token that says who calls."""

    def __init__(
        self,
        name: str,
        peer: Peer,
        *,
        clock: Clock,
        ids: Ids,
        metrics: Metrics,
        token_of: Callable[[str, str], str],
    ) -> None:
        self.name = name
        self.breaker = Breaker(clock)
        self._peer = peer
        self._clock = clock
        self._ids = ids
        self._metrics = metrics
        self._token_of = token_of
        self._bulkhead = Bulkhead(CALLS_AT_ONCE, queue=CALLS_WAITING)
        self._budget = RetryBudget()
        metrics.guards.add(name, breaker=self.breaker, bulkhead=self._bulkhead, budget=self._budget)

    def caller(self, caller: str) -> Callable[[Signature, Any], Awaitable[Any]]:
        """How the service `caller` sends an operation here, for `calls.connect`."""

        async def send(signature: Signature, command: Any) -> Any:
            counted = calls_made.get()
            if counted is not None:
                counted.append(f"{self.name}.{signature.name}")
            body = signature.encode(command)
            if not signature.declared.idempotent:
                return await self._once(caller, signature, body)
            return await retry(
                lambda: self._once(caller, signature, body),
                clock=self._clock,
                ids=self._ids,
                budget=self._budget,
            )

        return send

    async def _once(self, caller: str, signature: Signature, body: bytes) -> Any:
        left = time_left(self._clock)
        limit_s = signature.declared.timeout_s if left is None else min(signature.declared.timeout_s, left)
        if limit_s <= 0:
            raise Unavailable
        with tracing.span(f"{self.name}.{signature.name}", Kind.CLIENT) as span:
            span.set("rpc.system", "rialto")
            return await self._guarded(caller, signature, body, limit_s)

    async def _guarded(self, caller: str, signature: Signature, body: bytes, limit_s: float) -> Any:
        async with self._bulkhead.enter(), self.breaker.guard():
            began = self._clock.monotonic()
            outcome = "failed"
            try:
                answer = await self._ask(caller, signature, body, until=began + limit_s)
                outcome = answer.headers[SPOKEN_HEADER]
            finally:
                seconds = self._clock.monotonic() - began
                self._metrics.calls.labels(self.name, signature.name, outcome).observe(seconds)
            if outcome == REFUSAL:
                raise decode_error(answer.body)
            return self._read(signature, answer)

    def _read(self, signature: Signature, answer: Answer) -> Any:
        try:
            return signature.decode_reply(answer.body)
        except msgspec.MsgspecError as error:
            log.exception("a reply cannot be read", service=self.name, operation=signature.name)
            raise _lost(signature) from error

    async def _ask(self, caller: str, signature: Signature, body: bytes, *, until: float) -> Answer:
        """Replica after replica, while it is certain that none has begun.

        Raises Unavailable, OutcomeUnknown; Overloaded when the last that could be asked had too much to do.
        """
        tried: list[Replica] = []
        busy: Overloaded | None = None
        while True:
            try:
                replica = await self._peer.replicas.choose(tried)
            except Unavailable:
                raise busy or Unavailable("No process that could answer is known.", retry_after_s=1) from None
            tried.append(replica)
            replica.calls += 1
            try:
                left_s = until - self._clock.monotonic()
                headers = self._headers(caller, left_s)
                async with asyncio.timeout(left_s):
                    answer = await self._peer.transport.post(
                        replica.address,
                        f"{PATH}{self.name}/{signature.name}",
                        body,
                        headers,
                        group=self._peer.group,
                    )
            except NotSent:
                replica.failed(self._clock.monotonic())
                continue
            except (AnswerLost, TimeoutError) as error:
                replica.failed(self._clock.monotonic())
                note_write()  # perhaps
                raise _lost(signature) from error
            finally:
                replica.calls -= 1
            if self._is_spoken(replica, answer):
                return answer
            if answer.headers.get(SPOKEN_HEADER) != TURNED_AWAY:
                raise _lost(signature)
            refusal = decode_error(answer.body)
            busy = refusal if isinstance(refusal, Overloaded) else busy

    def _is_spoken(self, replica: Replica, answer: Answer) -> bool:
        """Whether the service itself answered; what it or something before it said is noted for the replica."""
        now = self._clock.monotonic()
        if LEAVING_HEADER in answer.headers:
            replica.leaves(now)
        if WROTE_HEADER in answer.headers:
            note_write()
        spoken = answer.headers.get(SPOKEN_HEADER)
        if spoken in {REPLY, REFUSAL}:
            replica.answered()
            return True
        if spoken != TURNED_AWAY:
            replica.failed(now)
            log.warning("no answer of the service", service=self.name, status=answer.status)
        return False

    def _headers(self, caller: str, left_s: float) -> dict[str, str]:
        headers = {
            "content-type": "application/json",
            TOKEN_HEADER: f"Bearer {self._token_of(caller, self.name)}",
            DEADLINE_HEADER: str(max(1, int(left_s * 1000))),
            IMPORTANCE_HEADER: importance_now.get().label,
        }
        seen = seen_now()
        if seen is not None and seen.allows is not None:
            headers[POSITION_HEADER] = write_lsn(seen.allows)
        request_id = structlog.contextvars.get_contextvars().get("request_id")
        if request_id:
            headers[REQUEST_ID_HEADER] = str(request_id)
        if traceparent := tracing.traceparent():
            headers[tracing.HEADER] = traceparent
        return headers


def _lost(signature: Signature) -> Unavailable:
    return Unavailable() if signature.declared.idempotent else OutcomeUnknown()
