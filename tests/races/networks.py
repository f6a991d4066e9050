"""Ways to the provider that a test can hold up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.support.provider import Reply


class HeldNetwork:
    """While `held`, requests arrive at the provider, but their replies wait."""

    def __init__(self) -> None:
        self.arrived = asyncio.Event()
        self._open = asyncio.Event()

    def release(self) -> None:
        self._open.set()

    async def carry(self, act: Callable[[], Reply]) -> Reply:
        reply = act()
        self.arrived.set()
        await self._open.wait()
        return reply


class Died(Exception):
    """Stands for the end of a process in tests that go on in the same one."""


class DiesOnce:
    """Faults: at the first visit of one point the work ends there."""

    def __init__(self, point: str) -> None:
        self._point: str | None = point

    def reach(self, point: str) -> None:
        if point == self._point:
            self._point = None
            raise Died
