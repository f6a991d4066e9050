"""A purchase in a shop of several parts is one trace: from the request to the ledger's entry and the mail."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

import pytest

from rialto.kernel.clock import Clock
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.ids import Ids, OrderId
from rialto.kernel.recording import Kept
from rialto.kernel.tracing import Kind, Span, Tracer
from rialto.orders.api import ShipOrder
from tests.support.parts import a_shop_in_parts
from tests.support.shop import ADDRESS, Shop
from tests.support.traces import Collected, recorder

pytestmark = pytest.mark.anyio

TRACE = "0af7651916cd43dd8448eb211c80319c"
# Nothing here is slow, however busy the machine is.
SLOW_S = 3600.0
PERSON = ("ada@example.org", ADDRESS.name, ADDRESS.line1, "tok_success")


class Watched:
    """What the parts kept, each for itself."""

    def __init__(self, percent: int = 100) -> None:
        self._percent = percent
        self.by_part: dict[str, Collected] = {}

    def tracer(self, part: str, clock: Clock, ids: Ids) -> Tracer:
        self.by_part[part] = Collected()
        return recorder(self.by_part[part], clock, ids, percent=self._percent, slow_s=SLOW_S)

    def shop(self, postgres: DatabaseAddress, topology: str) -> AbstractAsyncContextManager[Shop]:
        return a_shop_in_parts(postgres, topology, tracer=self.tracer, trusted_proxies=("127.0.0.1",))

    @property
    def all(self) -> Collected:
        together = Collected()
        kept: Sequence[Kept] = [one for part in self.by_part.values() for one in part.kept]
        together.kept.extend(kept)
        return together

    def parts_of(self, trace_id: str) -> set[str]:
        return {part for part, collected in self.by_part.items() if collected.names(trace_id)}


async def buy(shop: Shop, trace_id: str) -> OrderId:
    """Over the web, as nginx passes it on; the order's id."""
    cart = await shop.cart({"LAMP": 1})
    answer = await shop.web.post(
        "/v1/checkout",
        json={"cart_id": cart, "payment": {"provider": "sandbox", "token": "tok_success"}},
        headers={"Idempotency-Key": f"key-{trace_id}", "X-Request-Id": trace_id},
    )
    assert answer.status_code == 201, answer.text
    assert answer.headers["x-request-id"] == trace_id
    order_id: OrderId = answer.json()["id"]
    return order_id


@pytest.mark.parametrize("topology", ["groups", "all"])
async def test_a_purchase_is_one_trace_over_all_parts(postgres: DatabaseAddress, topology: str) -> None:
    watched = Watched()
    async with watched.shop(postgres, topology) as shop:
        order_id = await buy(shop, TRACE)
        await shop.settle()
        await shop.orders.ship(ShipOrder(order_id=order_id, step="parcel"))
        await shop.settle()
        assert {mail.to for mail in shop.mail.sent} == {PERSON[0]}
    told = watched.all
    names = told.names(TRACE)
    for expected in (
        "POST /v1/checkout",
        "inventory.reserve",
        "payments.authorise",
        "publish orders.placed",
        "notifications orders.placed",
        "reporting orders.placed",
        "mail.send",
        "orders.saga",
        "payments.capture",
        "ledger.book",
    ):
        assert expected in names, (expected, sorted(set(names)))
    parts = (
        {"sell", "shop", "work"}
        if topology == "groups"
        else {"orders", "payments", "inventory", "notifications"}
    )
    assert watched.parts_of(TRACE) >= parts
    booked = next(span for span in told.spans if span.name == "ledger.book" and span.trace_id == TRACE)
    assert list(told.above(booked))[-3:] == ["orders.saga", "orders.checkout", "POST /v1/checkout"]
    assert hangs_together(told, TRACE)
    seen = repr([(span.name, span.attributes, span.error) for span in told.spans])
    assert [word for word in (*PERSON, order_id) if word in seen] == []


def hangs_together(told: Collected, trace_id: str) -> bool:
    """Whether every span but the first has a parent among the others."""
    spans = [span for span in told.spans if span.trace_id == trace_id]
    ids = {span.span_id for span in spans}
    return [span.name for span in spans if span.parent_id not in ids] == ["POST /v1/checkout"]


async def test_an_unsampled_purchase_leaves_nothing_but_its_id(postgres: DatabaseAddress) -> None:
    watched = Watched(percent=0)
    async with watched.shop(postgres, "groups") as shop:
        await buy(shop, TRACE)
        await shop.settle()
        rows = await shop.sql("SELECT meta->>'traceparent' AS told FROM orders.events")
    assert {row["told"][:35] for row in rows} == {f"00-{TRACE}"}
    assert {row["told"][-2:] for row in rows} == {"00"}
    assert watched.all.names(TRACE) == []


async def test_a_failure_between_parts_is_kept_on_both_sides_of_it(postgres: DatabaseAddress) -> None:
    watched = Watched(percent=0)
    async with watched.shop(postgres, "groups") as shop:
        cart = await shop.cart({"LAMP": 1})
        shop.app.between.down.add("shop-1:8001")  # type: ignore[attr-defined]
        answer = await shop.web.post(
            "/v1/checkout",
            json={"cart_id": cart, "payment": {"provider": "sandbox", "token": "tok_success"}},
            headers={"Idempotency-Key": "key", "X-Request-Id": TRACE},
        )
        assert answer.status_code == 503
    spans: dict[str, Span] = {span.name: span for span in watched.all.spans if span.trace_id == TRACE}
    assert spans["POST /v1/checkout"].error == "503"
    assert spans["cart.for_checkout"].kind is Kind.CLIENT
    assert spans["cart.for_checkout"].error == "unavailable"
    assert watched.parts_of(TRACE) == {"sell"}
