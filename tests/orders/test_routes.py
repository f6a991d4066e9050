"""Orders on the web: which answer each outcome has, and requests that make no sense."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import HTTPException, ValidationException

from rialto.kernel.auth import Principal
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import RialtoError
from rialto.kernel.faults import Faults
from rialto.kernel.http import handle_http_error, handle_rialto_error, handle_validation
from rialto.kernel.ids import CartId
from rialto.orders.routes import ROUTES
from rialto.sandbox.model import Decision
from tests.orders.counter import Dies, Wire, a_counter
from tests.support.shop import Shop, place_order

pytestmark = pytest.mark.anyio

GUEST = Principal(kind="guest")
CLERK = Principal(kind="staff", permissions=frozenset({"orders.*"}))
VIEWER = Principal(kind="staff", permissions=frozenset({"*.read"}))


class Web:
    """A client of the orders' routes, as whoever it says, and the shop behind them."""

    def __init__(self, shop: Shop, client: httpx.AsyncClient) -> None:
        self.shop = shop
        self.client = client
        self.principal = GUEST

    async def checkout(self, cart: CartId, token: str = "tok_success", **headers: str) -> httpx.Response:
        body = {"cart_id": cart, "payment": {"provider": "sandbox", "token": token}}
        return await self.client.post("/v1/checkout", json=body, headers={"Idempotency-Key": "k"} | headers)

    async def staff(self, path: str, body: Any = None, *, key: str | None = "k") -> httpx.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        return await self.client.post(f"/v1/admin/orders/{path}", json=body, headers=headers)


@asynccontextmanager
async def a_web(
    postgres: DatabaseAddress, *, faults: Faults | None = None, wire: Wire | None = None
) -> AsyncIterator[Web]:
    async with a_counter(postgres, faults=faults, wire=wire) as shop:
        app = Litestar(
            ROUTES,
            dependencies={"orders": Provide(lambda: shop.orders, sync_to_thread=False)},
            exception_handlers={
                RialtoError: handle_rialto_error,
                ValidationException: handle_validation,
                HTTPException: handle_http_error,
            },
            openapi_config=None,
        )

        async def with_principal(scope: Any, receive: Any, send: Any) -> None:
            scope["rialto.principal"] = lambda: web.principal
            await app(scope, receive, send)

        transport = httpx.ASGITransport(with_principal)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
            web = Web(shop, client)
            yield web


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


async def test_a_placed_order_is_201_with_its_address_and_the_same_again(postgres: DatabaseAddress) -> None:
    async with a_web(postgres) as web:
        cart = await web.shop.cart({"LAMP": 1})
        placed = await web.checkout(cart)
        order = placed.json()
        assert (placed.status_code, order["status"]) == (201, "placed")
        assert placed.headers["location"] == f"/v1/orders/{order['id']}"
        assert placed.headers["cache-control"] == "no-store"
        again = await web.checkout(cart)
        assert (again.status_code, again.content) == (201, placed.content)
        read = await web.client.get(f"/v1/orders/{order['id']}", params={"key": order["key"]})
        assert (read.status_code, read.json()) == (200, order)


async def test_a_request_without_a_key_or_with_one_that_is_not_plain_is_400(
    postgres: DatabaseAddress,
) -> None:
    async with a_web(postgres) as web:
        cart = await web.shop.cart({"LAMP": 1})
        body = {"cart_id": cart, "payment": {"provider": "sandbox", "token": "tok_success"}}
        assert problem(await web.client.post("/v1/checkout", json=body)) == (400, "idempotency_key_missing")
        # Said first, whatever else is wrong.
        nowhere = body | {"cart_id": "nowhere"}
        assert problem(await web.client.post("/v1/checkout", json=nowhere))[1] == "idempotency_key_missing"
        for key, code in (("", "missing"), ("a b", "not_valid"), ("x" * 256, "not_valid")):
            answer = await web.checkout(cart, **{"Idempotency-Key": key})
            assert problem(answer) == (400, f"idempotency_key_{code}")
        assert (await web.checkout(cart)).status_code == 201


async def test_another_body_under_the_key_is_422(postgres: DatabaseAddress) -> None:
    async with a_web(postgres) as web:
        cart = await web.shop.cart({"LAMP": 1})
        assert (await web.checkout(cart)).status_code == 201
        assert problem(await web.checkout(cart, "tok_declined")) == (422, "idempotency_key_reused")
        body = {
            "cart_id": cart,
            "payment": {"provider": "sandbox", "token": "tok_success"},
            "expected_total": {"amount": 5390, "currency": "EUR"},
        }
        answer = await web.client.post("/v1/checkout", json=body, headers={"Idempotency-Key": "k"})
        assert problem(answer) == (422, "idempotency_key_reused")


async def test_a_body_that_only_looks_different_is_the_same_request(postgres: DatabaseAddress) -> None:
    async with a_web(postgres) as web:
        cart = await web.shop.cart({"LAMP": 1})
        first = await web.checkout(cart)
        text = f'{{ "payment": {{"token":"tok_success", "provider":"sandbox"}},\n "cart_id": "{cart}" }}'
        headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
        again = await web.client.post("/v1/checkout", content=text, headers=headers)
        assert (again.status_code, again.content) == (201, first.content)


