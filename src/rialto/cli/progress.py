"""What `rialto run` says while it works: one short line per step, with the seconds it took.

On a terminal the step under way turns a spinner; anywhere else (a file, CI, systemd) only plain lines appear.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_FRAME_S = 0.1


class Progress:
    """Writes steps to a stream. Steps do not nest; `note` may be called inside one."""

    def __init__(self, monotonic: Callable[[], float], out: TextIO | None = None) -> None:
        self._monotonic = monotonic
        self._out = out or sys.stdout
        self._spins = self._out.isatty()
        self._lock = threading.Lock()

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show the title while the block runs, and its seconds when it is done. Silent about a failure."""
        started = self._monotonic()
        done = threading.Event()
        spinner = threading.Thread(target=self._spin, args=(title, started, done), daemon=True)
        if self._spins:
            spinner.start()
        try:
            yield
        finally:
            done.set()
            if self._spins:
                spinner.join()
                self._write("\r\x1b[2K")
        self.note(f"{title} ({self._monotonic() - started:.1f} s)", mark="✓" if self._spins else "-")

    def note(self, text: str, *, mark: str = " ") -> None:
        """One line, above the spinner if one turns."""
        clear = "\r\x1b[2K" if self._spins else ""
        self._write(f"{clear}{mark} {text}\n")

    def _spin(self, title: str, started: float, done: threading.Event) -> None:
        turn = 0
        while not done.wait(_FRAME_S):
            elapsed = self._monotonic() - started
            seconds = f" {elapsed:.0f} s" if elapsed >= 1 else ""
            self._write(f"\r\x1b[2K{_FRAMES[turn % len(_FRAMES)]} {title}{seconds}")
            turn += 1

    def _write(self, text: str) -> None:
        with self._lock:
            try:
                self._out.write(text)
                self._out.flush()
            except UnicodeEncodeError:  # a terminal without UTF-8
                self._out.write(text.encode("ascii", "replace").decode())
                self._out.flush()
            except (BrokenPipeError, ValueError, OSError):
                self._spins = False  # nobody looks any more (closed terminal, `| head`); the shop goes on
