"""Named points where a test may make things go wrong. In production they do nothing.

`RIALTO_CRASH_AT=orders.saga.after_reserve` kills the process with SIGKILL when it reaches that point;
`name:3` at the third time. The simulator has an implementation of its own.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Protocol


class Faults(Protocol):
    def reach(self, point: str) -> None:
        """Called at a named point; may not return."""
        ...


class NoFaults:
    def reach(self, point: str) -> None:
        """Nothing goes wrong here."""


class CrashAt:
    """Kills this process at the n-th visit of one point."""

    def __init__(self, where: str, *, kill: Callable[[int, int], None] = os.kill) -> None:
        self._kill = kill
        self._point, _, count = where.partition(":")
        self._left = int(count or 1)

    def reach(self, point: str) -> None:
        if point == self._point:
            self._left -= 1
            if self._left == 0:
                self._kill(os.getpid(), signal.SIGKILL)


# Every point there is, so that the crash tests can walk all of them and a tidy test finds strays.
POINTS: tuple[str, ...] = (
    "batch.before_commit",
    "batch.after_commit",
    "orders.saga.after_start",
    "orders.saga.after_reserve",
    "orders.saga.after_codes",
    "orders.saga.after_authorise",
    "orders.saga.after_consume",
    "orders.saga.after_placed",
    "orders.saga.after_cancel",
    "orders.saga.after_void",
    "orders.saga.after_release",
    "orders.ship.after_event",
    "orders.ship.after_capture",
    "orders.refund.after_decision",
    "orders.refund.after_payment",
    "orders.receive.after_event",
    "orders.receive.after_stock",
    "payments.before_provider",
    "payments.after_provider",
    "relay.before_publish",
    "relay.after_publish",
    "relay.after_delete",
    "consumer.before_commit",
    "consumer.after_commit",
    "inventory.sweep.before_commit",
    "inventory.sweep.after_commit",
)
