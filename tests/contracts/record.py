"""Records one body of every event type of this release: `python -m tests.contracts.record`.

What is recorded is never written again, so that the tests keep what earlier releases wrote. A new type or
schema version gets a new file (`orders.placed.1.json`), and so does a type that gained fields without a new
version (`orders.placed.1-2.json`).
"""

from __future__ import annotations

import enum
import importlib
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from rialto.kernel.events import Event
from rialto.kernel.ids import BUCKETS, Kind
from rialto.kernel.money import Money
from tests.support.values import seeded_ids

RECORDED = Path(__file__).parent / "recorded"
PUBLISHERS = ("catalog", "identity", "inventory", "orders", "payments", "reviews")


@cache
def recordings() -> dict[tuple[str, int, int], bytes]:
    """Bodies by type, schema version and shape."""
    found = {}
    for path in sorted(RECORDED.glob("*.json")):
        name, _, place = path.stem.rpartition(".")
        version, _, shape = place.partition("-")
        found[name, int(version), int(shape or 1)] = path.read_bytes()
    return found


def shapes_of(event: type[Event]) -> list[bytes]:
    """What was recorded of this schema version, the oldest shape first."""
    return [
        body
        for (name, version, _), body in sorted(recordings().items())
        if (name, version) == (event.TYPE, event.SCHEMA_VERSION)
    ]


def is_recorded(event: type[Event]) -> bool:
    """Whether one of the recordings has just the fields that the event has now."""
    return any(
        fields_of(msgspec.json.decode(body)) == fields_of(msgspec.json.decode(body_of(event)))
        for body in shapes_of(event)
    )


def fields_of(value: Any, path: str = "") -> set[str]:
    """Where every value stands."""
    if isinstance(value, dict):
        return {path}.union(*(fields_of(inner, f"{path}.{key}") for key, inner in value.items()))
    if isinstance(value, list):
        return {path}.union(*(fields_of(inner, f"{path}[]") for inner in value))
    return {path}


def record() -> list[str]:
    """Write what is missing; the names of the new files."""
    RECORDED.mkdir(exist_ok=True)
    written = []
    for service in PUBLISHERS:
        for event in importlib.import_module(f"rialto.{service}.events").EVENTS:
            if is_recorded(event):
                continue
            shape = len(shapes_of(event)) + 1
            place = f"{event.SCHEMA_VERSION}" if shape == 1 else f"{event.SCHEMA_VERSION}-{shape}"
            path = RECORDED / f"{event.TYPE}.{place}.json"
            path.write_bytes(msgspec.json.format(body_of(event)) + b"\n")
            written.append(path.name)
    return written


def body_of(event: type[Event]) -> bytes:
    """A body in which every field has a likely value, also those that may be left out."""
    return msgspec.json.encode(msgspec.convert(example(inspect.type_info(event), event.TYPE), event))


def example(kind: inspect.Type, name: str, within: frozenset[type] = frozenset()) -> Any:  # noqa: PLR0911 - one line per kind of type
    """A likely value, by the field's type and name; of several types the first. `within`: a tree ends where it
    would go on with what it is a part of."""
    match kind:
        case inspect.CustomType() | inspect.AnyType():
            return name
        case inspect.Metadata():
            return example(kind.type, name, within)
        case inspect.StructType() | inspect.DataclassType():
            if kind.cls is Money:
                return {"amount": 1999, "currency": "EUR"}
            tag_field = getattr(kind, "tag_field", None)
            return {
                **({tag_field: getattr(kind, "tag", None)} if tag_field else {}),
                **{f.encode_name: example(f.type, f.name, within | {kind.cls}) for f in kind.fields},
            }
        case inspect.UnionType():
            return example(next(t for t in kind.types if not isinstance(t, inspect.NoneType)), name, within)
        case inspect.ListType() | inspect.VarTupleType() | inspect.SetType() | inspect.FrozenSetType():
            item = kind.item_type
            ends = isinstance(item, inspect.StructType) and item.cls in within
            return [] if ends else [example(item, name, within)]
        case inspect.TupleType():
            return [example(item, name, within) for item in kind.item_types]
        case inspect.DictType():
            return {example(kind.key_type, "key"): example(kind.value_type, name, within)}
        case inspect.EnumType():
            member: enum.Enum = next(iter(kind.cls))
            return member.value
        case inspect.LiteralType():
            return kind.values[0]
        case inspect.StrType():
            return _word(name)
        case _:
            return _PLAIN[type(kind)]


_PLAIN: dict[type[inspect.Type], Any] = {
    inspect.IntType: 2,
    inspect.FloatType: 2.5,
    inspect.BytesType: "YnJlYWQ=",
    inspect.DecimalType: "0.19",
    inspect.TimeDeltaType: "PT90S",
    inspect.BoolType: True,
    inspect.DateTimeType: "2026-01-05T09:00:00Z",
    inspect.DateType: "2026-01-05",
    inspect.UUIDType: "019b8d62-7a80-7005-8000-000000000001",
    inspect.NoneType: None,
}


def _word(name: str) -> str:
    """Ids look like ids, currencies like currencies; anything else says its name."""
    kinds: dict[str, Kind[Any]] = {
        "order_id": Kind("ord"),
        "payment_id": Kind("pay"),
        "cart_id": Kind("cart"),
        "product_id": Kind("prod"),
        "account_id": Kind("acc"),
        "letter_id": Kind("let"),
    }
    if name in kinds:
        return str(kinds[name].new(seeded_ids(len(name)), len(name) % BUCKETS))
    return {"currency": "EUR", "country": "DE", "language": "de", "tax_rate": "0.19", "rate": "0.19"}.get(
        name, name
    )


if __name__ == "__main__":
    for file_name in record():
        print(file_name)