async def test_a_key_still_running_is_409_and_says_when_to_come_back(postgres: DatabaseAddress) -> None:
    async with a_web(postgres, faults=Dies("orders.saga.after_start")) as web:
        cart = await web.shop.cart({"LAMP": 1})
        assert (await web.checkout(cart)).status_code == 500
        answer = await web.checkout(cart)
        assert problem(answer) == (409, "request_in_progress")
        assert answer.headers["retry-after"] == "2"


async def test_a_decline_is_402_with_its_reason_and_the_cart_may_be_paid_otherwise(
    postgres: DatabaseAddress,
) -> None:
    async with a_web(postgres) as web:
        cart = await web.shop.cart({"LAMP": 1})
        answer = await web.checkout(cart, "tok_insufficient_funds")
        assert problem(answer) == (402, "payment_declined")
        assert answer.json()["decline_code"] == "insufficient_funds"
        assert (await web.checkout(cart, "tok_insufficient_funds")).content == answer.content
        assert (await web.checkout(cart, **{"Idempotency-Key": "other"})).status_code == 201


async def test_3d_secure_is_202_with_where_to_go_and_continue_ends_it(postgres: DatabaseAddress) -> None:
    async with a_web(postgres) as web:
        answer = await web.checkout(await web.shop.cart({"LAMP": 1}), "tok_3ds")
        told = answer.json()
        assert (answer.status_code, told["payment_status"]) == (202, "action_required")
        assert told["next_action"]["type"] == "redirect"
        address = f"/v1/checkout/{told['order_id']}/continue"
        assert problem(await web.client.post(address)) == (404, "not_found")
        again = await web.client.post(address, params={"key": told["key"]})
        assert (again.status_code, again.json()) == (202, told)
        challenge = told["next_action"]["url"].rpartition("/")[2]
        web.shop.sandbox.answer_challenge(challenge, Decision.ACCEPT)
        placed = await web.client.post(address, params={"key": told["key"]})
        assert (placed.status_code, placed.json()["status"]) == (201, "placed")


async def test_a_provider_without_an_answer_is_202_pending_and_the_order_can_be_asked(
    postgres: DatabaseAddress,
) -> None:
    async with a_web(postgres, wire=Wire(down=True)) as web:
        told = await web.checkout(await web.shop.cart({"LAMP": 1}))
        body = told.json()
        assert (told.status_code, body["payment_status"], body["next_action"]) == (202, "pending", None)
        read = await web.client.get(f"/v1/orders/{body['order_id']}", params={"key": body["key"]})
        assert (read.status_code, read.json()["status"]) == (200, "pending")


async def test_refusals_of_a_checkout_have_their_codes(postgres: DatabaseAddress) -> None:
    async with a_web(postgres) as web:
        cart = await web.shop.cart({"LAMP": 1})
        pay = {"provider": "sandbox", "token": "tok_success"}
        dear = {"amount": 1, "currency": "EUR"}
        for body, expected in (
            ({"cart_id": cart}, (422, "payment_missing")),
            ({"cart_id": cart, "payment": pay, "payments": [pay]}, (422, "payments_not_valid")),
            ({"cart_id": cart, "payments": [{**pay, "amount": dear}]}, (422, "payments_not_valid")),
            ({"cart_id": cart, "payment": pay, "expected_total": dear}, (409, "price_changed")),
            (
                {"cart_id": cart, "payment": {**pay, "token": "4242424242424242"}},
                (422, "card_number_refused"),
            ),
            ({"cart_id": cart, "payment": {**pay, "provider": "moon"}}, (422, "provider_unknown")),
            ({"cart_id": "cart_unknown", "payment": pay}, (404, "not_found")),
        ):
            key = {"Idempotency-Key": expected[1]}
            assert problem(await web.client.post("/v1/checkout", json=body, headers=key)) == expected
        await web.shop.put_stock("LAMP", 0, "berlin")
        await web.shop.put_stock("LAMP", 0, "rotterdam")
        short = await web.checkout(cart)
        assert problem(short) == (409, "out_of_stock")
        assert short.json()["items"] == [{"sku": "LAMP", "requested": 1, "available": 0}]


async def test_without_its_key_an_order_is_404_to_read_and_to_cancel(postgres: DatabaseAddress) -> None:
    async with a_web(postgres) as web:
        order = (await web.shop.buy("LAMP")).order
        for key in ("", "?key=wrong"):
            assert problem(await web.client.get(f"/v1/orders/{order.id}{key}")) == (404, "not_found")
            assert problem(await web.client.post(f"/v1/orders/{order.id}/cancel{key}")) == (404, "not_found")
        cancelled = await web.client.post(f"/v1/orders/{order.id}/cancel?key={order.key}")
        assert (cancelled.status_code, cancelled.json()["cancel_reason"]) == (200, "customer")


