"""What a simulated process is built of. Parts that are broken on purpose prove that the checks see something."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rialto.app import ALL
from rialto.inventory.api import Levels, LevelsOf, OfOrder, OutOfStock, Reservation, ReservationGone, Reserve
from rialto.inventory.handlers import InventoryHandlers
from rialto.inventory.service import SERVICE as INVENTORY
from rialto.kernel.ids import PaymentId
from rialto.kernel.money import Money
from rialto.kernel.service import Env, Service
from rialto.notifications.service import SERVICE as NOTIFICATIONS
from rialto.orders.api import PlaceOrder
from rialto.orders.handlers import OrderHandlers
from rialto.orders.service import SERVICE as ORDERS
from rialto.orders.store import KnownKey
from rialto.payments.provider import Answer
from tests.support.provider import InProcessProvider

# What a checkout needs, and its mails. Search has no part in it.
SERVICES = tuple(service for service in ALL if service.name != "search")


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The services, and what speaks to the payment provider."""

    services: Sequence[Service] = SERVICES
    provider: Callable[..., InProcessProvider] = InProcessProvider


class AuthorisesTwice(InProcessProvider):
    """Repeats an authorisation under another key, as if a proxy on the way had lost patience."""

    async def authorise(
        self, *, key: str, payment_id: PaymentId, amount: Money, token: str, return_url: str
    ) -> Answer:
        for repetition in (f"{key}/again", key):
            answer = await super().authorise(
                key=repetition, payment_id=payment_id, amount=amount, token=token, return_url=return_url
            )
        return answer


class GivesNothingBack(InventoryHandlers):
    """Keeps what a cancelled order held."""

    async def release(self, command: OfOrder) -> Reservation | None:
        return await self.reservation(command)


class NeverSoldOut(InventoryHandlers):
    """Promises what is not there."""

    async def levels(self, command: LevelsOf) -> Levels:
        return Levels(available=dict.fromkeys(command.skus, 1000))

    async def reserve(self, command: Reserve) -> Reservation:
        try:
            return await super().reserve(command)
        except OutOfStock:
            return Reservation(
                order_id=command.order_id, state="held", expires_at=command.expires_at, allocations=[]
            )

    async def consume(self, command: OfOrder) -> Reservation:
        try:
            return await super().consume(command)
        except ReservationGone:
            at = self._clock.now()
            return Reservation(order_id=command.order_id, state="consumed", expires_at=at, allocations=[])


class ForgetsKeys(OrderHandlers):
    """Does not remember which requests it has answered."""

    async def _known(self, command: PlaceOrder) -> KnownKey | None:
        return None


def _with(service: Service, **changes: Any) -> Parts:
    """The usual parts, except for this service."""
    broken = replace(service, **changes)
    return Parts(services=[broken if known is service else known for known in SERVICES])


def _inventory(kind: type[InventoryHandlers]) -> Parts:
    def build(e: Env) -> InventoryHandlers:
        return kind(e.db, e.clock, e.ids, e.faults)

    return _with(INVENTORY, build=build)


def _forgetful_orders(e: Env) -> OrderHandlers:
    sound = ORDERS.build(e)
    return ForgetsKeys(e, sound.saga, sound.starter)


# Name → parts and the invariant that breaks with them.
BROKEN: Mapping[str, tuple[Parts, str]] = {
    "authorises-twice": (Parts(provider=AuthorisesTwice), "I3"),
    "gives-nothing-back": (_inventory(GivesNothingBack), "I6"),
    "never-sold-out": (_inventory(NeverSoldOut), "I6"),
    "forgets-keys": (_with(ORDERS, build=_forgetful_orders), "I9"),
    "no-worker": (_with(ORDERS, jobs=()), "I8"),
    "no-mails": (_with(NOTIFICATIONS, reactions=()), "I7"),
}
