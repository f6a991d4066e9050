"""Facts are for ever: types are unique, and what one release wrote the next one reads."""

from __future__ import annotations

import importlib
import json
import re

import msgspec
import pytest

from rialto.kernel.events import Event, EventTypes
from tests.contracts.record import PUBLISHERS, RECORDED, is_recorded, recordings, shapes_of
from tests.tidy.sources import SERVICES, SRC

pytestmark = pytest.mark.fast


def event_types() -> dict[str, list[type[Event]]]:
    """Each service's, as its `events.py` lists them."""
    return {
        service: list(importlib.import_module(f"rialto.{service}.events").EVENTS)
        for service in SERVICES
        if (SRC / service / "events.py").exists()
    }


ALL = [event for events in event_types().values() for event in events]


def test_every_type_is_unique_and_named_for_what_happened() -> None:
    names = [event.TYPE for event in ALL]
    assert len(names) == len(set(names))
    for service, events in event_types().items():
        for event in events:
            assert re.fullmatch(rf"{service}\.[a-z]+(_[a-z]+)*", event.TYPE), event
            assert event.SCHEMA_VERSION >= 1


def test_every_event_is_listed_for_whoever_wires_the_shop() -> None:
    for service, events in event_types().items():
        module = importlib.import_module(f"rialto.{service}.events")
        defined = {
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, Event) and value.__module__ == module.__name__
        }
        assert defined == set(events)
        declared = importlib.import_module(f"rialto.{service}.service").SERVICE
        assert set(declared.events) == set(events)


@pytest.mark.parametrize("event", ALL, ids=lambda event: event.TYPE)
def test_this_releases_body_of_every_event_is_recorded(event: type[Event]) -> None:
    assert is_recorded(event), "run: python -m tests.contracts.record"


@pytest.mark.parametrize("place", sorted(recordings()), ids=lambda place: ".".join(map(str, place)))
def test_what_was_recorded_is_still_read(place: tuple[str, int, int]) -> None:
    type_name, version, _ = place
    body = recordings()[place]
    event = EventTypes(ALL).decode(type_name, version, body)
    if version == type(event).SCHEMA_VERSION:
        assert still_says(msgspec.to_builtins(event), json.loads(body))


def still_says(written: object, recorded: object) -> bool:
    """Whether all that was recorded is there, at whatever depth. Later releases may add."""
    if isinstance(recorded, dict):
        assert isinstance(written, dict)
        return all(name in written and still_says(written[name], value) for name, value in recorded.items())
    if isinstance(recorded, list):
        assert isinstance(written, list)
        return len(written) == len(recorded) and all(map(still_says, written, recorded))
    return written == recorded


def test_nothing_personal_stands_in_an_event() -> None:
    personal = {"email", "name", "phone", "line1", "line2", "postal_code", "address", "shipping", "billing"}
    for event in ALL:
        if event.TYPE.startswith("catalog."):
            continue  # names of products and categories
        for body in shapes_of(event):
            assert personal.isdisjoint(keys_of(json.loads(body))), event


def keys_of(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for inner in value.values() for key in keys_of(inner)}
    if isinstance(value, list):
        return {key for inner in value for key in keys_of(inner)}
    return set()


def test_whoever_publishes_is_recorded() -> None:
    assert set(PUBLISHERS) == set(event_types())


def test_recordings_are_readable_files() -> None:
    assert RECORDED.is_dir()
    assert len(recordings()) >= len(ALL)
