from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from rialto.sandbox.errors import STATUS
from tests.sandbox.builders import BACK, SHOP
from tests.sandbox.client import HOST, KEYS, Client, a_client

pytestmark = pytest.mark.fast
CARD = {"number": "4242424242424242", "expiry": "12/34", "cvc": "123", "name": "Ada"}
FRAME = {"authorization": f"Bearer {KEYS.publishable_key}", "origin": f"http://{HOST}"}


def with_client(test: Callable[[Client], Awaitable[None]]) -> None:
    async def body() -> None:
        async with a_client() as client:
            await test(client)

    asyncio.run(body())


def test_a_payment_from_authorisation_to_refund() -> None:
    async def test(client: Client) -> None:
        opened = await client.authorise()
        assert (opened.status, opened.json["state"]) == (201, "authorised")
        path = f"/v1/payment_intents/{opened.json['id']}"
        part = {"amount": 400, "currency": "EUR"}
        captured = await client.call("POST", f"{path}/capture", part, key="c")
        assert (captured.status, captured.json["state"]) == (200, "partially_captured")
        assert (await client.call("POST", f"{path}/void", key="v")).json["state"] == "captured"
        refunded = await client.call("POST", f"{path}/refunds", part, key="r")
        assert refunded.json["state"] == "refunded"
        assert (await client.call("GET", path)).json == refunded.json
        found = await client.call("GET", "/v1/payment_intents?reference=ord_1")
        assert found.json == {"items": [refunded.json]}

    with_client(test)


def test_a_decline_is_an_intent_not_an_error() -> None:
    async def test(client: Client) -> None:
        reply = await client.authorise("tok_insufficient_funds")
        assert (reply.status, reply.json["decline_code"]) == (201, "insufficient_funds")

    with_client(test)


def test_the_same_key_repeats_the_answer_and_says_so() -> None:
    async def test(client: Client) -> None:
        first, again = await client.authorise(), await client.authorise()
        assert (first.body, first.status) == (again.body, again.status)
        assert again.headers["idempotent-replayed"] == "true"
        other = await client.authorise(changes={"amount": 999})
        assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")

    with_client(test)


def test_fifty_equal_requests_at_once_make_one_intent() -> None:
    async def test(client: Client) -> None:
        replies = await asyncio.gather(*(client.authorise() for _ in range(50)))
        assert len({reply.body for reply in replies}) == 1
        found = await client.call("GET", "/v1/payment_intents?reference=ord_1")
        assert len(found.json["items"]) == 1

    with_client(test)


def test_concurrent_captures_never_take_more_than_was_authorised() -> None:
    async def test(client: Client) -> None:
        path = f"/v1/payment_intents/{(await client.authorise()).json['id']}/capture"
        body = {"amount": 30, "currency": "EUR"}
        calls = (client.call("POST", path, body, key=f"c{number}") for number in range(50))
        statuses = [reply.status for reply in await asyncio.gather(*calls)]
        assert (statuses.count(200), statuses.count(409)) == (33, 17)
        assert sum(amount for _, amount in client.shop.movements()) == 990

    with_client(test)


def test_a_slow_card_answers_when_it_is_done() -> None:
    async def test(client: Client) -> None:
        began_at = client.shop.clock.now()
        assert (await client.authorise("tok_slow")).json["state"] == "authorised"
        assert (client.shop.clock.now() - began_at).total_seconds() == 8

    with_client(test)


def test_a_lost_answer_is_cut_off_once_and_then_found() -> None:
    async def test(client: Client) -> None:
        lost = await client.authorise("tok_lost_reply")
        assert (lost.dropped, lost.status, lost.body) == (True, 0, b"")
        found = await client.call("GET", "/v1/payment_intents?idempotency_key=k")
        again = await client.authorise("tok_lost_reply")
        assert (again.dropped, found.json["items"]) == (False, [again.json])

    with_client(test)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": 0}, "amount_invalid"),
        ({"amount": -1}, "amount_invalid"),
        ({"amount": 10**16}, "amount_invalid"),
        ({"amount": 1.5}, "validation_failed"),
        ({"amount": "1"}, "validation_failed"),
        ({"currency": "eur"}, "currency_invalid"),
        ({"currency": "XXX"}, "currency_invalid"),
        ({"reference": ""}, "reference_invalid"),
        ({"token": "tok_x"}, "token_unknown"),
        ({"return_url": "http://evil.test/"}, "return_url_refused"),
        ({"surplus": 1}, "validation_failed"),
    ],
)
def test_a_wrong_authorisation_is_refused_with_its_code(changes: dict[str, object], code: str) -> None:
    async def test(client: Client) -> None:
        reply = await client.authorise(changes=changes)
        assert (reply.status, reply.json["code"]) == (STATUS[code], code)
        assert reply.headers["content-type"] == "application/problem+json"

    with_client(test)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/payment_intents/pi_none", 404, "not_found"),
        ("GET", "/v1/payment_intents/", 404, "not_found"),
        ("GET", "/v1/payment_intents", 400, "validation_failed"),
        ("POST", "/v1/payment_intents/pi_none/void", 400, "idempotency_key_missing"),
        ("GET", "/v1/payment_intents/pi_none/void", 405, "method_not_allowed"),
        ("GET", "/v2", 404, "not_found"),
        ("GET", "/static/../http.py", 404, "not_found"),
        ("GET", "/v1/balance-transactions?from=yesterday", 400, "validation_failed"),
        ("GET", "/v1/balance-transactions?cursor=-1", 400, "validation_failed"),
        ("POST", "/v1/test/redeliver/evt_none", 404, "not_found"),
    ],
)
def test_what_is_not_there_is_refused(method: str, path: str, status: int, code: str) -> None:
    async def test(client: Client) -> None:
        reply = await client.call(method, path)
        assert (reply.status, reply.json["code"]) == (status, code)

    with_client(test)


