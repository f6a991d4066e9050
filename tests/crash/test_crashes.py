"""kill -9 at every named point of the real process; then the shop comes back, and nothing is lost or done twice."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from rialto.app import ALL
from rialto.kernel.db import DatabaseAddress, connect
from rialto.kernel.faults import POINTS
from tests.support.databases import in_database
from tests.support.goods import FEW, goods_template
from tests.support.process import Answer, Disconnected, RealShop, add_staff, database_from, real_shop

pytestmark = pytest.mark.crash

# What the worker is doing when it dies; `point:n` is the n-th visit.
BUYING = (
    *(f"batch.before_commit:{visit}" for visit in (1, 2, 4)),
    *(f"batch.after_commit:{visit}" for visit in (1, 3, 5)),
    "orders.saga.after_start",
    "orders.saga.after_reserve",
    "orders.saga.after_codes",
    "orders.saga.after_authorise",
    "orders.saga.after_consume",
    "orders.saga.after_placed",
    "payments.before_provider",
    "payments.after_provider",
    "relay.before_publish",
    "relay.after_publish",
    "relay.after_delete",
    "consumer.before_commit",
    "consumer.after_commit",
)
DECLINING = ("orders.saga.after_cancel", "orders.saga.after_void", "orders.saga.after_release")
SHIPPING = ("orders.ship.after_event", "orders.ship.after_capture", "payments.after_provider")
CANCELLING = ("orders.saga.after_cancel", "orders.saga.after_void", "payments.after_provider")
REFUNDING = ("orders.refund.after_decision", "orders.refund.after_payment")
RECEIVING = ("orders.receive.after_event", "orders.receive.after_stock")
SWEEPING = ("inventory.sweep.before_commit", "inventory.sweep.after_commit")

ADDRESS = {
    "email": "ada@example.org",
    "shipping": {
        "name": "Ada Lovelace",
        "line1": "Weg 1",
        "city": "Berlin",
        "postal_code": "10115",
        "country": "DE",
    },
}
_keys = itertools.count(1)


@pytest.fixture(scope="module")
def place(postgres: DatabaseAddress) -> Iterator[tuple[RealShop, str]]:
    """The provider's process and a database to copy, for all tests of this file."""
    template = asyncio.run(_template(postgres))
    with real_shop(postgres) as shop:
        yield shop, template


@pytest.fixture
def shop(place: tuple[RealShop, str]) -> Iterator[RealShop]:
    with database_from(*place):
        yield place[0]


def test_every_point_there_is_is_tried() -> None:
    every = (*BUYING, *DECLINING, *SHIPPING, *CANCELLING, *REFUNDING, *RECEIVING, *SWEEPING)
    tried = {point.partition(":")[0] for point in every}
    assert tried == set(POINTS)


@pytest.mark.parametrize("point", BUYING)
def test_a_purchase_that_is_cut_off_is_completed_and_its_repeat_answered(shop: RealShop, point: str) -> None:
    shop.start(point)
    cart = _cart(shop)
    first = _dying(shop, lambda: _checkout(shop, cart, "tok_success"))
    shop.let_time_pass()
    shop.start()
    answer = _insist(shop, lambda: _checkout(shop, cart, "tok_success"))
    assert answer.status == 201, answer
    assert first in (None, answer)
    _check_rest(shop, cart, "tok_success", answer)
    assert shop.sql("SELECT status FROM orders.orders")[0]["status"] == "placed"
    assert shop.sql("SELECT count(*) AS count FROM notifications.mails")[0]["count"] == 1


@pytest.mark.parametrize("point", DECLINING)
def test_a_decline_that_is_cut_off_gives_everything_back(shop: RealShop, point: str) -> None:
    shop.start(point)
    cart = _cart(shop)
    _dying(shop, lambda: _checkout(shop, cart, "tok_declined"))
    shop.let_time_pass()
    shop.start()
    answer = _insist(shop, lambda: _checkout(shop, cart, "tok_declined"))
    assert (answer.status, answer.code) == (402, "payment_declined")
    _check_rest(shop, cart, "tok_declined", answer)
    assert _available(shop) == 20
    again = _insist(shop, lambda: _checkout(shop, cart, "tok_success", key="another"))
    assert again.status == 201


