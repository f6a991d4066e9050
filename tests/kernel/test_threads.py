"""A thread is waited for, also by whoever is stopped meanwhile."""

from __future__ import annotations

import asyncio
import threading

import pytest

from rialto.kernel.threads import in_thread

pytestmark = [pytest.mark.anyio, pytest.mark.fast]


async def test_the_answer_or_the_error_comes_back() -> None:
    assert await in_thread(sorted, [2, 1], reverse=False) == [1, 2]
    with pytest.raises(ZeroDivisionError):
        await in_thread(divmod, 1, 0)


async def test_who_is_stopped_leaves_no_thread_behind() -> None:
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(10)
        done.set()

    working = asyncio.ensure_future(in_thread(work))
    await asyncio.to_thread(begun.wait, 10)
    working.cancel()
    await asyncio.wait([working], timeout=0.01)
    assert not working.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert done.is_set()
