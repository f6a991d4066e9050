"""The courier: sends stored events to the shop until each was answered with 2xx.

At least once and in no promised order; the shop compares `version` and
remembers ids. An event that was being sent when the process died is sent again.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from rialto.kernel.clock import Clock
from rialto.sandbox.core import Sandbox
from rialto.sandbox.outbox import Event
from rialto.sandbox.signatures import sign
from rialto.sandbox.writer import Writer

LOG = logging.getLogger("rialto.sandbox")
AT_ONCE_MAX = 16
POST_TIMEOUT_S = 5.0
LOOK_EVERY_S = 1.0


class Post(Protocol):
    """How a webhook leaves the process."""

    async def __call__(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """Send and answer the HTTP status; 0 when there was no answer within `POST_TIMEOUT_S`."""
        ...


class Courier:
    """Delivers the due events of one sandbox to one URL."""

    def __init__(self, sandbox: Sandbox, writer: Writer, clock: Clock, post: Post) -> None:
        """`aimed_at` must follow before anything is sent."""
        self._sandbox = sandbox
        self._writer = writer
        self._clock = clock
        self._post = post
        self._url = ""
        self._secret = ""
        self._news = asyncio.Event()

    def aimed_at(self, url: str, secret: str) -> Courier:
        """Send to `url`, signed with `secret`; an empty `url` leaves events stored and unsent."""
        self._url, self._secret = url, secret
        return self

    def nudge(self) -> None:
        """There may be a new event."""
        self._news.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while self._url:
            self._news.clear()
            if await self.deliver_due() < AT_ONCE_MAX:
                await self._wait()

    async def deliver_due(self) -> int:
        """Try every event that is due now, at most `AT_ONCE_MAX` at a time; answer how many."""
        now = self._clock.now()
        events = await self._writer.run(lambda: self._sandbox.outbox.due(now, AT_ONCE_MAX))
        async with asyncio.TaskGroup() as group:
            for event in events:
                group.create_task(self._deliver(event))
        return len(events)

    async def _deliver(self, event: Event) -> None:
        headers = sign(self._secret, event.id, self._clock.now(), event.body)
        headers["content-type"] = "application/json"
        status = await self._post(self._url, event.body, headers)
        outbox, now = self._sandbox.outbox, self._clock.now()
        if 200 <= status < 300:
            await self._writer.run(lambda: outbox.delivered(event))
            return
        LOG.info("webhook %s not accepted (status %s, attempt %s)", event.id, status, event.attempts + 1)
        await self._writer.run(lambda: outbox.failed(event, now))

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(LOOK_EVERY_S):
                await self._news.wait()
        except TimeoutError:
            return
