"""The machine: Python, room on the disk, the clock, the ports, the search index."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from rialto.doctor.model import Check, fail, ok, warn
from rialto.engines.processes import CannotStart
from rialto.kernel.clock import Clock
from rialto.kernel.settings import Settings

ROOM_MIN_BYTES = 200 * 2**20
ROOM_GOOD_BYTES = 2 * 2**30
DRIFT_MAX = timedelta(seconds=1)


def check_python(version: str, look: Callable[[], None]) -> Check:
    """`look` raises CannotStart for what is missing."""
    try:
        look()
    except CannotStart as problem:
        return fail("python", str(problem), "")
    return ok("python", f"{version}, all modules are there.")


def check_disk(data: Path) -> Check:
    place = next(folder for folder in (data, *data.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    text = f"{free // 2**20:,} MB are free for {data}."
    if free < ROOM_MIN_BYTES:
        return fail("disk", text, f"The shop needs {ROOM_MIN_BYTES // 2**20} MB to start; free some space.")
    if free < ROOM_GOOD_BYTES:
        return warn("disk", text, "Free some space, or set RIALTO_DATA to a larger disk.")
    return ok("disk", text)


class ClockCheck:
    """Begun before and ended after everything else: does the wall clock run as the other one does?"""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wall, self._steady = clock.now(), clock.monotonic()

    def end(self) -> Check:
        passed = timedelta(seconds=self._clock.monotonic() - self._steady)
        moved = abs(self._clock.now() - self._wall - passed)
        if moved > DRIFT_MAX:
            text = f"The machine's clock was moved by {moved.total_seconds():.0f} s while we looked."
            return warn("clock", text, "Let a time service keep it.")
        return ok("clock", f"{self._clock.now():%Y-%m-%d %H:%M:%S} UTC, and it runs evenly.")


def check_ports(
    settings: Settings, bind: Callable[[str, int, str], None], *, is_ours: Callable[[int], bool]
) -> list[Check]:
    """`bind` raises CannotStart when a port cannot be had; `is_ours` says whether the running shop has it."""
    ports = {"RIALTO_PORT": settings.port, "RIALTO_OPS_PORT": settings.ops_port}
    if "sandbox" in settings.payment_providers:
        ports["RIALTO_SANDBOX_PORT"] = settings.sandbox_port
    found = []
    for setting, port in ports.items():
        try:
            bind(settings.host, port, setting)
            found.append(ok("port", f"{port} ({setting}) is free."))
        except CannotStart as problem:
            if is_ours(port):
                found.append(ok("port", f"{port} ({setting}) is the shop's."))
            else:
                found.append(fail("port", str(problem), ""))
    return found


def check_search(data: Path) -> Check:
    if (data / "search" / "current").is_file():
        return ok("search", "The index is there.")
    return warn(
        "search",
        "There is no search index yet.",
        "It is made at the start; until then the shop is not ready.",
    )
