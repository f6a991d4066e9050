"""What the watch does with a part that ends, told by parts that are no processes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rialto.engines.asked_restarts import AskedRestarts
from rialto.engines.processes import CannotStart
from rialto.engines.supervisor import Child, StopAsked, Supervisor, _Watched

pytestmark = pytest.mark.fast


class Scripted:
    """Ends as often as `starts` has answers; afterwards it lives, and somebody asks the shop to stop."""

    name = "part"

    def __init__(self, *starts: bool | CannotStart, vital: bool = True) -> None:
        self._starts = list(starts)
        self.vital = vital

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


def test_part_that_the_shop_can_do_without_is_tried_once_a_minute(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, lambda _: None, pauses_s=(0.0,))
    part = _Watched(Scripted(CannotStart("No luck."), vital=False))
    dues = [supervisor._due_after_death(part, 100.0) for _ in range(8)]
    assert dues == [100.0] * 5 + [160.0] * 3


def test_a_restart_that_is_asked_for_is_no_death(tmp_path: Path) -> None:
    """With a process that ends when asked, and one that does not: it is killed after its grace."""
    for command, grace_s in (
        (("sleep", "600"), 5.0),
        (("sh", "-c", "trap '' TERM; while :; do sleep 1; done"), 0.1),
    ):
        data = tmp_path / command[0]
        (data / "run").mkdir(parents=True)
        said: list[str] = []

        def note(text: str, said: list[str] = said) -> None:
            said.append(text)
            if "is restarted" in text:
                raise StopAsked

        supervisor = Supervisor(data, note, watch_every_s=0.01)
        child = Child("shop-1", command, env=dict(os.environ), data=data, grace_s=grace_s)
        supervisor.start([child], ready=lambda: True)
        first = child.identity
        asks = AskedRestarts(data)
        asks.ask("shop-1")
        asks.ask("shop-1")
        with pytest.raises(StopAsked):
            supervisor.watch()
        assert child.identity not in {None, first}
        assert said == ["The shop-1 is restarted"]
        assert asks.asked() == frozenset()
        supervisor.stop()
        assert child.identity is None


def test_what_was_asked_of_a_supervisor_that_is_gone_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    asks = AskedRestarts(tmp_path)
    assert asks.asked() == frozenset()
    asks.ask("shop-1")
    supervisor = Supervisor(tmp_path, lambda _: None)
    supervisor.start([], ready=lambda: True)
    assert asks.asked() == frozenset()


def test_parts_that_others_need_end_after_them(tmp_path: Path) -> None:
    """Each writes its name when it is asked to end; the engine is asked last."""
    (tmp_path / "run").mkdir()
    order = tmp_path / "order"
    supervisor = Supervisor(tmp_path, lambda _: None)
    children = []
    for name, stops in (("engine", 2), ("proxy", 0), ("replica", 1)):
        script = (
            f"trap 'echo {name} >> {order}; exit' TERM; touch {tmp_path}/{name}; while :; do sleep 0.05; done"
        )
        children.append(Child(name, ("sh", "-c", script), env=dict(os.environ), data=tmp_path, stops=stops))
    supervisor.start(children, ready=lambda: all((tmp_path / child.name).exists() for child in children))
    supervisor.stop()
    assert order.read_text().split() == ["proxy", "replica", "engine"]
