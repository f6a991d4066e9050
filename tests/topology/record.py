"""Records a command and a reply of every operation that processes ask each other for: `python -m tests.topology.record`.

Two releases run side by side during an upgrade, so each must read what the other writes. What is recorded is never written
again; an operation whose command or reply gained fields gets another file (`orders.get.2.json`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from rialto.app import ALL
from rialto.kernel.personal import Keeper
from rialto.kernel.upkeep import Upkeep
from rialto.kernel.wire import Signature, signatures_of
from tests.contracts.record import example, fields_of

RECORDED = Path(__file__).parent / "recorded"


class Message(msgspec.Struct, frozen=True):
    """What goes over and what comes back, as on the wire."""

    command: msgspec.Raw
    reply: msgspec.Raw


@cache
def operations() -> Mapping[str, Signature]:
    """By "service.operation". What each service can be asked for beside its own interface is the same for all."""
    interfaces = {service.name: service.api for service in ALL} | {"upkeep": Upkeep, "personal": Keeper}
    return {
        f"{name}.{signature.name}": signature
        for name, api in interfaces.items()
        for signature in signatures_of(api).values()
    }


@cache
def recordings() -> Mapping[tuple[str, int], Message]:
    """By operation and shape."""
    found = {}
    for path in sorted(RECORDED.glob("*.json")):
        name, _, shape = path.stem.rpartition(".")
        found[name, int(shape)] = msgspec.json.decode(path.read_bytes(), type=Message)
    return found


def shapes_of(operation: str) -> list[Message]:
    return [message for (name, _), message in sorted(recordings().items()) if name == operation]


def is_recorded(operation: str) -> bool:
    """Whether one of the recordings has just the fields that command and reply have now."""
    return any(_fields(message) == _fields(message_of(operation)) for message in shapes_of(operation))


def message_of(operation: str) -> Message:
    """One in which every field has a likely value, also those that may be left out."""
    signature = operations()[operation]
    return Message(
        command=msgspec.Raw(signature.encode(_made(signature.decode_command, signature.command))),
        reply=msgspec.Raw(signature.encode(_made(signature.decode_reply, signature.reply))),
    )


def _made(decode: Any, declared: Any) -> Any:
    return decode(msgspec.json.encode(example(inspect.type_info(declared), "value")))


def _fields(message: Message) -> tuple[set[str], set[str]]:
    command, reply = (msgspec.json.decode(body) for body in (message.command, message.reply))
    return fields_of(command), fields_of(reply)


def record() -> list[str]:
    """Write what is missing; the names of the new files."""
    RECORDED.mkdir(exist_ok=True)
    written = []
    for operation in operations():
        if is_recorded(operation):
            continue
        path = RECORDED / f"{operation}.{len(shapes_of(operation)) + 1}.json"
        path.write_bytes(msgspec.json.format(msgspec.json.encode(message_of(operation))) + b"\n")
        written.append(path.name)
    return written


if __name__ == "__main__":
    for file_name in record():
        print(file_name)