async def test_staff_ship_refund_and_are_refused_what_cannot_be(postgres: DatabaseAddress) -> None:
    async with a_web(postgres) as web:
        web.principal = CLERK
        order = (await web.shop.buy("LAMP")).order
        refund = {"amount": {"amount": 100, "currency": "EUR"}, "reason": "scratched"}
        assert problem(await web.staff(f"{order.id}/refunds", refund)) == (409, "order_not_refundable")
        assert problem(await web.staff(f"{order.id}/ship", {}, key=None)) == (400, "idempotency_key_missing")
        shipped = await web.staff(f"{order.id}/ship", {"tracking": "DHL 1"})
        assert (shipped.status_code, shipped.json()["fulfilment_status"]) == (200, "shipped")
        assert (await web.staff(f"{order.id}/ship", {"tracking": "DHL 1"})).content == shipped.content
        assert problem(await web.staff(f"{order.id}/ship", {}, key="two")) == (409, "order_not_shippable")
        assert problem(await web.staff(f"{order.id}/cancel")) == (409, "order_not_cancellable")
        back = await web.staff(f"{order.id}/refunds", refund)
        assert (back.status_code, back.json()["refunded"]["amount"]) == (201, 100)
        assert (await web.staff(f"{order.id}/refunds", refund)).content == back.content
        other = {**refund, "amount": {"amount": 200, "currency": "EUR"}}
        assert problem(await web.staff(f"{order.id}/refunds", other)) == (422, "idempotency_key_reused")


async def test_staff_take_goods_back_once_and_are_refused_what_cannot_be(postgres: DatabaseAddress) -> None:
    async with a_web(postgres) as web:
        web.principal = CLERK
        order = (await web.shop.buy("LAMP", 2)).order
        line, path = order.lines[0].id, f"{order.id}/receipts"
        body = {"lines": {line: 2}, "fit": {line: 1}, "warehouse": "berlin"}
        assert problem(await web.staff(path, body)) == (409, "order_not_receivable")
        await web.staff(f"{order.id}/ship", {}, key="parcel")
        assert problem(await web.staff(path, body, key=None)) == (400, "idempotency_key_missing")
        nowhere = await web.staff(path, body | {"warehouse": "atlantis"})
        assert problem(nowhere) == (422, "warehouse_unknown")
        more = await web.staff(path, body | {"fit": {line: 3}})
        assert (more.status_code, more.json()["errors"][0]["code"]) == (422, "more_fit_than_back")
        back = await web.staff(path, body)
        assert back.status_code == 200
        assert [back.json()["lines"][0][name] for name in ("received", "restocked")] == [2, 1]
        assert (await web.staff(path, body)).content == back.content
        other = await web.staff(path, body | {"fit": {}})
        assert problem(other) == (422, "idempotency_key_reused")
        unknown = await web.staff("ord_06bqk3v1m5g7r0z2x4c6n8p0qs/receipts", body)
        assert problem(unknown) == (404, "not_found")


async def test_staff_routes_are_for_those_who_may(postgres: DatabaseAddress) -> None:
    async with a_web(postgres) as web:
        order = (await web.shop.buy("LAMP")).order
        refund = {"amount": {"amount": 1, "currency": "EUR"}, "reason": "a"}
        receipt = {"lines": {order.lines[0].id: 1}}
        calls: tuple[tuple[str, Any], ...] = (
            *(("ship", {}), ("cancel", None)),
            *(("refunds", refund), ("receipts", receipt)),
        )
        for principal, status in ((GUEST, 401), (VIEWER, 403)):
            web.principal = principal
            for path, body in calls:
                assert (await web.staff(f"{order.id}/{path}", body)).status_code == status
        read = [f"/v1/admin/orders/{order.id}", "/v1/admin/orders"]
        assert [(await web.client.get(address)).status_code for address in read] == [200, 200]
        web.principal = GUEST
        assert [(await web.client.get(address)).status_code for address in read] == [401, 401]
        assert (await web.shop.order(order.id)).status == "placed"


async def test_staff_cancel_and_list(postgres: DatabaseAddress) -> None:
    async with a_web(postgres) as web:
        web.principal = CLERK
        order = (await web.shop.buy("LAMP")).order
        cancelled = await web.staff(f"{order.id}/cancel")
        assert (cancelled.status_code, cancelled.json()["cancel_reason"]) == (200, "staff")
        await web.shop.orders.checkout(place_order(await web.shop.cart({"LAMP": 1}), "tok_success", "k"))
        first = (await web.client.get("/v1/admin/orders", params={"limit": 1})).json()
        rest = await web.client.get("/v1/admin/orders", params={"limit": 1, "cursor": first["next_cursor"]})
        assert {row["status"] for row in (*first["items"], *rest.json()["items"])} == {"placed", "cancelled"}
        wrong = await web.client.get("/v1/admin/orders", params={"cursor": "x"})
        assert problem(wrong) == (422, "validation_failed")
