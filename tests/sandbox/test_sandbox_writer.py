from __future__ import annotations

import asyncio
import threading
from functools import partial

import pytest

from rialto.sandbox.errors import Refused, Unavailable
from rialto.sandbox.writer import Writer
from tests.sandbox.builders import Shop

pytestmark = pytest.mark.fast


def test_a_refusal_reaches_its_caller_and_nobody_else() -> None:
    async def test() -> None:
        shop = Shop()
        writer = Writer(shop.books)
        tokens = ("tok_success", "tok_x", "tok_success")
        jobs = [writer.run(partial(shop.intent, token)) for token in tokens]
        results = await asyncio.gather(*jobs, return_exceptions=True)
        assert [isinstance(result, Refused) for result in results] == [False, True, False]
        assert len(shop.sandbox.find(reference="ord_1")) == 2
        await writer.close()

    asyncio.run(test())


def test_when_the_commit_fails_everybody_of_the_batch_is_told() -> None:
    async def test() -> None:
        shop = Shop()
        writer = Writer(shop.books)

        def broken() -> None:
            raise Unavailable

        hold = threading.Event()
        first = asyncio.ensure_future(writer.run(hold.wait))
        await asyncio.sleep(0)
        jobs = asyncio.gather(writer.run(shop.intent), writer.run(broken), return_exceptions=True)
        await asyncio.sleep(0)
        hold.set()
        await asyncio.gather(first, return_exceptions=True)
        assert all(isinstance(result, Unavailable) for result in await jobs)
        assert shop.sandbox.find(reference="ord_1") == []
        await writer.close()

    asyncio.run(test())


def test_too_many_waiting_are_refused_at_once() -> None:
    async def test() -> None:
        shop = Shop()
        writer = Writer(shop.books, waiting_max=2)
        hold = threading.Event()
        running = asyncio.ensure_future(writer.run(hold.wait))
        await asyncio.sleep(0)
        waiting = [asyncio.ensure_future(writer.run(shop.intent)) for _ in range(5)]
        await asyncio.sleep(0)
        refused = [job for job in waiting if job.done()]
        hold.set()
        await running
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert refused
        assert [isinstance(result, Unavailable) for result in results].count(True) == len(refused)
        await writer.close()

    asyncio.run(test())


def test_closing_finishes_what_is_queued() -> None:
    async def test() -> None:
        shop = Shop()
        writer = Writer(shop.books)
        jobs = [asyncio.ensure_future(writer.run(shop.intent)) for _ in range(10)]
        await asyncio.sleep(0)
        await writer.close()
        assert len(await asyncio.gather(*jobs)) == 10

    asyncio.run(test())
