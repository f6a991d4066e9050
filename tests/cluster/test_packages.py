"""Getting missing programs: only as root, by apt-get, with services held back meanwhile and the machine's policy put back."""

from __future__ import annotations

from pathlib import Path

import pytest

from rialto.cluster.packages import PROGRAMS, Program, how_to_install, install, missing
from rialto.engines.processes import CannotStart

pytestmark = pytest.mark.fast

SHED = Program(title="shed", package="garden-shed", is_there=lambda _environment: False)


class Machine:
    """A path with an apt-get of our own that writes down how it was called and what the policy was."""

    def __init__(self, folder: Path, script: str) -> None:
        self.policy = folder / "policy-rc.d"
        self.seen = folder / "seen"
        apt = folder / "apt-get"
        apt.write_text(f'#!/bin/sh\necho "$@" >> {self.seen}\n{script}\n')
        apt.chmod(0o755)
        self.environment = {"PATH": f"{folder}:/usr/bin:/bin"}

    def install(self, *, user_id: int = 0) -> None:
        install([SHED], self.environment, user_id=user_id, policy=self.policy)

    def calls(self) -> list[str]:
        return self.seen.read_text().splitlines() if self.seen.exists() else []


def test_no_service_is_started_meanwhile_and_the_policy_is_gone_afterwards(tmp_path: Path) -> None:
    machine = Machine(tmp_path, f"{tmp_path}/policy-rc.d; echo policy $? >> {tmp_path}/seen")
    machine.install()
    assert machine.calls() == ["install -y -q --no-install-recommends garden-shed", "policy 101"]
    assert not machine.policy.exists()


def test_the_machines_own_policy_comes_back(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "exit 0")
    machine.policy.write_text("#!/bin/sh\nexit 104\n")
    machine.policy.chmod(0o755)
    machine.install()
    assert machine.policy.read_text() == "#!/bin/sh\nexit 104\n"
    assert machine.policy.stat().st_mode & 0o777 == 0o755


def test_a_policy_that_a_killed_start_left_behind_is_put_right(tmp_path: Path) -> None:
    ours = tmp_path / "ours"
    machine = Machine(tmp_path, f"cp {tmp_path}/policy-rc.d {ours}")
    machine.install()
    machine.policy.write_text(ours.read_text())
    (tmp_path / "policy-rc.d.before-rialto").write_text("theirs")
    machine.install()
    assert machine.policy.read_text() == "theirs"


def test_an_unknown_package_is_looked_up_anew_and_then_told(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "echo E: no such package >&2; exit 100")
    with pytest.raises(CannotStart, match="could not install garden-shed: E: no such package"):
        machine.install()
    assert [call.split()[0] for call in machine.calls()] == ["install", "update", "install"]
    assert not machine.policy.exists()


def test_nobody_but_root_installs_anything(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "exit 0")
    machine.install(user_id=1000)
    install([], machine.environment, user_id=0, policy=machine.policy)
    install([SHED], {"PATH": "/nowhere"}, user_id=0, policy=machine.policy)
    assert machine.calls() == []


def test_what_is_missing_is_named_with_the_command(tmp_path: Path) -> None:
    assert missing({"PATH": str(tmp_path)}, [SHED]) == [SHED]
    assert how_to_install([SHED]).endswith(
        "Without shed; for a platform with all parts: apt-get install -y -q --no-install-recommends garden-shed"
    )
    assert {"nginx-light", "redis-server", "rabbitmq-server"} <= {one.package for one in PROGRAMS}
