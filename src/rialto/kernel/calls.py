"""Calls between services in one process, behaving as calls between processes would.

`bind` wraps an implementation in a caller that looks like its interface: each operation gets its declared
time limit, and under `strict` its command and reply are encoded and decoded as on the wire, so that nothing
that only works locally can creep in. A transport between processes plugs in here.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, get_type_hints

import msgspec

from rialto.kernel.clock import Clock
from rialto.kernel.resilience import time_limit
from rialto.kernel.service import Operation

T = TypeVar("T")


def operations_of(api: type[Any]) -> dict[str, Operation]:
    """The operations a service's interface declares, by method name."""
    found = {}
    for name, member in inspect.getmembers(api):
        declared = getattr(member, "__operation__", None)
        if isinstance(declared, Operation):
            found[name] = declared
    return found


def bind(api: type[T], implementation: Any, *, clock: Clock, strict: bool) -> T:
    """A caller of `implementation` with the shape of `api`. Raises TypeError when a method is missing."""
    caller = _Caller()
    for name, declared in operations_of(api).items():
        method = getattr(implementation, name, None)
        if method is None:
            raise TypeError(f"{type(implementation).__name__} has no {name}, which {api.__name__} promises")
        hints = get_type_hints(getattr(api, name))
        call = _as_on_the_wire(method, hints) if strict else method
        setattr(caller, name, _limited(call, declared, clock))
    return caller  # type: ignore[return-value]


class _Caller:
    """Attributes are set by `bind`, one per operation."""


def _limited(
    method: Callable[[Any], Awaitable[Any]], declared: Operation, clock: Clock
) -> Callable[[Any], Awaitable[Any]]:
    async def call(command: Any) -> Any:
        async with time_limit(clock, declared.timeout_s, idempotent=declared.idempotent):
            return await method(command)

    return call


def _as_on_the_wire(
    method: Callable[[Any], Awaitable[Any]], hints: dict[str, Any]
) -> Callable[[Any], Awaitable[Any]]:
    command_type = next(hint for name, hint in hints.items() if name != "return")
    decode_command = msgspec.json.Decoder(command_type).decode
    decode_reply = msgspec.json.Decoder(hints["return"]).decode
    encode = msgspec.json.Encoder().encode

    async def call(command: Any) -> Any:
        return decode_reply(encode(await method(decode_command(encode(command)))))

    return call
