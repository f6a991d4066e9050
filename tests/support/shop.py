"""A whole shop in this process, for tests of what services do together.

    async with a_shop(postgres) as shop:
        answer = await shop.buy("LAMP", token="tok_3ds")
        shop.answer_challenge(answer, Decision.ACCEPT)
        answer = await shop.resume(answer.order)
        await shop.settle()                      # relay, consumers, worker and webhooks have caught up
        assert await shop.audit() == []
        reply = await shop.web.get("/v1/products")   # httpx, no socket

Everything is real (PostgreSQL, relay, consumers, worker, the provider's core and the engine that speaks to it)
except the wire to the provider, the mail server and the cost of password hashes. `shop.clock.advance(s)` moves
the time that records and deadlines go by; waiting stays real and short. Two shops on one database
(`a_shop(postgres, beside=shop)`) are two processes: each has its own pools, leases and batches.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import msgspec

from rialto.app import ALL, App
from rialto.cart.api import AddLine, CartRef, Carts, NewCart, SetAddress, SetDelivery
from rialto.catalog.api import Catalog, PutProduct
from rialto.engines.choice import Engines
from rialto.inventory.api import Inventory, LevelsOf, PutStock, PutStockMany
from rialto.kernel.address import Address
from rialto.kernel.audit import Finding
from rialto.kernel.clock import Clock, ManualClock
from rialto.kernel.db import Connect, DatabaseAddress, connect
from rialto.kernel.errors import RialtoError
from rialto.kernel.faults import Faults, NoFaults
from rialto.kernel.ids import AccountId, CartId, OrderId, RandomIds
from rialto.kernel.keyvalue import KeyValues
from rialto.kernel.service import Service
from rialto.kernel.telemetry import Metrics
from rialto.orders.api import CheckoutAnswer, ContinueCheckout, Order, OrderRef, Orders, PlaceOrder, Tender
from rialto.payments.api import Payments
from rialto.sandbox.core import Sandbox
from rialto.sandbox.model import Decision
from tests.support.databases import SECRETS, in_database
from tests.support.goods import draft_of, goods_in
from tests.support.provider import InProcessProvider, Network, answer_challenge, make_sandbox, signed
from tests.support.settling import SETTLED_WITHIN_S, is_settled, running
from tests.support.surroundings import RecordingMail, ShopClock, engines_of
from tests.support.values import settings_in

_processes = itertools.count(1)
ADDRESS = Address(name="Ada Lovelace", line1="Weg 1", city="Berlin", postal_code="10115", country="DE")


class Shop:
    """One process's shop and a customer's and a merchant's way with it."""

    def __init__(
        self,
        app: App,
        *,
        clock: ShopClock | ManualClock,
        sandbox: Sandbox,
        mail: RecordingMail,
        address: DatabaseAddress,
    ) -> None:
        self.app = app
        self.clock = clock
        self.sandbox = sandbox
        self.mail = mail
        self.address = address
        self._keys = itertools.count(1)
        self._web: httpx.AsyncClient | None = None

    @property
    def orders(self) -> Orders:
        return self.app[Orders]

    @property
    def payments(self) -> Payments:
        return self.app[Payments]

    @property
    def inventory(self) -> Inventory:
        return self.app[Inventory]

    @property
    def carts(self) -> Carts:
        return self.app[Carts]

    @property
    def web(self) -> httpx.AsyncClient:
        """A client of the public port's application. Needs all services."""
        if self._web is None:
            transport = httpx.ASGITransport(app=self.app.web())
            self._web = httpx.AsyncClient(transport=transport, base_url=self.app.settings.public_url)
        return self._web

    def key(self) -> str:
        """A fresh Idempotency-Key."""
        return f"key-{next(self._keys)}"

    async def cart(
        self,
        lines: Mapping[str, int],
        *,
        country: str = "DE",
        email: str = "ada@example.org",
        account_id: AccountId | None = None,
    ) -> CartId:
        """A cart that is ready for checkout."""
        return await fill_cart(self.carts, lines, country=country, email=email, account_id=account_id)

    async def checkout(
        self,
        cart_id: CartId,
        token: str | Sequence[Tender] = "tok_success",
        *,
        key: str | None = None,
        account_id: AccountId | None = None,
    ) -> CheckoutAnswer:
        command = place_order(cart_id, token, key or self.key())
        return await self.orders.checkout(msgspec.structs.replace(command, account_id=account_id))

    async def buy(
        self, sku: str = "LAMP", quantity: int = 1, *, token: str = "tok_success", key: str | None = None
    ) -> CheckoutAnswer:
        """A fresh cart and its checkout."""
        return await self.checkout(await self.cart({sku: quantity}), token, key=key)

    async def resume(self, order: Order) -> CheckoutAnswer:
        """The customer comes back from the provider."""
        return await self.orders.resume(ContinueCheckout(order_id=order.id, key=order.key))

    async def order(self, order_id: OrderId) -> Order:
        return await self.orders.get(OrderRef(order_id=order_id, staff=True))

    async def available(self, sku: str) -> int:
        return (await self.inventory.levels(LevelsOf(skus=[sku]))).available[sku]

    async def put_stock(self, sku: str, on_hand: int, warehouse: str = "berlin") -> None:
        await self.inventory.put_stock(
            PutStockMany(items=[PutStock(sku=sku, warehouse=warehouse, on_hand=on_hand)])
        )

    async def set_price(self, sku: str, cents: int) -> None:
        await self.app[Catalog].put_product(PutProduct(draft=draft_of(sku, cents)))

    def answer_challenge(self, answer: CheckoutAnswer, decision: Decision) -> None:
        """What the customer does on the 3-D Secure page."""
        answer_challenge(self.sandbox, answer.next_action_url, decision)

    async def deliver_webhooks(self, *, times: int = 1) -> int:
        """Bring every message that is due to the shop, each `times` at once; how many there were."""
        self.sandbox.settle_due()
        events = self.sandbox.outbox.due(self.clock.now(), 100)
        for event in events:
            message = signed(event, SECRETS, self.clock.now())
            await asyncio.gather(*(self.payments.webhook(message) for _ in range(times)))
            self.sandbox.outbox.delivered(event)
        return len(events)

    async def settle(self) -> None:
        """Until nothing is waiting: outboxes, consumers, due orders, mails, webhooks."""
        async with asyncio.timeout(SETTLED_WITHIN_S):
            while not await self._is_settled():
                await asyncio.sleep(0.01)

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        """Look again until it is so, for at most SETTLED_WITHIN_S real seconds."""
        async with asyncio.timeout(SETTLED_WITHIN_S):
            while not await condition():
                await asyncio.sleep(0.01)

    async def audit(self) -> list[Finding]:
        return await self.app.audit()

    async def sql(self, statement: str, *values: Any) -> list[Any]:
        """Rows, as the database's administrator."""
        connection = await connect(self.address)
        try:
            rows: list[Any] = await connection.fetch(statement, *values)
            return rows
        finally:
            await connection.close()

    async def close(self) -> None:
        if self._web is not None:
            await self._web.aclose()
        await self.app.close()

    async def _is_settled(self) -> bool:
        if await self.deliver_webhooks():
            return False
        return await is_settled(self.app, self.clock)


