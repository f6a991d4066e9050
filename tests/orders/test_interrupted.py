"""Whatever dies in the middle: the worker goes on from what is certain, and nothing is lost or done twice."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from rialto.cart.api import CartRef
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Unavailable
from rialto.kernel.ids import to_uuid
from rialto.orders.api import (
    CancelOrder,
    OrderNotCancellable,
    OrderNotShippable,
    ShipOrder,
)
from rialto.orders.handlers.worker import FAILURES_MAX
from tests.orders.counter import (
    Died,
    Dies,
    LosesCommit,
    Wire,
    a_counter,
    dying,
    orders_stored,
    sandbox,
    story,
    work,
)
from tests.support.provider import provider_books
from tests.support.shop import Shop

pytestmark = pytest.mark.anyio

BUYING = (
    "orders.saga.after_start",
    "orders.saga.after_reserve",
    "payments.before_provider",
    "payments.after_provider",
    "orders.saga.after_authorise",
    "orders.saga.after_consume",
    "orders.saga.after_placed",
)
GIVING_BACK = ("orders.saga.after_cancel", "orders.saga.after_void", "orders.saga.after_release")
SHIPPING = ("orders.ship.after_event", "payments.after_provider", "orders.ship.after_capture")


async def the_only_order(shop: Shop) -> str:
    (row,) = await shop.sql("SELECT status, payment_status FROM orders.orders")
    return f"{row['status']}, {row['payment_status']}"


@pytest.mark.parametrize("point", BUYING)
async def test_a_purchase_that_was_cut_off_is_completed_by_the_worker_and_its_repeat_answered(
    postgres: DatabaseAddress, point: str
) -> None:
    async with a_counter(postgres, faults=Dies(point)) as shop:
        cart = await shop.cart({"LAMP": 2})
        await dying(shop, cart)
        assert await work(shop) == (0 if point == "orders.saga.after_placed" else 1)
        assert await the_only_order(shop) == "placed, authorised"
        answer = await shop.checkout(cart, key="once")
        assert answer.outcome == "placed"
        assert await story(shop, answer) == ["started", "placed"]
        assert await shop.available("LAMP") == 18
        assert [held.open for held in provider_books(shop.sandbox)] == [answer.order.totals.total.amount]
        assert await work(shop) == 0
        assert await shop.audit() == []


@pytest.mark.parametrize("point", GIVING_BACK)
async def test_a_decline_that_was_cut_off_gives_everything_back(
    postgres: DatabaseAddress, point: str
) -> None:
    async with a_counter(postgres, faults=Dies(point)) as shop:
        cart = await shop.cart({"BOWL": 1})
        await dying(shop, cart, "tok_declined")
        assert await work(shop) == 1
        answer = await shop.checkout(cart, "tok_declined", key="once")
        assert (answer.outcome, answer.decline_code) == ("declined", "card_declined")
        assert await story(shop, answer) == ["started", "cancelled", "closed"]
        assert await shop.available("BOWL") == 1
        assert (await shop.carts.get(CartRef(cart_id=cart))).status == "open"
        assert await shop.audit() == []


@pytest.mark.parametrize("point", [*GIVING_BACK, "payments.after_provider"])
async def test_a_cancellation_that_was_cut_off_is_finished(postgres: DatabaseAddress, point: str) -> None:
    async with a_counter(postgres, faults=(faults := Dies(point, times=0))) as shop:
        order = (await shop.buy("BOWL")).order
        faults.left = 1
        with pytest.raises(Died):
            await shop.orders.cancel(CancelOrder(order_id=order.id, key=order.key))
        assert (await shop.order(order.id)).status == "cancelled"
        assert await work(shop) == 1
        assert await story(shop, order) == ["started", "placed", "cancelled", "closed"]
        assert [held.state for held in provider_books(shop.sandbox)] == ["voided"]
        assert await shop.available("BOWL") == 1
        assert await shop.audit() == []


@pytest.mark.parametrize("point", SHIPPING)
async def test_a_parcel_that_was_cut_off_is_captured_once(postgres: DatabaseAddress, point: str) -> None:
    async with a_counter(postgres, faults=(faults := Dies(point, times=0))) as shop:
        order = (await shop.buy("LAMP")).order
        faults.left = 1
        parcel = ShipOrder(order_id=order.id, step="parcel")
        with pytest.raises(Died):
            await shop.orders.ship(parcel)
        assert await work(shop) == 1
        assert (await shop.orders.ship(parcel)).payment_status == "captured"
        assert await story(shop, order) == ["started", "placed", "shipped", "captured"]
        assert [held.captured for held in provider_books(shop.sandbox)] == [order.totals.total.amount]
        assert await shop.audit() == []


@pytest.mark.parametrize("point", ["batch.before_commit", "batch.after_commit"])
async def test_a_commit_whose_answer_was_lost_is_looked_up_and_never_repeated_blindly(
    postgres: DatabaseAddress, point: str
) -> None:
    """Of each commit of a purchase in turn: the start, the stock, the payment, the order."""
    async with a_counter(postgres, faults=(faults := LosesCommit(point))) as shop:
        commits = 0
        while not faults.left:
            commits += 1
            cart = await shop.cart({"PENCIL": 1})
            faults.left = commits
            try:
                outcome = (await shop.checkout(cart, key="once")).outcome
            except Unavailable:
                assert (commits, point) == (1, "batch.before_commit")  # nothing was started: ask again
                outcome = (await shop.checkout(cart, key="once")).outcome
            if outcome != "placed":
                assert await work(shop) == 1
            assert (await shop.checkout(cart, key="once")).outcome in {"placed", "pending"}
            rows = await shop.sql("SELECT status FROM orders.orders WHERE cart_id = $1", to_uuid(cart))
            assert [row["status"] for row in rows] == ["placed"]
        assert commits > 4
        assert len(provider_books(shop.sandbox)) == commits
        assert await shop.available("PENCIL") == 1000 - commits
        assert await shop.audit() == []


async def test_the_worker_leaves_an_order_to_its_request_for_twenty_seconds(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres, faults=Dies("orders.saga.after_start")) as shop:
        await dying(shop, await shop.cart({"LAMP": 1}))
        assert await work(shop, after_s=19.5) == 0
        assert await work(shop, after_s=0.5) == 1
        assert await the_only_order(shop) == "placed, authorised"


async def test_a_worker_that_dies_itself_leaves_the_order_to_the_next_one(postgres: DatabaseAddress) -> None:
    """It is claimed for thirty seconds; then whoever looks takes it up."""
    async with a_counter(postgres, faults=Dies("orders.saga.after_start")) as shop:
        await dying(shop, await shop.cart({"LAMP": 1}))
        shop.clock.advance(25)
        row = (await shop.sql("SELECT bucket, order_id, due_at FROM orders.saga"))[0]
        claimed_until = shop.clock.now().replace(microsecond=0)
        await shop.sql(
            "UPDATE orders.saga SET due_at = $1, attempts = 1 WHERE order_id = $2",
            claimed_until,
            row["order_id"],
        )
        assert await work(shop, after_s=-1) == 0
        assert await work(shop, after_s=1) == 1
        assert await orders_stored(shop) == 1


async def test_the_worker_looks_ever_less_often_at_what_does_not_move_on(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres, wire=Wire(down=True)) as shop:
        await shop.buy("LAMP")
        waits = []
        for _ in range(7):
            due_at = (await shop.sql("SELECT due_at FROM orders.saga"))[0]["due_at"]
            waits.append(round((due_at - shop.clock.now()).total_seconds()))
            shop.clock.advance(waits[-1])
            assert await shop.app.handlers["orders"].work() == 1
        assert waits == [2, 4, 8, 16, 30, 30, 30]


async def test_after_twenty_failures_a_person_must_look_and_not_before(postgres: DatabaseAddress) -> None:
    faults = Dies("orders.saga.after_reserve", times=1000)
    async with a_counter(postgres, faults=faults) as shop:
        cart = await shop.cart({"LAMP": 1})
        await dying(shop, cart)
        with capture_logs() as logged:
            for _ in range(FAILURES_MAX - 1):
                assert await work(shop) == 1
            assert await the_only_order(shop) == "pending, pending"
            assert await work(shop) == 1
        assert await the_only_order(shop) == "needs_attention, pending"
        assert [line["attempts"] for line in logged] == list(range(1, FAILURES_MAX + 1))
        # It is at rest: the worker leaves it alone, and whoever asks is told that it is not placed.
        assert await work(shop) == 0
        answer = await shop.checkout(cart, key="once")
        assert answer.outcome == "pending"
        assert await story(shop, answer) == ["started", "needs_attention"]
        seen = await shop.resume(answer.order)
        assert (seen.outcome, seen.order.status) == ("pending", "needs_attention")
        with pytest.raises(OrderNotShippable):
            await shop.orders.ship(ShipOrder(order_id=answer.order.id, step="no"))
        with pytest.raises(OrderNotCancellable):
            await shop.orders.cancel(CancelOrder(order_id=answer.order.id, staff=True))


async def test_one_order_that_fails_holds_up_no_other(postgres: DatabaseAddress) -> None:
    faults = Dies("orders.saga.after_reserve")
    async with a_counter(postgres, faults=faults) as shop:
        carts = [await shop.cart({"LAMP": 1}) for _ in range(3)]
        for cart in carts:
            faults.left = 1
            await dying(shop, cart)
        faults.left = 1
        with capture_logs() as logged:
            assert await work(shop) == 3
        assert len(logged) == 1
        rows = await shop.sql("SELECT status, count(*) AS count FROM orders.orders GROUP BY 1")
        assert {row["status"]: row["count"] for row in rows} == {"pending": 1, "placed": 2}
        assert await work(shop) == 1
        assert await shop.audit() == []


async def test_a_dependency_that_is_away_is_no_failure(postgres: DatabaseAddress) -> None:
    """Being unavailable is told apart from failing: it ends by itself, and no person could help."""
    async with a_counter(postgres, wire=(wire := Wire())) as shop:
        order = (await shop.buy("LAMP")).order
        wire.down = True
        assert (await shop.orders.ship(ShipOrder(order_id=order.id, step="parcel"))).status == "placed"
        for _ in range(FAILURES_MAX + 5):
            assert await work(shop) == 1
        assert await the_only_order(shop) == "placed, authorised"
        wire.down = False
        assert await work(shop) == 1
        assert await the_only_order(shop) == "completed, captured"
        assert await shop.audit() == []


async def test_money_that_cannot_be_taken_is_given_to_a_person_and_still_asked_for(
    postgres: DatabaseAddress,
) -> None:
    """The provider let the authorisation lapse: twenty refusals later staff hear of it, the goods having left."""
    async with a_counter(postgres) as shop:
        order = (await shop.buy("LAMP")).order
        shop.clock.advance(8 * 24 * 3600)
        shop.sandbox.settle_due()
        with pytest.raises(Exception, match="refused"):
            await shop.orders.ship(ShipOrder(order_id=order.id, step="parcel"))
        with capture_logs():
            for _ in range(FAILURES_MAX):
                assert await work(shop) == 1
            assert await story(shop, order) == ["started", "placed", "shipped", "needs_attention"]
            assert await work(shop) == 1
        seen = await shop.order(order.id)
        assert (seen.status, seen.payment_status, seen.fulfilment_status) == (
            "needs_attention",
            "authorised",
            "shipped",
        )


async def test_of_two_payments_only_the_one_not_reached_is_asked_for_after_a_crash(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres, faults=(faults := Dies("payments.after_provider", times=0))) as shop:
        cart = await shop.cart({"LAMP": 1})
        tenders = [sandbox("tok_success", 1000), sandbox("tok_success")]
        order = (await shop.checkout(cart, tenders)).order
        faults.left = 1
        with pytest.raises(Died):
            await shop.orders.ship(ShipOrder(order_id=order.id, step="parcel"))
        assert await work(shop) == 1
        rest = order.totals.total.amount - 1000
        assert [held.captured for held in provider_books(shop.sandbox)] == [1000, rest]
        assert await shop.audit() == []
