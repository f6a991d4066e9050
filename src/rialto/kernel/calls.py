"""Calls between services: in one process as they would be between processes, and between processes.

`bind` wraps an implementation in a caller that looks like its interface: each operation gets its declared
time limit, and under `strict` its command, its reply and its errors are encoded and decoded as on the wire, so that
nothing that only works locally can creep in. `connect` makes a caller of the same shape whose operations are sent
elsewhere (kernel/remote.py). Whoever calls cannot tell the two apart.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from rialto.kernel import tracing
from rialto.kernel.clock import Clock
from rialto.kernel.errors import RialtoError
from rialto.kernel.resilience import time_limit
from rialto.kernel.service import Operation
from rialto.kernel.wire import Signature, decode_error, encode_error, signatures_of

T = TypeVar("T")


# Told of each call: its operation, and its reply or what it raised.
Tally = Callable[[str, Any], None]


def bind(api: type[T], implementation: Any, *, clock: Clock, strict: bool, tally: Tally | None = None) -> T:
    """A caller of `implementation` with the shape of `api`. Raises TypeError when a method is missing."""
    caller = _Caller()
    for name, signature in signatures_of(api).items():
        method = getattr(implementation, name, None)
        if method is None:
            raise TypeError(f"{type(implementation).__name__} has no {name}, which {api.__name__} promises")
        call = _as_on_the_wire(method, signature) if strict else method
        call = _limited(call, signature.declared, clock, span=f"{api.__name__.lower()}.{name}")
        setattr(caller, name, call if tally is None else _counted(call, name, tally))
    return caller  # type: ignore[return-value]


def connect(api: type[T], send: Callable[[Signature, Any], Awaitable[Any]]) -> T:
    """A caller with the shape of `api` that has each operation carried out by `send`."""
    caller = _Caller()
    for name, signature in signatures_of(api).items():
        setattr(caller, name, partial(send, signature))
    return caller  # type: ignore[return-value]


class _Caller:
    """Attributes are set by `bind` and `connect`, one per operation."""


def _limited(
    method: Callable[[Any], Awaitable[Any]], declared: Operation, clock: Clock, *, span: str
) -> Callable[[Any], Awaitable[Any]]:
    async def call(command: Any) -> Any:
        async with time_limit(clock, declared.timeout_s, idempotent=declared.idempotent):
            with tracing.span(span):
                return await method(command)

    return call


def _counted(
    method: Callable[[Any], Awaitable[Any]], name: str, tally: Tally
) -> Callable[[Any], Awaitable[Any]]:
    async def call(command: Any) -> Any:
        try:
            reply = await method(command)
        except BaseException as error:
            tally(name, error)
            raise
        tally(name, reply)
        return reply

    return call


def _as_on_the_wire(
    method: Callable[[Any], Awaitable[Any]], signature: Signature
) -> Callable[[Any], Awaitable[Any]]:
    async def call(command: Any) -> Any:
        try:
            reply = await method(signature.decode_command(signature.encode(command)))
        except RialtoError as error:
            raise decode_error(encode_error(error)) from error
        return signature.decode_reply(signature.encode(reply))

    return call
