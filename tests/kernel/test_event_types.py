from __future__ import annotations

from typing import Any, ClassVar

import msgspec
import pytest

from rialto.kernel.events import Event, EventTypes, Upcaster

pytestmark = pytest.mark.fast


class Baked(Event):
    TYPE: ClassVar[str] = "bakery.baked"
    SCHEMA_VERSION: ClassVar[int] = 3
    bread: str
    grams: int
    oven: str = "stone"


def split_weight(old: dict[str, Any]) -> dict[str, Any]:
    return {**old, "grams": old["kilograms"] * 1000}


def rename_loaf(old: dict[str, Any]) -> dict[str, Any]:
    return {**old, "bread": old["loaf"]}


UPCASTERS: dict[tuple[str, int], Upcaster] = {
    ("bakery.baked", 1): rename_loaf,
    ("bakery.baked", 2): split_weight,
}


def test_a_body_of_this_version_is_decoded_as_it_stands() -> None:
    types = EventTypes([Baked])
    assert types.decode("bakery.baked", 3, b'{"bread":"rye","grams":750}') == Baked(bread="rye", grams=750)


def test_fields_of_a_later_release_are_ignored() -> None:
    body = b'{"bread":"rye","grams":750,"crust":"dark"}'
    assert EventTypes([Baked]).decode("bakery.baked", 4, body) == Baked(bread="rye", grams=750)


def test_older_bodies_are_brought_forward_step_by_step() -> None:
    types = EventTypes([Baked], UPCASTERS)
    assert types.decode("bakery.baked", 1, b'{"loaf":"rye","kilograms":1}') == Baked(bread="rye", grams=1000)
    assert types.decode("bakery.baked", 2, '{"bread":"rye","kilograms":2}') == Baked(bread="rye", grams=2000)


def test_an_unknown_type_or_a_missing_step_is_a_key_error_to_park_by() -> None:
    types = EventTypes([Baked])
    assert types.knows("bakery.baked")
    assert not types.knows("bakery.sold")
    with pytest.raises(KeyError):
        types.decode("bakery.sold", 1, b"{}")
    with pytest.raises(KeyError):
        types.decode("bakery.baked", 1, b"{}")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"bread":1,"grams":1}', b'{"bread":"rye"}'])
def test_a_broken_body_is_told(body: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        EventTypes([Baked]).decode("bakery.baked", 3, body)


def test_facts_are_frozen_and_written_by_keyword() -> None:
    with pytest.raises(AttributeError):
        Baked(bread="rye", grams=1).grams = 2  # type: ignore[misc]
    with pytest.raises(TypeError):
        Baked("rye", 1)  # type: ignore[call-arg]
