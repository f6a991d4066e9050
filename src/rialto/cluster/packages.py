"""The programs that a platform on one machine is made of, and getting those that are missing from Debian.

Installing a server's package starts it as a service of the machine, unless the machine's policy forbids it: so it does while
we install (Debian's policy-rc.d, whose 101 is "forbidden by policy"), and what policy there was comes back afterwards.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rialto.cluster.engines import KEY_VALUE_SERVERS, find_program
from rialto.cluster.rabbitmq import is_installed
from rialto.engines.processes import CannotStart

POLICY = Path("/usr/sbin/policy-rc.d")
_KEPT = ".before-rialto"
_OURS = "#!/bin/sh\n# Of `rialto cluster start --install`: nothing is started while packages are installed.\nexit 101\n"


@dataclass(frozen=True, kw_only=True)
class Program:
    """One that the platform runs: what it is there for, and Debian's package that has it."""

    title: str
    package: str
    is_there: Callable[[Mapping[str, str]], bool]


def _finds(*names: str) -> Callable[[Mapping[str, str]], bool]:
    return lambda environment: find_program(*names, environment=environment) is not None


PROGRAMS = (
    Program(title="proxy", package="nginx-light", is_there=_finds("nginx")),
    Program(title="cache", package="redis-server", is_there=_finds(*KEY_VALUE_SERVERS)),
    Program(
        title="broker", package="rabbitmq-server", is_there=lambda env: is_installed(env.get("PATH", ""))
    ),
)


def missing(environment: Mapping[str, str], programs: Sequence[Program] = PROGRAMS) -> list[Program]:
    return [program for program in programs if not program.is_there(environment)]


def how_to_install(programs: Sequence[Program]) -> str:
    """For people: what is missing, and Debian's command for it."""
    titles = ", ".join(program.title for program in programs)
    return f"Without {titles}; for a platform with all parts: {' '.join(_command(programs))}"


def install(
    programs: Sequence[Program], environment: Mapping[str, str], *, user_id: int, policy: Path = POLICY
) -> None:
    """Have apt-get install them, for root on a machine that has it; otherwise, or with none, nothing is done.

    Raises CannotStart with what apt-get says last. The list of packages is fetched anew when one is unknown.
    """
    apt = shutil.which("apt-get", path=environment.get("PATH"))
    if not programs or apt is None or user_id != 0:
        return
    told = {**environment, "DEBIAN_FRONTEND": "noninteractive"}
    with _nothing_is_started(policy):
        done = _run(_command(programs), told)
        if done.returncode:
            _run(("apt-get", "update", "-q"), told)
            done = _run(_command(programs), told)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        raise CannotStart(f"apt-get could not install {', '.join(one.package for one in programs)}: {said}")


def _command(programs: Sequence[Program]) -> tuple[str, ...]:
    return (
        "apt-get",
        "install",
        "-y",
        "-q",
        "--no-install-recommends",
        *(program.package for program in programs),
    )


def _run(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=False)


@contextmanager
def _nothing_is_started(policy: Path) -> Iterator[None]:
    """The policy is ours meanwhile. One that an earlier call left behind, killed in between, is put right first."""
    kept = policy.with_name(f"{policy.name}{_KEPT}")
    _put_back(policy, kept)
    if policy.exists():
        policy.rename(kept)
    try:
        policy.write_text(_OURS, encoding="utf-8")
        policy.chmod(0o755)
        yield
    finally:
        _put_back(policy, kept)


def _put_back(policy: Path, kept: Path) -> None:
    if policy.exists() and policy.read_text(encoding="utf-8", errors="replace") == _OURS:
        policy.unlink()
    if kept.exists():
        kept.replace(policy)
