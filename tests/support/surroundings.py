"""What surrounds a shop in tests: a clock that can be moved, a mailer that remembers, and engines without a wire."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from rialto.engines.choice import Engines
from rialto.engines.memory_cache import MemoryCache
from rialto.engines.passwords import Argon2Passwords
from rialto.engines.picture_files import PictureFiles
from rialto.engines.tantivy_index import TantivyEngine
from rialto.kernel.clock import Clock
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.faults import Faults
from rialto.kernel.ids import RandomIds
from rialto.kernel.mail import MailRefused, Outgoing, compose
from tests.support.databases import SECRETS
from tests.support.provider import InProcessProvider

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class ShopClock:
    """Runs with the loop from a fixed start; `advance` moves it ahead. Sleeping is real."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._ahead = 0.0
        self._began: float | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        # Kept, because threads (the provider's writer) ask as well, and have no loop.
        self._loop = self._loop or asyncio.get_running_loop()
        at = self._loop.time()
        if self._began is None:
            self._began = at
        return at - self._began + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += seconds

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class RecordingMail:
    """Keeps what was handed over; refuses what no mail server could take."""

    parallel = 100

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []

    async def send(self, mail: Outgoing) -> None:
        with suppress(MailRefused):
            compose(mail, sender=_SENDER)
        self.sent.append(mail)


def _sender() -> Any:
    from email.headerregistry import Address as Sender

    return Sender(display_name="Rialto", addr_spec="shop@rialto.test")


_SENDER = _sender()


def engines_of(
    address: DatabaseAddress,
    *,
    clock: Clock,
    ids: RandomIds,
    provider: InProcessProvider,
    mail: RecordingMail,
    faults: Faults,
    others: Mapping[str, Any] | None = None,
    **options: Any,
) -> Engines:
    """An app's surroundings in a test. `others` are engines by port instead of these, `options` further fields of Engines."""
    ports = {
        "payments": {provider.name: provider},
        "mail": mail,
        "index": TantivyEngine(),
        "passwords": Argon2Passwords(time_cost=1, memory_kib=8),
        "secrets": SECRETS,
        "cache": MemoryCache,
        "pictures": PictureFiles,
        **(others or {}),
    }
    return Engines(
        clock=clock, ids=ids, faults=faults, secrets=SECRETS, address=address, by_port=ports, **options
    )
