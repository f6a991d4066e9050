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
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec

from rialto.app import ALL, App
from rialto.cart.api import AddLine, CartRef, Carts, NewCart, SetAddress, SetDelivery
from rialto.catalog.api import Catalog, ProductDraft, PutProduct, VariantDraft
from rialto.engines.choice import Engines
from rialto.engines.memory_cache import MemoryCache
from rialto.engines.passwords import Argon2Passwords
from rialto.engines.picture_files import PictureFiles
from rialto.engines.tantivy_index import TantivyEngine
from rialto.inventory.api import Inventory, LevelsOf, PutStock, PutStockMany
from rialto.kernel.address import Address
from rialto.kernel.audit import Finding
from rialto.kernel.bus import Bus
from rialto.kernel.clock import Clock, ManualClock
from rialto.kernel.db import DatabaseAddress, connect
from rialto.kernel.errors import RialtoError
from rialto.kernel.faults import Faults, NoFaults
from rialto.kernel.ids import PARTITIONS, AccountId, CartId, OrderId, RandomIds
from rialto.kernel.keyvalue import KeyValues
from rialto.kernel.mail import MailRefused, Outgoing, compose
from rialto.kernel.migrations import migrate
from rialto.kernel.service import Service
from rialto.kernel.telemetry import Metrics
from rialto.orders.api import CheckoutAnswer, ContinueCheckout, Order, OrderRef, Orders, PlaceOrder, Tender
from rialto.payments.api import Payments
from rialto.pricing.api import PercentOff, Pricing, Promotion, PutPromotion, PutVoucher, Voucher
from rialto.sandbox.core import Sandbox
from rialto.sandbox.model import Decision
from tests.support.databases import SECRETS, in_database
from tests.support.provider import InProcessProvider, Network, answer_challenge, make_sandbox, signed
from tests.support.values import settings_in

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
SETTLED_WITHIN_S = 20.0

# What is sold: SKU → (price in cents, stock by warehouse). LAMP is for crowds, the others are scarce.
GOODS: Mapping[str, tuple[int, Mapping[str, int]]] = {
    "LAMP": (4900, {"berlin": 12, "rotterdam": 8}),
    "VASE": (2900, {"berlin": 2, "rotterdam": 1}),
    "PRINT": (1500, {"berlin": 2}),
    "BOWL": (3350, {"rotterdam": 1}),
    "PENCIL": (199, {"berlin": 1000}),
}
# A tenth off for the first who have the code.
FEW, FEW_USES = "FEW", 2
FEW_SALE = Promotion(id="few", title={"en": "Few"}, benefit=PercentOff(percent="10"), needs_code=True)
ADDRESS = Address(name="Ada Lovelace", line1="Weg 1", city="Berlin", postal_code="10115", country="DE")

_numbers = itertools.count(1)
_templates: dict[tuple[str, tuple[str, ...]], str] = {}


class ShopClock:
    """Runs with the loop from a fixed start; `advance` moves it ahead. Sleeping is real."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._ahead = 0.0
        self._began: float | None = None

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        at = asyncio.get_running_loop().time()
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


async def is_settled(app: App, clock: Clock) -> bool:
    """Whether the background of `app` has nothing to do now."""
    for service in app.services:
        if service.stored:
            async with app.databases[service.name].read() as session:
                if await session.value("SELECT true FROM outbox LIMIT 1"):
                    return False
    for consumer in app.consumers:
        await consumer.save(app.bus)  # at once: by itself it does so once a second
    if not await _has_consumed(app.bus, [s.name for s in app.services if s.reactions]):
        return False
    if not await _has_told_readers(app):
        return False
    names = {service.name for service in app.services}
    if "orders" in names:
        async with app.databases["orders"].read() as session:
            for table in ("saga", "email_orders"):
                if await session.value(f"SELECT true FROM {table} WHERE due_at <= $1 LIMIT 1", clock.now()):
                    return False
    if "notifications" in names:
        async with app.databases["notifications"].read() as session:
            if await session.value("SELECT true FROM mails WHERE state = 'queued' LIMIT 1"):
                app.background.wake("notifications.send")
                return False
    return True


async def _has_told_readers(app: App) -> bool:
    """Whether search knows all news, and pages made before them are forgotten."""
    feed = app.pages_refresh
    at = feed.positions()
    if at is None:
        return True
    ahead, _ = await app.bus.read(
        {partition: at.get(partition, 0) for partition in range(PARTITIONS)}, types=feed.types, limit=1
    )
    return not ahead


async def _has_consumed(bus: Bus, consumers: Sequence[str]) -> bool:
    tail = {partition: last for partition, last in (await bus.tail()).items() if last}
    for name in consumers:
        at = await bus.cursors(name, list(range(PARTITIONS)))
        if any(at[partition] < last for partition, last in tail.items()):
            return False
    return True


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
    **changes: Any,
) -> AsyncIterator[Shop]:
    """A shop with GOODS on a fresh database, or another process of the same shop (`beside`).

    `background`: relay, consumers, worker and jobs run all the time; without, only what a call itself does.
    `clock` stands still unless moved: for shops without background only, whose loops would never rest on it.
    `key_values` makes what processes share for speed; without, each keeps its own.
    `changes` are settings other than a test's.
    """
    async with AsyncExitStack() as stack:
        clock = beside.clock if beside else clock or ShopClock()
        sandbox = beside.sandbox if beside else make_sandbox(clock, random.Random(seed))
        address = beside.address if beside else await stack.enter_async_context(goods_in(postgres, services))
        mail = beside.mail if beside else RecordingMail()
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rialto-shop-")))
        metrics = Metrics()
        engines = engines_of(
            address,
            metrics=metrics,
            key_values=key_values(clock, metrics) if key_values else None,
            clock=clock,
            ids=RandomIds(clock, random.Random(f"{seed}/{next(_numbers)}")),
            provider=InProcessProvider(sandbox, clock, SECRETS, network=network),
            mail=mail,
            faults=faults or NoFaults(),
        )
        settings = msgspec.structs.replace(settings_in(data), **{"rate_limit": 0, **changes})
        # Nothing is to be won by letting news gather here, and every test would wait for it.
        app = App(settings, engines, [replace(service, gathers_s=0.0) for service in services])
        shop = Shop(app, clock=clock, sandbox=sandbox, mail=mail, address=address)
        stack.push_async_callback(shop.close)
        if app.feeds:
            await app.start()
        if background:
            await stack.enter_async_context(_running(app))
        yield shop


def engines_of(
    address: DatabaseAddress,
    *,
    clock: Clock,
    ids: RandomIds,
    provider: InProcessProvider,
    mail: RecordingMail,
    faults: Faults,
    **options: Any,
) -> Engines:
    """An app's surroundings in a test. `options` are further fields of Engines (`gate`, `listen`)."""
    ports = {
        "payments": {provider.name: provider},
        "mail": mail,
        "index": TantivyEngine(),
        "passwords": Argon2Passwords(time_cost=1, memory_kib=8),
        "secrets": SECRETS,
        "cache": MemoryCache,
        "pictures": PictureFiles,
    }
    return Engines(
        clock=clock, ids=ids, faults=faults, secrets=SECRETS, address=address, by_port=ports, **options
    )


@asynccontextmanager
async def _running(app: App) -> AsyncIterator[None]:
    task = asyncio.create_task(app.background.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def goods_in(postgres: DatabaseAddress, services: Sequence[Service]) -> AsyncIterator[DatabaseAddress]:
    """A database of its own with GOODS in it and nothing waiting, dropped afterwards."""
    template = await goods_template(postgres, services)
    name = f"shop_{next(_numbers)}"
    connection = await connect(postgres)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield in_database(postgres, name)
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


async def goods_template(postgres: DatabaseAddress, services: Sequence[Service]) -> str:
    """The name of a database to copy: migrated, stocked, and every event about it delivered."""
    key = (postgres.host, tuple(service.name for service in services))
    if key not in _templates:
        name = f"goods_{len(_templates) + 1}"
        connection = await connect(postgres)
        try:
            await connection.execute(f"CREATE DATABASE {name}")
        finally:
            await connection.close()
        address = in_database(postgres, name)
        clock = ShopClock()
        await migrate(address, services, SECRETS, clock)
        await _stock(address, clock, [service for service in services if service.name != "search"])
        _templates[key] = name
    return _templates[key]


async def _stock(address: DatabaseAddress, clock: ShopClock, services: Sequence[Service]) -> None:
    provider = InProcessProvider(make_sandbox(clock, random.Random(0)), clock, SECRETS)
    ids = RandomIds(clock, random.Random(0))
    app = App(
        settings_in(),
        engines_of(address, clock=clock, ids=ids, provider=provider, mail=RecordingMail(), faults=NoFaults()),
        services,
    )
    try:
        for sku, (cents, places) in GOODS.items():
            await app[Catalog].put_product(PutProduct(draft=draft_of(sku, cents)))
            counts = [PutStock(sku=sku, warehouse=place, on_hand=count) for place, count in places.items()]
            await app[Inventory].put_stock(PutStockMany(items=counts))
        await app[Pricing].put_promotion(PutPromotion(promotion=FEW_SALE))
        await app[Pricing].put_voucher(
            PutVoucher(voucher=Voucher(code=FEW, promotion_id=FEW_SALE.id, uses_max=FEW_USES))
        )
        async with _running(app), asyncio.timeout(SETTLED_WITHIN_S):
            while not await is_settled(app, clock):
                await asyncio.sleep(0.01)
    finally:
        await app.close()


def draft_of(sku: str, cents: int) -> ProductDraft:
    title = sku.capitalize()
    return ProductDraft(
        slug=sku.lower(),
        title={"en": title, "de": title},
        variants=[VariantDraft(sku=sku, prices={"EUR": cents, "USD": cents}, weight_g=400)],
    )


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