@pytest.mark.parametrize("authorization", ["", "Bearer sk_wrong", "Bearer pk_test", "sk_test", "Bearer ü"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/payment_intents"),
        ("GET", "/v1/payment_intents?reference=r"),
        ("GET", "/v1/payment_intents/pi_1"),
        ("POST", "/v1/payment_intents/pi_1/capture"),
        ("POST", "/v1/payment_intents/pi_1/refunds"),
        ("POST", "/v1/payment_intents/pi_1/void"),
        ("POST", "/v1/sessions"),
        ("GET", "/v1/balance-transactions"),
        ("POST", "/v1/test/redeliver/evt_1"),
    ],
)
def test_only_the_secret_key_speaks_for_the_merchant(method: str, path: str, authorization: str) -> None:
    async def test(client: Client) -> None:
        reply = await client.call(method, path, {}, key="k", headers={"authorization": authorization})
        assert (reply.status, reply.json["code"]) == (401, "unauthenticated")

    with_client(test)


def test_the_frame_gets_a_token_and_wrong_fields_in_its_language() -> None:
    async def test(client: Client) -> None:
        reply = await client.call("POST", "/v1/tokens", CARD, headers=FRAME)
        assert (reply.status, reply.json["label"]) == (201, "Visa •••• 4242")
        assert (await client.authorise(reply.json["token"])).json["state"] == "authorised"
        wrong = await client.call("POST", "/v1/tokens", CARD | {"cvc": "", "language": "de"}, headers=FRAME)
        assert (wrong.status, wrong.json["code"]) == (422, "card_refused")
        assert wrong.json["errors"] == [
            {"field": "cvc", "code": "cvc_missing", "message": "Geben Sie die Prüfnummer ein."}
        ]

    with_client(test)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": SHOP}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"authorization": f"Bearer {KEYS.secret_key}"}, 401),
        ({"authorization": ""}, 401),
    ],
)
def test_cards_are_taken_from_the_own_frame_only(headers: dict[str, str], status: int) -> None:
    async def test(client: Client) -> None:
        reply = await client.call("POST", "/v1/tokens", CARD, headers=FRAME | headers)
        assert reply.status == status

    with_client(test)


def test_balance_transactions_are_paged_and_bounded_in_time() -> None:
    async def test(client: Client) -> None:
        path = f"/v1/payment_intents/{(await client.authorise()).json['id']}"
        for number in range(5):
            await client.call(
                "POST", f"{path}/capture", {"amount": 10 + number, "currency": "EUR"}, key=f"c{number}"
            )
            client.shop.clock.advance(60)
        await client.call("POST", f"{path}/refunds", {"amount": 60, "currency": "EUR"}, key="r")
        seen, cursor = [], ""
        while cursor is not None:
            page = (await client.call("GET", f"/v1/balance-transactions?limit=4&cursor={cursor}")).json
            seen += page["items"]
            cursor = page["next_cursor"]
        assert [item["amount"] for item in seen] == [10, 11, 12, 13, 14, -60]
        assert [seen[0][name] for name in ("type", "debit", "credit")] == [
            "capture",
            "cardholder",
            "merchant",
        ]
        window = "from=2026-01-05T09:01:00Z&to=2026-01-05T09:03:00Z"
        some = (await client.call("GET", f"/v1/balance-transactions?{window}")).json["items"]
        assert [item["idempotency_key"] for item in some] == ["c1", "c2"]

    with_client(test)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"amount":1}'])
def test_a_body_that_is_not_the_expected_json_is_refused(body: bytes) -> None:
    async def test(client: Client) -> None:
        reply = await client.call("POST", "/v1/payment_intents", body, key="k")
        assert (reply.status, reply.json["code"]) == (400, "validation_failed")

    with_client(test)


def test_a_huge_body_is_refused() -> None:
    async def test(client: Client) -> None:
        reply = await client.call("POST", "/v1/payment_intents", b"x" * 70_000, key="k")
        assert (reply.status, reply.json["code"]) == (413, "body_too_large")

    with_client(test)


def test_an_unexpected_failure_shows_nothing_of_itself(caplog: pytest.LogCaptureFixture) -> None:
    async def test(client: Client) -> None:
        client.shop.books.execute("DROP TABLE movements")
        client.shop.sandbox.vault.use_token = lambda *_: 1 / 0  # type: ignore[assignment,method-assign]
        reply = await client.authorise()
        assert (reply.status, reply.json["code"]) == (500, "internal_error")
        assert "division" not in reply.text + caplog.text
        assert (await client.call("GET", "/health")).status == 200

    with_client(test)


def test_books_that_cannot_be_written_answer_503_and_recover() -> None:
    async def test(client: Client) -> None:
        client.shop.books.execute("PRAGMA query_only = ON")
        reply = await client.authorise()
        assert (reply.status, reply.json["code"], reply.headers["retry-after"]) == (503, "unavailable", "1")
        client.shop.books.execute("PRAGMA query_only = OFF")
        assert (await client.authorise()).status == 201

    with_client(test)


def test_a_return_address_outside_the_shop_is_refused_for_sessions_too() -> None:
    async def test(client: Client) -> None:
        body = {"amount": 1, "currency": "EUR", "return_url": BACK, "cancel_url": SHOP, "language": "en"}
        for field in ("return_url", "cancel_url"):
            reply = await client.call("POST", "/v1/sessions", body | {field: "http://evil.test"})
            assert (reply.status, reply.json["code"]) == (422, "return_url_refused")

    with_client(test)
