"""The selling part of a shop, whole and real, on a clock that only the test moves.

    async with a_counter(postgres) as shop:
        answer = await shop.buy("LAMP", token="tok_slow")
        shop.clock.advance(60)
        await work(shop)                # the worker looks at the orders that are due
        await deliver(shop)             # news reach whoever listens

Nothing runs by itself: what happens is what the calls of the test do. `Wire` is the way to the provider and
`Dies` the end of a process, both at the test's command.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from rialto.cart.service import SERVICE as CART
from rialto.catalog.service import SERVICE as CATALOG
from rialto.identity.service import SERVICE as IDENTITY
from rialto.inventory.service import SERVICE as INVENTORY
from rialto.kernel.clock import ManualClock
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import OutcomeUnknown, Unavailable
from rialto.kernel.faults import Faults, NoFaults
from rialto.kernel.ids import PARTITIONS, CartId
from rialto.kernel.money import EUR, Money
from rialto.kernel.relay import Relay, lease_name
from rialto.kernel.service import Service
from rialto.orders.api import CheckoutAnswer, Order, ShipOrder, Tender
from rialto.orders.service import SERVICE as ORDERS
from rialto.payments.service import SERVICE as PAYMENTS
from rialto.pricing.service import SERVICE as PRICING
from tests.support.provider import Reply
from tests.support.shop import Shop, a_shop

# Each after what it needs: pricing asks identity for groups.
SELLING: Sequence[Service] = (IDENTITY, CATALOG, INVENTORY, PRICING, CART, PAYMENTS, ORDERS)
# Longer than the worker waits at most between two looks at an order, and than it leaves one to its request.
A_WHILE_S = 31.0


class Died(Exception):
    """Stands for the end of a process in tests that go on in the same one."""


class Dies:
    """Faults: at each of the next `times` visits of one point the work ends there."""

    def __init__(self, point: str, times: int = 1) -> None:
        self.point = point
        self.left = times

    def reach(self, point: str) -> None:
        if point == self.point and self.left:
            self.left -= 1
            raise Died(point)


class LosesCommit:
    """Faults: the answer to the n-th commit from now on is lost, before or after the database has written."""

    def __init__(self, point: str) -> None:
        self.point = point
        self.left = 0

    def reach(self, point: str) -> None:
        if point == self.point and self.left:
            self.left -= 1
            if not self.left:
                raise OutcomeUnknown


class PassingClock(ManualClock):
    """Moves when told to; and whoever sleeps on it lets `meanwhile` happen once, in between."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        if self.meanwhile is not None:
            happens, self.meanwhile = self.meanwhile, None
            await happens()


class Wire:
    """The way to the provider. `down`: nothing arrives there; `mute`: it is done, but no answer comes back."""

    def __init__(self, *, down: bool = False, mute: bool = False) -> None:
        self.down = down
        self.mute = mute

    async def carry(self, act: Callable[[], Reply]) -> Reply:
        if self.down:
            raise Unavailable
        reply = act()
        if self.mute:
            raise OutcomeUnknown
        return reply


@asynccontextmanager
async def a_counter(
    postgres: DatabaseAddress,
    *,
    faults: Faults | None = None,
    wire: Wire | None = None,
    clock: ManualClock | None = None,
) -> AsyncIterator[Shop]:
    clock = clock or ManualClock()
    async with a_shop(
        postgres, services=SELLING, background=False, faults=faults, network=wire, clock=clock
    ) as shop:
        yield shop


async def work(shop: Shop, *, after_s: float = A_WHILE_S) -> int:
    """Time goes by, then the worker looks at what is due; how many orders it took up."""
    shop.clock.advance(after_s)
    count: int = await shop.app.handlers["orders"].work()
    return count


async def deliver(shop: Shop) -> None:
    """What was committed is published and taken in by every service that reacts to it."""
    app = shop.app
    names = [lease_name(partition) for partition in range(PARTITIONS)]
    leases = await app.bus.acquire(names, owner="test", ttl_s=60)
    stored = {service.name: app.databases[service.name] for service in app.services if service.stored}
    relay = Relay(stored, app.bus, NoFaults())
    while await relay.publish_once(leases, relay.services):
        pass
    for consumer in app.consumers:
        while await consumer.consume_once(app.bus, range(PARTITIONS)):
            pass


async def dying(shop: Shop, cart: CartId, token: str = "tok_success", *, key: str = "once") -> None:
    """A checkout whose process ends at the point that the shop's faults name."""
    with pytest.raises(Died):
        await shop.checkout(cart, token, key=key)


async def shipped(shop: Shop, sku: str = "LAMP", quantity: int = 1) -> Order:
    """An order that has left the house as a whole and is paid."""
    order = (await shop.buy(sku, quantity)).order
    return await shop.orders.ship(ShipOrder(order_id=order.id, step="parcel"))


def sandbox(token: str, cents: int | None = None) -> Tender:
    return Tender(provider="sandbox", token=token, amount=None if cents is None else Money(cents, EUR))


async def orders_stored(shop: Shop) -> int:
    return int((await shop.sql("SELECT count(*) AS count FROM orders.orders"))[0]["count"])


async def story(shop: Shop, answer: CheckoutAnswer | Order) -> list[str]:
    """The types of an order's events, in order."""
    order = answer.order if isinstance(answer, CheckoutAnswer) else answer
    rows: list[Any] = await shop.sql(
        "SELECT e.type FROM orders.events AS e JOIN orders.orders AS o ON o.bucket = e.bucket AND o.id = e.stream"
        " WHERE o.number = $1 ORDER BY e.version",
        order.number,
    )
    return [row["type"].removeprefix("orders.") for row in rows]