Cut = Callable[..., AbstractAsyncContextManager["Shop"]]
# By RIALTO_TEST_TOPOLOGY, when that is set (tests/conftest.py): how a shop is made that a test asks nothing particular of.
in_parts: list[Cut] = []


@asynccontextmanager
async def a_shop(
    postgres: DatabaseAddress,
    *,
    beside: Shop | None = None,
    services: Sequence[Service] = ALL,
    background: bool = True,
    faults: Faults | None = None,
    network: Network | None = None,
    clock: ShopClock | ManualClock | None = None,
    seed: int = 7,
    key_values: Callable[[Clock, Metrics], KeyValues] | None = None,
    engines: Callable[[Sandbox, Clock], Mapping[str, Any]] | None = None,
    documents: DatabaseAddress | None = None,
    replica: DatabaseAddress | None = None,
    through: Callable[[DatabaseAddress], DatabaseAddress] | None = None,
    open_connection: Connect = connect,
    **changes: Any,
) -> AsyncIterator[Shop]:
    """A shop with GOODS on a fresh database, or another process of the same shop (`beside`).

    `background`: relay, consumers, worker and jobs run all the time; without, only what a call itself does.
    `clock` stands still unless moved: for shops without background only, whose loops would never rest on it.
    `key_values` makes what processes share for speed; without, each keeps its own. `engines` makes others by port than a
    test's, `documents` is where documents are when that is not the shop's own database, `replica` follows `postgres`,
    `through` is the way to the database, `open_connection` opens connections there, `changes` are settings unlike a test's.
    """
    particular = (beside, faults, network, clock, key_values, engines, documents, replica, through)
    if in_parts and services is ALL and background and open_connection is connect and not any(particular):
        async with in_parts[0](postgres, seed=seed, **changes) as cut:
            yield cut
        return
    async with AsyncExitStack() as stack:
        clock = beside.clock if beside else clock or ShopClock()
        sandbox = beside.sandbox if beside else make_sandbox(clock, random.Random(seed))
        address = beside.address if beside else await stack.enter_async_context(goods_in(postgres, services))
        mail = beside.mail if beside else RecordingMail()
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rialto-shop-")))
        metrics = Metrics()
        surroundings = engines_of(
            through(address) if through else address,
            others=engines(sandbox, clock) if engines else None,
            documents_address=documents,
            metrics=metrics,
            key_values=key_values(clock, metrics) if key_values else None,
            clock=clock,
            ids=RandomIds(clock, random.Random(f"{seed}/{next(_processes)}")),
            provider=InProcessProvider(sandbox, clock, SECRETS, network=network),
            mail=mail,
            faults=faults or NoFaults(),
            replica_addresses=[in_database(replica, address.database)] if replica else [],
            open_connection=open_connection,
        )
        app = _app_in(data, surroundings, services, changes)
        shop = Shop(app, clock=clock, sandbox=sandbox, mail=mail, address=address)
        stack.push_async_callback(shop.close)
        if app.feeds:
            await app.start()
        if background:
            await stack.enter_async_context(running(app))
        yield shop


