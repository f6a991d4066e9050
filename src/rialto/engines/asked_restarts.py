"""Restarts that somebody asks a running supervisor for, by files in `<data>/run/restart/` named after its parts.

A file is written by whoever asks (`rialto restart`) and removed by the supervisor once the part is started again. So
nothing listens for commands, and an ask outlives either of the two.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


class AskedRestarts:
    """The asks of one data folder."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "run" / "restart"

    def ask(self, part: str) -> None:
        """Have the supervisor end this part in good order and start it again. Asking twice is asking once."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        (self._folder / part).touch()

    def asked(self) -> frozenset[str]:
        """The parts that are to be restarted."""
        try:
            return frozenset(entry.name for entry in self._folder.iterdir())
        except FileNotFoundError:
            return frozenset()

    def done(self, part: str) -> None:
        (self._folder / part).unlink(missing_ok=True)

    def wait(
        self, part: str, wait_until: Callable[[Callable[[], bool], float], bool], within_s: float
    ) -> bool:
        """Whether the ask was answered in time. A supervisor that is not there never does."""
        return wait_until(lambda: part not in self.asked(), within_s)
