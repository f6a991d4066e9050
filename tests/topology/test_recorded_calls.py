"""What an earlier release sends is read by this one: commands and replies of every operation that crosses between processes."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.tidy.test_events import still_says
from tests.topology.record import RECORDED, is_recorded, operations, recordings

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("operation", sorted(operations()))
def test_every_operation_of_this_release_is_recorded(operation: str) -> None:
    assert is_recorded(operation), "run: python -m tests.topology.record"


@pytest.mark.parametrize("place", sorted(recordings()), ids=lambda place: ".".join(map(str, place)))
def test_what_was_recorded_is_still_read(place: tuple[str, int]) -> None:
    """An operation that is gone must still be answered by releases that have it: it is not removed while one runs."""
    signature, message = operations()[place[0]], recordings()[place]
    command = signature.decode_command(bytes(message.command))
    reply = signature.decode_reply(bytes(message.reply))
    assert still_says(json.loads(signature.encode(command)), json.loads(bytes(message.command)))
    assert still_says(json.loads(signature.encode(reply)), json.loads(bytes(message.reply)))


@pytest.mark.parametrize("operation", ["orders.checkout", "inventory.reserve", "payments.authorise"])
def test_what_a_later_release_adds_is_passed_over(operation: str) -> None:
    signature, message = operations()[operation], recordings()[operation, 1]
    command = {**json.loads(bytes(message.command)), "of_a_later_release": {"anything": [1, 2]}}
    assert signature.decode_command(json.dumps(command).encode()) == signature.decode_command(
        bytes(message.command)
    )


def test_recordings_are_all_read() -> None:
    counted = Counter(path.stem.rpartition(".")[0] for path in RECORDED.glob("*.json"))
    assert sum(counted.values()) == len(recordings())
    assert counted.keys() >= operations().keys()
