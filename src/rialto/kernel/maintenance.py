"""Maintenance: for a while the shop can be looked at and not be changed by customers.

The sign is a row that all processes of a shop share. Each reads it when somebody wants to change something, at most
once a second. While the database cannot be asked, what was read last still counts.
"""

from __future__ import annotations

import asyncio

import structlog

from rialto.kernel.clock import Clock
from rialto.kernel.db import Database
from rialto.kernel.errors import Invalid, RialtoError, Unavailable
from rialto.kernel.resilience import time_limit
from rialto.kernel.service import Frozen
from rialto.kernel.text import is_plain

REFRESH_S = 1.0
READ_S = 1.0
RETRY_AFTER_S = 60.0
MESSAGE_LENGTH_MAX = 500

_READ = "SELECT message FROM maintenance"
_PUT_UP = """
INSERT INTO maintenance (only_one, message, since) VALUES (true, $1, $2)
ON CONFLICT (only_one) DO UPDATE SET message = excluded.message
"""
_TAKE_DOWN = "DELETE FROM maintenance"

log = structlog.get_logger("rialto.maintenance")


class InMaintenance(Unavailable):
    """Nothing was changed, and for now nothing will be. `operators_words` are empty or plain text for people."""

    code = "maintenance"
    message = (
        "The shop is being worked on: you can look around, and nothing can be changed or ordered for now."
    )

    def __init__(self, operators_words: str = "") -> None:
        super().__init__(operators_words or None, retry_after_s=RETRY_AFTER_S)
        self.operators_words = operators_words


class Sign(Frozen):
    message: str


class MaintenanceSign:
    """This process's view of the sign, and how it is put up and taken down."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._known: Sign | None = None
        self._read_at: float | None = None
        self._lock = asyncio.Lock()

    async def check(self) -> None:
        """Raises InMaintenance while the sign is up."""
        if not self._is_fresh():
            async with self._lock:
                if not self._is_fresh():
                    await self._read()
        if self._known is not None:
            raise InMaintenance(self._known.message)

    async def read(self) -> Sign | None:
        """What the sign says now. Raises Unavailable."""
        async with self._db.read() as session:
            row = await session.one(_READ)
        return None if row is None else Sign(message=row["message"])

    async def put_up(self, message: str) -> None:
        """From now on, or with another message. Raises Invalid."""
        if len(message) > MESSAGE_LENGTH_MAX or not is_plain(message):
            raise Invalid(f"The message is one line of at most {MESSAGE_LENGTH_MAX} characters.")
        async with self._db.write() as session:
            await session.run(_PUT_UP, message, self._clock.now())

    async def take_down(self) -> None:
        """Idempotent."""
        async with self._db.write() as session:
            await session.run(_TAKE_DOWN)

    async def _read(self) -> None:
        try:
            async with time_limit(self._clock, READ_S, idempotent=True):
                self._known = await self.read()
        except RialtoError as error:
            log.warning("the maintenance sign could not be read", error=error.text)
        finally:
            # Since the answer: a database that takes its time is not asked in a row.
            self._read_at = self._clock.monotonic()

    def _is_fresh(self) -> bool:
        return self._read_at is not None and self._clock.monotonic() - self._read_at < REFRESH_S
