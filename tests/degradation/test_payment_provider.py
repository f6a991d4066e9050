"""The payment provider: its real HTTP server behind a line that fails. Money is asked for once, or not at all."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import uvicorn

from rialto.engines.http_server import listen
from rialto.engines.sandbox_payments import SandboxPayments
from rialto.kernel.clock import Clock
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.resilience import Breaker, Bulkhead
from rialto.sandbox.core import Sandbox
from rialto.sandbox.http import Keys
from rialto.sandbox.server import DroppableProtocol, Parts, assembled
from tests.degradation.people import Three, three
from tests.support.databases import SECRETS
from tests.support.fault_proxy import FaultProxy, fault_proxy
from tests.support.provider import provider_books
from tests.support.shop import a_shop

pytestmark = pytest.mark.anyio

KEYS = Keys(
    publishable_key=SECRETS.sandbox_publishable_key,
    secret_key=SECRETS.sandbox_secret_key,
    webhook_secret=SECRETS.sandbox_webhook_secret,
)
# Counted as its usual time: ten times that is longer than anybody is let wait for it.
USUALLY_S = 0.5


class Server(uvicorn.Server):
    """Inside the test's process: signals are not its business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


@dataclass
class Trouble:
    people: Three
    line: FaultProxy

    def charged(self) -> dict[str, str]:
        """The state of every payment that the provider knows of, by our reference."""
        return {held.reference: held.state for held in provider_books(self.people.shop.sandbox)}

    async def all_are_placed(self) -> None:
        """The worker asks again at its own times, which are let pass; then the books agree."""
        shop = self.people.shop

        async def placed() -> bool:
            if not await shop.sql("SELECT 1 FROM orders.orders WHERE status <> 'placed'"):
                return True
            shop.clock.advance(2)
            shop.app.background.wake("orders.saga")
            return False

        await shop.until(placed)
        await shop.settle()
        assert await shop.audit() == []
        await self.people.come_back()


async def no_webhooks(url: str, body: bytes, headers: dict[str, str]) -> int:
    """The test brings them (`Shop.deliver_webhooks`)."""
    return 0


def provider_at(port: int, clock: Clock) -> SandboxPayments:
    return SandboxPayments(
        url=f"http://127.0.0.1:{port}",
        secret_key=KEYS.secret_key,
        webhook_secret=KEYS.webhook_secret,
        breaker=Breaker(clock),
        bulkhead=Bulkhead(64, queue=256),
    )


@contextlib.asynccontextmanager
async def its_server(parts: Parts, bound: Any) -> AsyncIterator[None]:
    config = uvicorn.Config(
        parts.app, http=DroppableProtocol, lifespan="off", log_config=None, access_log=False
    )
    server = Server(config)
    serving = asyncio.create_task(server.serve([bound]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving
        await parts.writer.close()


@pytest.fixture(scope="module")
async def trouble(postgres: DatabaseAddress) -> AsyncIterator[Trouble]:
    bound = listen("127.0.0.1", 0, shared=False)
    made: list[Parts] = []
    async with fault_proxy(bound.getsockname()[1], least_s=USUALLY_S) as line:

        def engines(sandbox: Sandbox, clock: Clock) -> dict[str, Any]:
            made.append(assembled(sandbox, clock, KEYS, no_webhooks))
            return {"payments": {"sandbox": provider_at(line.port, clock)}}

        async with a_shop(postgres, engines=engines) as shop, its_server(made[0], bound):
            people = await three(shop)
            yield Trouble(people, line)
            await line.be("pass")
            await people.close()
            await shop.app.engines.by_port["payments"]["sandbox"].close()


def is_waiting(answer: httpx.Response) -> None:
    """An order is there and its money is not known yet: poll it."""
    assert answer.status_code == 202, answer.text
    assert answer.json()["payment_status"] == "pending"


async def test_provider_down(trouble: Trouble) -> None:
    people = trouble.people
    await people.shopper.fill_cart()
    form = await people.shopper.review()
    hosted_before = await people.shopper.form("/en/checkout/payment/hosted", {})
    assert hosted_before.status_code == 303
    await trouble.line.be("refuse")
    # The shopper looks around; the provider's own page is away, in a sentence; an order waits, and nothing is charged.
    await people.shopper.browse()
    hosted = await people.shopper.form("/en/checkout/payment/hosted", {})
    assert hosted.status_code == 503
    assert "The payment provider does not answer at the moment." in hosted.text
    where = await people.shopper.place(form)
    assert "/checkout/return/" in where
    assert "Your bank has not answered yet." in (await people.shopper.get(where)).text
    # The program polls its order.
    first = await people.client.buy("provider-down", "PENCIL")
    is_waiting(first)
    # The merchant works, and sees that the order is not paid yet.
    await people.merchant.works()
    assert (await people.merchant.order(first.json()["order_id"]))["status"] == "pending"
    assert trouble.charged() == {}
    await trouble.line.be("pass")
    await trouble.all_are_placed()
    assert set(trouble.charged().values()) == {"authorised"}
    assert len(trouble.charged()) == 2
    await people.all_is_well("provider-down-over")


async def test_provider_slow(trouble: Trouble) -> None:
    people = trouble.people
    before = trouble.charged()
    await people.shopper.fill_cart()
    form = await people.shopper.review()
    cart = await people.client.cart("PENCIL")
    await trouble.line.be("slow")
    # Nobody is let wait for it: an order that is pending, and pages as always.
    where, answer, _ = await asyncio.gather(
        people.shopper.place(form), people.client.check_out(cart, "provider-slow"), people.shopper.browse()
    )
    assert "/checkout/return/" in where
    is_waiting(answer)
    await people.merchant.works()
    await trouble.line.be("pass")
    await trouble.all_are_placed()
    # It had been asked and had answered too late: asked again by the same key, it charges nothing more.
    new = trouble.charged().keys() - before.keys()
    assert len(new) == 2
    await people.all_is_well("provider-slow-over")


async def test_provider_half_errors(trouble: Trouble) -> None:
    people = trouble.people
    before = trouble.charged()
    await trouble.line.be("half")
    # A lost answer is asked for again at once, by its key: shopper and program notice nothing, or wait for a moment.
    where = await people.shopper.buy()
    assert "/thanks" in where or "/checkout/return/" in where
    answers = [await people.client.buy(f"provider-half-{number}", "PENCIL") for number in range(3)]
    assert {answer.status_code for answer in answers} <= {201, 202}
    await people.merchant.works()
    await trouble.line.be("pass")
    await trouble.all_are_placed()
    assert len(trouble.charged().keys() - before.keys()) == 4
    await people.all_is_well("provider-half-over")
