"""What roles allow: sets of permissions that a merchant may edit, as this process knows them.

Access tokens carry roles and no permissions, so that a change of a role counts for tokens that are out. Each process
asks identity again after a second, when it needs to know; what could not be asked for half a minute is taken for
nothing. The owner may do everything, always: that is not stored anywhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

import structlog

from rialto.kernel.clock import Clock
from rialto.kernel.errors import RialtoError

OWNER = "owner"
EVERYTHING = frozenset({"*"})
REFRESH_S = 1.0
TRUSTED_S = 30.0

# What there is at first. `*` is everything, `orders.*` an area, `*.read` one verb everywhere.
BUILT_IN: Mapping[str, frozenset[str]] = {
    OWNER: EVERYTHING,
    "catalog": frozenset({"catalog.*", "pricing.*", "inventory.*"}),
    "fulfilment": frozenset({"catalog.read", "inventory.*", "orders.read", "orders.ship", "orders.note"}),
    "support": frozenset(
        {
            *("catalog.read", "inventory.read", "orders.read", "orders.cancel", "orders.refund"),
            *("orders.note", "customers.read", "payments.read", "reviews.moderate"),
        }
    ),
    "viewer": frozenset({"*.read"}),
}

Roles = Mapping[str, frozenset[str]]

log = structlog.get_logger("rialto.roles")


def permissions_by(known: Roles, roles: Iterable[str]) -> frozenset[str]:
    """All that these roles allow; one that is not known allows nothing."""
    return frozenset().union(*(known.get(role, frozenset()) for role in roles))


def grants(granted: Iterable[str], permission: str) -> bool:
    """Whether `area.verb` is among what is granted, directly or by `*`, `area.*` or `*.verb`.

    Of patterns only those that are granted as such, or by `*`: who may do everything in one area may not do
    one thing in all.
    """
    area, _, verb = permission.partition(".")
    found = frozenset(granted)
    if permission in found or "*" in found:
        return True
    return "*" not in {area, verb} and (f"{area}.*" in found or f"*.{verb}" in found)


class RoleBook:
    """This process's knowledge. `load` asks identity."""

    def __init__(self, load: Callable[[], Awaitable[Roles]], *, clock: Clock) -> None:
        self._load = load
        self._clock = clock
        self._known: Roles = {}
        self._loaded_at: float | None = None
        self._tried_at: float | None = None
        self._lock = asyncio.Lock()

    async def refresh(self) -> None:
        """Ask again if it is time. Never raises: who cannot ask knows less and less, see `permissions_of`."""
        if self._is_young(self._tried_at, REFRESH_S):
            return
        if self._lock.locked() and self._is_young(self._loaded_at, TRUSTED_S):
            return  # somebody asks already, and what is known will do
        async with self._lock:
            if self._is_young(self._tried_at, REFRESH_S):
                return
            try:
                self._known = await self._load()
                self._loaded_at = self._clock.monotonic()
            except RialtoError as error:
                log.warning("roles could not be read", error=error.text)
            finally:
                # Since the answer, not since the question: a database that takes its time is not asked in a row.
                self._tried_at = self._clock.monotonic()

    def permissions_of(self, roles: Iterable[str]) -> frozenset[str]:
        """All that these roles allow, as far as it is known well enough."""
        wanted = frozenset(roles)
        if OWNER in wanted:
            return EVERYTHING
        if not wanted or not self._is_young(self._loaded_at, TRUSTED_S):
            return frozenset()
        return permissions_by(self._known, wanted)

    def _is_young(self, at: float | None, seconds: float) -> bool:
        return at is not None and self._clock.monotonic() - at < seconds
