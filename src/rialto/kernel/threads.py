"""Work in threads that is never left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(act: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """As `asyncio.to_thread`, but a thread cannot be stopped: when cancelled, its end is waited for first.

    For whatever writes under a lock: otherwise it would go on after the lock was given back.
    """
    running = asyncio.get_running_loop().run_in_executor(None, partial(act, *given, **named))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise
