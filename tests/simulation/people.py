"""Who acts in a history: buyers, each with a card and habits of their own, staff, and a merchant who changes prices."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import msgspec

from rialto.app import App
from rialto.cart.api import AddLine, Carts, ChangeCode, CodeNotValid
from rialto.catalog.api import Catalog, PutProduct
from rialto.inventory.api import OutOfStock
from rialto.kernel.errors import RialtoError
from rialto.kernel.ids import CartId, OrderId
from rialto.kernel.money import EUR, Money
from rialto.orders.api import (
    CancelOrder,
    CheckoutAnswer,
    CheckoutInProgress,
    ContinueCheckout,
    Order,
    OrderRef,
    Orders,
    PlaceOrder,
    PriceChanged,
    ReceiveGoods,
    RefundOrder,
    RequestInProgress,
    ShipOrder,
    Tender,
)
from rialto.orders.routes.checkout import rendered
from rialto.sandbox.model import Decision
from tests.simulation.world import PATIENCE_S, World
from tests.support.goods import FEW, GOODS, draft_of
from tests.support.provider import answer_challenge
from tests.support.shop import fill_cart, place_order
from tests.support.simulator import ProcessDied

T = TypeVar("T")

TOKENS = (
    *("tok_success",) * 4,
    *("tok_3ds",) * 4,
    "tok_declined",
    "tok_insufficient_funds",
    "tok_slow",
    "tok_lost_reply",
)
SCARCE = ("LAMP", "VASE", "PRINT", "BOWL")
TRIES_MAX = 12  # of a second tab, while the first one's checkout is open


class Request:
    """One checkout request: its key, and every answer that came to it. All must be equal."""

    def __init__(self, world: World, command: PlaceOrder) -> None:
        self._world = world
        self.command = command
        self.answer: CheckoutAnswer | None = None

    async def send(self) -> CheckoutAnswer | RialtoError | None:
        """Until there is an answer or a refusal; None when it stays open for too long, which is a finding."""
        world = self._world
        until = max(world.loop.awake(), world.storm_ends) + PATIENCE_S
        refused = 0
        while world.loop.awake() < until:
            try:
                answer = await world.ask(lambda app: app[Orders].checkout(self.command))
            except (ProcessDied, PriceChanged, RequestInProgress):
                pass
            except CheckoutInProgress as refusal:
                refused += 1
                if refused == TRIES_MAX:
                    return refusal
            except RialtoError as refusal:
                if not refusal.retryable:
                    self._check_refusal(refusal)
                    return refusal
            else:
                self._check(answer)
                return answer
            await asyncio.sleep(1.0)
        world.find("I9", f"key {self.command.key} has no answer {PATIENCE_S:.0f} s after the storm")
        return None

    def _check(self, answer: CheckoutAnswer) -> None:
        world = self._world
        world.trace.note(self.command.key, answer.outcome, answer.order.id)
        if self.answer is None:
            self.answer = answer
            world.counts[answer.outcome] += 1
            if answer.outcome == "placed":
                world.placed[answer.order.id] = self.command.key
        elif _as_sent(answer) != _as_sent(self.answer):
            world.find(
                "I9",
                f"key {self.command.key} was answered {self.answer.outcome} v{self.answer.order.version}"
                f" and then {answer.outcome} v{answer.order.version}",
            )

    def _check_refusal(self, refusal: RialtoError) -> None:
        self._world.trace.note(self.command.key, "refused", refusal.stable_code)
        self._world.counts[refusal.stable_code] += 1
        if self.answer is not None:
            self._world.find(
                "I9",
                f"key {self.command.key} was answered {self.answer.outcome}, then {refusal.stable_code}",
            )


class Buyer:
    """Fills a cart and checks out, perhaps several times at once and with another card after a decline."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.name = f"buyer {number}"
        self.draw: random.Random = world.draws(self.name)
        self.requests: list[Request] = []

    async def run(self) -> None:
        world, draw = self.world, self.draw
        await asyncio.sleep(draw.uniform(0.0, world.storm_ends))
        cart = await self._fill()
        if draw.random() < 0.25:
            world.begin(self._fiddle(cart))
        result = await self._check_out(cart, "first")
        again = isinstance(result, OutOfStock) or (
            isinstance(result, CheckoutAnswer) and result.outcome == "declined"
        )
        if again and draw.random() < 0.7:
            result = await self._check_out(cart, "second")
        if isinstance(result, CheckoutAnswer):
            await self._follow(result)

    async def ask_again(self) -> None:
        """Every key once more at the very end."""
        for request in self.requests:
            if request.answer is not None:
                await request.send()

    async def _fill(self) -> CartId:
        skus = self.draw.choices(SCARCE, (6, 3, 2, 1), k=self.draw.choice([1, 1, 2]))
        lines = {sku: self.draw.choice([1, 1, 2]) for sku in skus}
        cart = await self.world.insist(lambda app: fill_cart(app[Carts], lines))
        if self.draw.random() < 0.5:
            await self.world.insist(lambda app: _enter_code(app, cart))
        return cart

    async def _fiddle(self, cart: CartId) -> None:
        """Change the cart while it is being ordered."""
        await asyncio.sleep(self.draw.random() * 3)
        try:
            await self.world.ask(
                lambda app: app[Carts].add_line(AddLine(cart_id=cart, sku="PENCIL", quantity=3))
            )
        except (RialtoError, ProcessDied):
            return

    async def _check_out(self, cart: CartId, tab: str) -> CheckoutAnswer | RialtoError | None:
        draw = self.draw
        token = draw.choice(TOKENS)
        self.world.counts[token] += 1
        tenders = [Tender(provider="sandbox", token=token)]
        if draw.random() < 0.2:
            tenders.insert(0, Tender(provider="sandbox", token="tok_success", amount=Money(500, EUR)))
        requests = [Request(self.world, place_order(cart, tenders, f"{self.name}/{tab}".replace(" ", "-")))]
        if draw.random() < 0.15:
            requests.append(
                Request(self.world, place_order(cart, tenders, f"{self.name}/{tab}/tab".replace(" ", "-")))
            )
        self.requests += requests
        impatient = requests[:1] * draw.choice([0, 0, 1, 2])
        results = await asyncio.gather(*(request.send() for request in [*requests, *impatient]))
        answers = [result for result in results if isinstance(result, CheckoutAnswer)]
        return answers[0] if answers else results[0]

    async def _follow(self, answer: CheckoutAnswer) -> None:
        world, draw, order = self.world, self.draw, answer.order
        if answer.outcome == "action":
            await asyncio.sleep(draw.uniform(0.5, 20.0))
            decision = draw.choice([Decision.ACCEPT, Decision.ACCEPT, Decision.REFUSE, None])
            if decision is not None:
                answer_challenge(world.sandbox, answer.next_action_url, decision)
                if draw.random() < 0.6:
                    await self._come_back(order)
        elif answer.outcome == "placed" and draw.random() < 0.25:
            await asyncio.sleep(draw.uniform(0.0, 6.0))
            cancel = CancelOrder(order_id=order.id, key=order.key)
            if await self._try(lambda app: app[Orders].cancel(cancel)) is not None:
                world.counts["cancelled by buyers"] += 1

    async def _come_back(self, order: Order) -> None:
        again = ContinueCheckout(order_id=order.id, key=order.key)
        answer = await self._try(lambda app: app[Orders].resume(again))
        if answer is not None and answer.outcome == "placed":
            self.world.placed.setdefault(order.id, f"{self.name}, who came back")
            self.world.counts["placed after 3-D Secure"] += 1

    async def _try(self, make: Callable[[App], Awaitable[T]]) -> T | None:
        """None when it is refused."""
        try:
            return await self.world.insist(make)
        except RialtoError as refusal:
            self.world.trace.note(self.name, "is refused", refusal.stable_code)
            return None


class Staff:
    """Ships, cancels, refunds and takes back what was placed; repeats each step until it is answered."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.draw = world.draws("staff")
        self._seen: set[OrderId] = set()
        self._busy_with: dict[OrderId, None] = {}

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self.draw.uniform(0.5, 4.0))
            fresh = [order_id for order_id in self.world.placed if order_id not in self._seen]
            for order_id in fresh:
                self._seen.add(order_id)
                if self.draw.random() < 0.7:
                    self.world.begin(self._treat(order_id, self.draw.random()))

    def is_done(self) -> bool:
        """Whether nobody waits for an order; who asks only every other second may not have looked yet."""
        return not self._busy_with

    def check_done(self) -> None:
        """At the end nobody waits for an order any more."""
        for order_id in self._busy_with:
            self.world.find("I8", f"staff still waits for {order_id}")

    async def _treat(self, order_id: OrderId, mood: float) -> None:
        self._busy_with[order_id] = None
        await asyncio.sleep(mood * 5)
        try:
            if mood < 0.2:
                cancel = CancelOrder(order_id=order_id, staff=True, reason="staff")
                await self.world.insist(lambda app: app[Orders].cancel(cancel))
                self.world.counts["cancelled by staff"] += 1
                return
            await self._ship(order_id, in_parts=mood > 0.7)
            if mood > 0.5:
                await self._refund(order_id, mood)
            elif mood > 0.35:
                await self._take_back(order_id)
        except RialtoError as refusal:
            self.world.trace.note("staff is refused", refusal.stable_code)
        finally:
            del self._busy_with[order_id]

    async def _ship(self, order_id: OrderId, *, in_parts: bool) -> None:
        order = await self.world.insist(_look(order_id))
        if in_parts:
            part = ShipOrder(order_id=order_id, lines={order.lines[0].id: 1}, step="part")
            await self.world.insist(lambda app: app[Orders].ship(part))
        whole = ShipOrder(order_id=order_id, step="whole")
        await self.world.insist(lambda app: app[Orders].ship(whole))
        self.world.counts["shipped"] += 1

    async def _take_back(self, order_id: OrderId) -> None:
        """A unit comes back and can be sold again."""
        order = await self.world.insist(_look(order_id))
        line = order.lines[0].id
        back = ReceiveGoods(
            order_id=order_id, lines={line: 1}, fit={line: 1}, warehouse="berlin", step="back"
        )
        await self.world.insist(lambda app: app[Orders].receive(back))
        self.world.counts["taken back"] += 1

    async def _refund(self, order_id: OrderId, mood: float) -> None:
        async def captured() -> Order:
            while True:
                order: Order = await self.world.insist(_look(order_id))
                if order.payment_status in {"captured", "partially_refunded"}:
                    return order
                await asyncio.sleep(2.0)

        total = (await captured()).totals.total
        amount = total if mood > 0.8 else Money(max(total.amount // 3, 1), EUR)
        refund = RefundOrder(order_id=order_id, amount=amount, reason="late", step="refund")
        await self.world.insist(lambda app: app[Orders].refund(refund))
        self.world.counts["refunded"] += 1


def _as_sent(answer: CheckoutAnswer) -> tuple[int | None, bytes]:
    """Status and body as the route renders them."""
    response = rendered(answer)
    return response.status_code, msgspec.json.encode(response.content)


def _look(order_id: OrderId):  # type: ignore[no-untyped-def]  # noqa: ANN202
    return lambda app: app[Orders].get(OrderRef(order_id=order_id, staff=True))


async def change_prices(world: World) -> None:
    draw = world.draws("merchant")
    while world.stormy:
        await asyncio.sleep(draw.uniform(5.0, 15.0))
        sku = draw.choice(SCARCE)
        draft = draft_of(sku, GOODS[sku][0] + draw.randrange(-100, 100))

        async def put(app: App, draft=draft) -> object:  # type: ignore[no-untyped-def]  # noqa: ANN001
            return await app[Catalog].put_product(PutProduct(draft=draft))

        await world.insist(put)


async def _enter_code(app: App, cart: CartId) -> None:
    """Whoever is too late for it pays the whole price."""
    with suppress(CodeNotValid):
        await app[Carts].add_code(ChangeCode(cart_id=cart, code=FEW))
