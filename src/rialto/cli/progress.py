"""What commands say while they work: one short line per step with the seconds it took, or a bar for many like things.

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
_BAR_WIDTH = 30
_REDRAWN_S = 0.2


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


class Bar:
    """How far many like things have got. On a terminal a bar that fills; elsewhere a line at each tenth."""

    def __init__(
        self, title: str, total: int, monotonic: Callable[[], float], out: TextIO | None = None
    ) -> None:
        self._title = title
        self._total = total
        self._monotonic = monotonic
        self._out = out or sys.stdout
        self._started = self._drawn = monotonic()
        self._tenth = 0

    def advance(self, done: int) -> None:
        """`done` of all are there now."""
        elapsed = self._monotonic() - self._started
        left = elapsed * (self._total - done) / done if done else 0
        counts = f"{self._title} {done:,} of {self._total:,}"
        if not self._out.isatty():
            if done * 10 // self._total > self._tenth:
                self._tenth = done * 10 // self._total
                self._write(f"{counts} ({elapsed:.0f} s)\n")
            return
        if done < self._total and self._monotonic() - self._drawn < _REDRAWN_S:
            return
        self._drawn = self._monotonic()
        filled = done * _BAR_WIDTH // self._total
        bar = "█" * filled + "░" * (_BAR_WIDTH - filled)
        rest = f"{elapsed:.0f} s\n" if done >= self._total else f"about {left:.0f} s left"
        self._write(f"\r\x1b[2K{bar} {counts}, {rest}")

    def _write(self, text: str) -> None:
        try:
            self._out.write(text)
            self._out.flush()
        except UnicodeEncodeError:  # a terminal without UTF-8
            self._out.write(text.encode("ascii", "replace").decode())
            self._out.flush()
        except (BrokenPipeError, ValueError, OSError):
            pass  # nobody looks any more; the work goes on