@pytest.mark.parametrize("point", SHIPPING)
def test_a_parcel_whose_telling_is_cut_off_is_captured_once(shop: RealShop, point: str) -> None:
    order = _bought(shop, then=point)
    path = f"/v1/admin/orders/{order['id']}/ship"
    _dying(shop, lambda: shop.staff("POST", path, {}, "parcel"))
    shop.let_time_pass()
    shop.start()
    answer = _insist(shop, lambda: shop.staff("POST", path, {}, "parcel"))
    assert (answer.status, answer.body["fulfilment_status"]) == (200, "shipped")
    _wait_for_rest(shop)
    seen = shop.staff("GET", f"/v1/admin/orders/{order['id']}", None, "look").body
    assert (seen["status"], seen["payment_status"]) == ("completed", "captured")
    row = shop.sql("SELECT captured, refunded FROM payments.payments")[0]
    assert dict(row) == {"captured": order["totals"]["total"]["amount"], "refunded": 0}
    _check_audit(shop)


@pytest.mark.parametrize("point", REFUNDING)
def test_a_refund_that_is_cut_off_is_given_once(shop: RealShop, point: str) -> None:
    order = _bought(shop, then=point)
    admin = f"/v1/admin/orders/{order['id']}"
    assert shop.staff("POST", f"{admin}/ship", {}, "parcel").status == 200
    body = {"lines": {order["lines"][0]["id"]: 1}, "reason": "bent"}
    _dying(shop, lambda: shop.staff("POST", f"{admin}/refunds", body, "bent"))
    shop.let_time_pass()
    shop.start()
    answer = _insist(shop, lambda: shop.staff("POST", f"{admin}/refunds", body, "bent"))
    assert answer.status == 201, answer
    _wait_for_rest(shop)
    seen = shop.staff("GET", admin, None, "look").body
    assert [back["done"] for back in seen["refunds"]] == [True]
    row = shop.sql("SELECT captured, refunded FROM payments.payments")[0]
    assert dict(row) == {
        "captured": order["totals"]["total"]["amount"],
        "refunded": seen["refunded"]["amount"],
    }
    assert seen["refunded"]["amount"] > 0
    _check_audit(shop)


@pytest.mark.parametrize("point", RECEIVING)
def test_goods_whose_return_is_cut_off_are_in_stock_once(shop: RealShop, point: str) -> None:
    order = _bought(shop, then=point)
    admin = f"/v1/admin/orders/{order['id']}"
    assert shop.staff("POST", f"{admin}/ship", {}, "parcel").status == 200
    line = order["lines"][0]["id"]
    body = {"lines": {line: 2}, "fit": {line: 1}, "warehouse": "berlin"}
    _dying(shop, lambda: shop.staff("POST", f"{admin}/receipts", body, "back"))
    shop.let_time_pass()
    shop.start()
    answer = _insist(shop, lambda: shop.staff("POST", f"{admin}/receipts", body, "back"))
    assert answer.status == 200, answer
    _wait_for_rest(shop)
    assert _available(shop) == 19
    _check_audit(shop)


@pytest.mark.parametrize("point", CANCELLING)
def test_a_cancellation_that_is_cut_off_is_finished(shop: RealShop, point: str) -> None:
    order = _bought(shop, then=point)
    path = f"/v1/orders/{order['id']}/cancel?key={order['key']}"
    _dying(shop, lambda: shop.call("POST", path))
    shop.let_time_pass()
    shop.start()
    answer = _insist(shop, lambda: shop.call("POST", path))
    assert (answer.status, answer.body["status"]) == (200, "cancelled")
    _wait_for_rest(shop)
    assert shop.sql("SELECT status FROM payments.payments")[0]["status"] == "voided"
    assert _available(shop) == 20
    _check_audit(shop)


@pytest.mark.parametrize("point", SWEEPING)
def test_stock_whose_release_is_cut_off_is_released_once(shop: RealShop, point: str) -> None:
    shop.start()
    cart = _cart(shop)
    waiting = _checkout(shop, cart, "tok_3ds")
    assert waiting.body["next_action"]["type"] == "redirect"
    shop.kill()
    shop.let_time_pass()
    shop.sql("UPDATE inventory.reservations SET expires_at = expires_at - interval '1 hour'")
    assert _available(shop) == 18
    shop.start(point)
    shop.until(shop.is_dead, "the worker dies while it sweeps")
    shop.let_time_pass()
    shop.start()
    shop.until(lambda: _available(shop) == 20, "the stock is back")
    path = f"/v1/checkout/{waiting.body['order_id']}/continue?key={waiting.body['key']}"
    assert _insist(shop, lambda: shop.call("POST", path)).code == "order_cancelled"
    assert _checkout(shop, cart, "tok_3ds") == waiting
    _wait_for_rest(shop)
    _check_audit(shop)


