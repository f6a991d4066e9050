"""How a call between services looks on the wire: commands and replies by their declared types, errors by name.

`POST /internal/<service>/<operation>` on the operations port; bodies are JSON made by msgspec, so that any proxy, mesh
and curl understands them. An error travels with the names of its class and of the classes above it: whoever
receives it makes the nearest one that it knows. So an older release that has never heard of `CartMerged` meets a
Conflict with the same code and text.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, TypeVar, get_type_hints

import msgspec

from rialto.kernel.errors import Denied, FieldProblem, RialtoError, Unavailable
from rialto.kernel.service import Operation

T = TypeVar("T")

PATH = "/internal/"
# What is left of the caller's time in whole milliseconds: clocks of two machines are not compared.
DEADLINE_HEADER = "rialto-deadline-ms"
REQUEST_ID_HEADER = "rialto-request-id"
TOKEN_HEADER = "authorization"  # noqa: S105 - a header's name
# Every answer of the other side's calls carries this; one without came from something between.
SPOKEN_HEADER = "rialto-answer"
# What the caller's session has seen of the database, where a standby may answer; and, back, that something was written.
POSITION_HEADER = "rialto-position"
WROTE_HEADER = "rialto-wrote"
REPLY = "reply"
REFUSAL = "error"
# It was turned away before anything ran (this replica leaves, or does not know the operation or the caller): another
# one may be asked, whatever the operation.
TURNED_AWAY = "turned-away"
# The replica answers still and ends soon: ask others from now on.
LEAVING_HEADER = "rialto-leaving"

_encoder = msgspec.json.Encoder()


class Signature:
    """One operation of a service's interface: its name, its declaration, and how its values are written.

    Decoders are made when they are first wanted: a process that is all of the shop wants none.
    """

    def __init__(self, name: str, declared: Operation, *, command: Any, reply: Any) -> None:
        self.name = name
        self.declared = declared
        self.command = command
        self.reply = reply

    @cached_property
    def _decode_command(self) -> Callable[[bytes], Any]:
        return msgspec.json.Decoder(self.command).decode

    @cached_property
    def _decode_reply(self) -> Callable[[bytes], Any]:
        return msgspec.json.Decoder(self.reply).decode

    def encode(self, value: Any) -> bytes:
        return _encoder.encode(value)

    def decode_command(self, body: bytes) -> Any:
        """Raises msgspec.ValidationError, msgspec.DecodeError."""
        return self._decode_command(body)

    def decode_reply(self, body: bytes) -> Any:
        """Raises msgspec.ValidationError, msgspec.DecodeError."""
        return self._decode_reply(body)


def operations_of(api: type[Any]) -> dict[str, Operation]:
    """The operations a service's interface declares, by method name."""
    found = {}
    for name, member in inspect.getmembers(api):
        declared = getattr(member, "__operation__", None)
        if isinstance(declared, Operation):
            found[name] = declared
    return found


def signatures_of(api: type[Any]) -> Mapping[str, Signature]:
    """As `operations_of`, ready to be called from elsewhere."""
    found = {}
    for name, declared in operations_of(api).items():
        hints = get_type_hints(getattr(api, name))
        command = next(hint for argument, hint in hints.items() if argument != "return")
        found[name] = Signature(name, declared, command=command, reply=hints["return"])
    return found


class WireError(msgspec.Struct, frozen=True, kw_only=True):
    """An error as it travels. `kinds` names its class first, then those above it."""

    kinds: list[str]
    code: str
    text: str
    fields: list[FieldProblem] = []
    retry_after_s: float | None = None
    extra: dict[str, Any] = {}
    signed_in: bool = True


_decode_error = msgspec.json.Decoder(WireError).decode


def encode_error(error: RialtoError) -> bytes:
    """The error without its cause and traceback: those stand in the log of the process it happened in."""
    kinds = [_name_of(kind) for kind in type(error).__mro__ if issubclass(kind, RialtoError)]
    return _encoder.encode(
        WireError(
            kinds=kinds,
            code=error.stable_code,
            text=error.text,
            fields=list(error.fields),
            retry_after_s=error.retry_after_s,
            extra=error.extra,
            signed_in=error.signed_in if isinstance(error, Denied) else True,
        )
    )


def decode_error(body: bytes) -> RialtoError:
    """The error to raise here. What cannot be read is Unavailable: nothing is known of what happened."""
    try:
        told = _decode_error(body)
    except msgspec.MsgspecError:
        return Unavailable()
    kind = _nearest(told.kinds)
    # Past the subclass's own __init__, whose arguments are its own affair.
    error = kind.__new__(kind)
    RialtoError.__init__(
        error,
        told.text,
        code=told.code,
        fields=tuple(told.fields),
        retry_after_s=told.retry_after_s,
        extra=told.extra,
    )
    if isinstance(error, Denied):
        error.signed_in = told.signed_in
    return error


def _nearest(kinds: list[str]) -> type[RialtoError]:
    known = _known()
    return next((known[name] for name in kinds if name in known), RialtoError)


_by_name: dict[str, type[RialtoError]] = {}


def _known() -> Mapping[str, type[RialtoError]]:
    """All error classes that are imported, by name. Made again when there are more: modules may come later."""
    found = list(_below(RialtoError))
    if len(found) != len(_by_name):
        _by_name.clear()
        _by_name.update((_name_of(kind), kind) for kind in found)
    return _by_name


def _below(kind: type[RialtoError]) -> Iterator[type[RialtoError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _below(child)


def _name_of(kind: type[Any]) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"