def _app_in(data: Path, engines: Engines, services: Sequence[Service], changes: Mapping[str, Any]) -> App:
    settings = msgspec.structs.replace(settings_in(data), **{"rate_limit": 0, **changes})
    # Nothing is to be won by letting news gather here, and every test would wait for it.
    return App(settings, engines, [replace(service, gathers_s=0.0) for service in services])


async def fill_cart(
    carts: Carts,
    lines: Mapping[str, int],
    *,
    country: str = "DE",
    email: str = "ada@example.org",
    account_id: AccountId | None = None,
) -> CartId:
    """A cart with lines, address and the first way of delivery; an account's open one, or a guest's."""
    cart = await carts.create(NewCart(account_id=account_id, currency="EUR", country=country, language="en"))
    ref = CartRef(cart_id=cart.id, account_id=account_id)
    for sku, quantity in lines.items():
        await carts.add_line(AddLine(cart_id=cart.id, account_id=account_id, sku=sku, quantity=quantity))
    shipping = msgspec.structs.replace(ADDRESS, country=country)
    await carts.set_address(
        SetAddress(cart_id=cart.id, account_id=account_id, email=email, shipping=shipping)
    )
    options = await carts.delivery_options(ref)
    await carts.set_delivery(
        SetDelivery(cart_id=cart.id, account_id=account_id, option_id=options.items[0].id)
    )
    return cart.id


def place_order(cart_id: CartId, token: str | Sequence[Tender], key: str) -> PlaceOrder:
    """The command as the route makes it. `token` is the sandbox's, or all tenders."""
    tenders = [Tender(provider="sandbox", token=token)] if isinstance(token, str) else list(token)
    digest = msgspec.json.encode([cart_id, tenders]).decode()
    return PlaceOrder(cart_id=cart_id, tenders=tenders, key=key, request_hash=digest)


def outcome_of(result: CheckoutAnswer | BaseException) -> str:
    """`placed`, `action`, … or the code of the refusal; anything unexpected is raised."""
    if isinstance(result, CheckoutAnswer):
        return result.outcome
    if isinstance(result, RialtoError):
        return result.stable_code
    raise result