def _cart(shop: RealShop) -> str:
    """With a code, so that it is held and given back wherever the process dies; the audit proves its count."""
    created = shop.call("POST", "/v1/carts", {"currency": "EUR", "country": "DE", "language": "en"})
    cart = str(created.body["id"])
    shop.call("POST", f"/v1/carts/{cart}/lines", {"sku": "LAMP", "quantity": 2})
    with_code = shop.call("POST", f"/v1/carts/{cart}/codes", {"code": FEW})
    assert with_code.body["totals"]["discount"]["amount"] == 980, with_code
    shop.call("PUT", f"/v1/carts/{cart}/address", ADDRESS)
    options = shop.call("GET", f"/v1/carts/{cart}/delivery-options").body["items"]
    chosen = shop.call("PUT", f"/v1/carts/{cart}/delivery", {"option_id": options[0]["id"]})
    assert chosen.status == 200, chosen
    return cart


def _checkout(shop: RealShop, cart: str, token: str, *, key: str = "the-key") -> Answer:
    body = {"cart_id": cart, "payment": {"provider": "sandbox", "token": token}}
    return shop.call("POST", "/v1/checkout", body, {"idempotency-key": key})


def _bought(shop: RealShop, *, then: str) -> Any:
    """An order at rest, and a worker that will die at the next visit of `then`."""
    shop.start()
    answer = _checkout(shop, _cart(shop), "tok_success")
    assert answer.status == 201, answer
    _wait_for_rest(shop)
    shop.kill()
    shop.let_time_pass()
    shop.start(then)
    return answer.body


def _dying(shop: RealShop, request: Any) -> Answer | None:
    """Send it and wait for the worker's end; the answer, if one came before that."""
    answers: list[Answer] = []

    def send() -> None:
        with suppress(Disconnected):
            answers.append(request())

    thread = threading.Thread(target=send)
    thread.start()
    shop.until(shop.is_dead, "the worker dies at the point")
    thread.join()
    return answers[0] if answers else None


def _insist(shop: RealShop, request: Any) -> Answer:
    """Repeat it as a patient client does, until the answer is final."""
    answers: list[Answer] = []

    def is_final() -> bool:
        answers.append(request())
        final = answers[-1].status < 500 and answers[-1].code != "request_in_progress"
        if not final:
            shop.let_time_pass()
        return final

    shop.until(is_final, "the repeat is answered")
    return answers[-1]


def _check_rest(shop: RealShop, cart: str, token: str, answer: Answer) -> None:
    _wait_for_rest(shop)
    assert _checkout(shop, cart, token) == answer
    assert shop.sql("SELECT count(*) AS count FROM orders.orders")[0]["count"] == 1
    _check_audit(shop)


def _wait_for_rest(shop: RealShop) -> None:
    def is_at_rest() -> bool:
        rows = shop.sql(
            "SELECT (SELECT count(*) FROM orders.saga) + (SELECT count(*) FROM orders.outbox)"
            " + (SELECT count(*) FROM payments.outbox) + (SELECT count(*) FROM inventory.outbox)"
            " + (SELECT count(*) FROM notifications.mails WHERE state = 'queued')"
            " + abs((SELECT count(*) FROM orders.orders WHERE placed_at IS NOT NULL)"
            " - (SELECT count(*) FROM notifications.mails WHERE template = 'order_placed')) AS count"
        )
        return bool(rows[0]["count"] == 0)

    shop.until(is_at_rest, "nothing is left to do")


def _available(shop: RealShop) -> int:
    rows = shop.sql("SELECT sum(on_hand - reserved)::int AS count FROM inventory.stock WHERE sku = 'LAMP'")
    return int(rows[0]["count"])


def _check_audit(shop: RealShop) -> None:
    code, said = shop.audit()
    assert code == 0, said


async def _template(postgres: DatabaseAddress) -> str:
    """The goods' database and a member of staff."""
    goods = await goods_template(postgres, ALL)
    name = f"crash_template_{next(_keys)}"
    connection = await connect(postgres)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {goods}")
    finally:
        await connection.close()
    await add_staff(in_database(postgres, name))
    return name
