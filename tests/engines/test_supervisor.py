"""What the watch does with a part that ends, told by parts that are no processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from rialto.engines.processes import CannotStart
from rialto.engines.supervisor import StopAsked, Supervisor, _Watched

pytestmark = pytest.mark.fast


class Scripted:
    """Ends as often as `starts` has answers; afterwards it lives, and somebody asks the shop to stop."""

    name = "part"

    def __init__(self, *starts: bool | CannotStart) -> None:
        self._starts = list(starts)

    def is_running(self) -> bool:
        if not self._starts:
            raise StopAsked
        return False

    def start(self) -> bool:
        answer = self._starts.pop(0)
        if isinstance(answer, CannotStart):
            raise answer
        return answer

    def keep_tidy(self) -> None:
        pass


def watched(part: Scripted, data: Path) -> list[str]:
    said: list[str] = []
    supervisor = Supervisor(data, said.append, watch_every_s=0.01)
    supervisor._watched.append(_Watched(part))
    with pytest.raises(StopAsked):
        supervisor.watch()
    return said


def test_ended_part_is_started_again(tmp_path: Path) -> None:
    assert watched(Scripted(True), tmp_path) == ["The part ended unexpectedly", "The part is started again"]


def test_part_that_waits_for_room_is_asked_again_and_reported_once(tmp_path: Path) -> None:
    assert watched(Scripted(False, False, False, True), tmp_path) == [
        "The part ended unexpectedly",
        f"The disk of {tmp_path} is full: the part starts again once there is room",
        "The part is started again",
    ]


def test_failed_start_is_reported_and_tried_again(tmp_path: Path) -> None:
    said = watched(Scripted(CannotStart("No luck."), True), tmp_path)
    assert said == ["The part ended unexpectedly", "No luck.", "The part is started again"]


def test_part_that_never_starts_stops_the_shop(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, lambda _: None, watch_every_s=0.01, pauses_s=(0.0,))
    supervisor._watched.append(_Watched(Scripted(*[CannotStart("No luck.")] * 9)))
    with pytest.raises(CannotStart, match="ended 6 times"):
        supervisor.watch()
