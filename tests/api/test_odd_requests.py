from __future__ import annotations

import asyncio
import http.client
import itertools
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.api.odd import CONTENT_TYPES, HEADERS, PIECES, QUERIES, VALUES, Answer, odd_bodies, send
from tests.api.people import Chief, Customer
from tests.api.serving import WITHIN_S, Served
from tests.api.stocked import Existing
from tests.edge.described import document

Json = dict[str, Any]

DESCRIBED = [
    (method.upper(), path, operation)
    for path, item in asyncio.run(document())["paths"].items()
    for method, operation in item.items()
]


def for_each(described: Sequence[tuple[str, str, Json]]) -> pytest.MarkDecorator:
    cases = [pytest.param(*one, id=one[2]["operationId"]) for one in described]
    return pytest.mark.parametrize(("method", "path", "operation"), cases)


# What the server itself cannot read as HTTP it answers with a line of text.
NO_HTTP = (400, "text/plain; charset=utf-8")

People = tuple[Chief, Customer]
CUSTOMERS = "Needs the token of a customer."

numbers = itertools.count(1)


@pytest.fixture(scope="module")
def existing(served: Served) -> Existing:
    return Existing(served)


@pytest.fixture(scope="module")
def chief(served: Served) -> Chief:
    return Chief(served)


@pytest.fixture(scope="module")
def people(chief: Chief, served: Served) -> People:
    return chief, Customer(served)


class Asking:
    """One operation as its owner would do it on what exists, with something odd in one place."""

    def __init__(self, people: People, existing: Existing, method: str, described: tuple[str, Json]) -> None:
        self._path, self._operation = described
        is_customers = self._operation["description"].endswith(CUSTOMERS)
        self._person = people[1 if is_customers else 0]
        self._method = method
        self.places = [one["name"] for one in self._operation.get("parameters", []) if one["in"] == "path"]
        self._known = existing.named(self.places, changes=True)
        content = self._operation.get("requestBody", {}).get("content", {}).get("application/json")
        self.body = content["examples"]["usual"]["value"] if content else None

    def send(
        self,
        *,
        odd: tuple[str, bytes] = ("", b""),
        query: bytes = b"",
        header: bytes = b"",
        body: bytes | None = None,
    ) -> None:
        target = self._path.encode()
        for name in self.places:
            value = odd[1] if name == odd[0] else str(self._known.get(name, "unknown")).encode()
            target = target.replace(b"{%s}" % name.encode(), value)
        usual = [
            b"authorization: Bearer %s" % (self._person.token(self._operation["operationId"]) or "").encode(),
            b'if-match: "1"',
            b"idempotency-key: odd-%d" % next(numbers),
            b"x-forwarded-for: 10.1.%d.%d" % divmod(next(numbers) % 65_536, 256),
        ]
        name = header.partition(b":")[0]
        headers = [
            *(line for line in usual if line.partition(b":")[0] != name),
            *([header] if header else []),
        ]
        if body is None:
            body = b"" if self.body is None else json.dumps(self.body).encode()
        target += b"?" + query if query else b""
        assert_polite(send(self._person.served.url, self._method, target, headers, body))


def assert_polite(answer: Answer) -> None:
    """Done, or refused with a problem that says the same status. Never a fault of ours."""
    assert answer.status < 500, answer
    if answer.status >= 400 and (answer.status, answer.media_type) != NO_HTTP:
        assert answer.media_type == "application/problem+json", answer
        assert json.loads(answer.body)["status"] == answer.status


@for_each(DESCRIBED)
def test_an_odd_address_is_answered_politely(
    people: People, existing: Existing, method: str, *, path: str, operation: Json
) -> None:
    asking = Asking(people, existing, method, (path, operation))
    for name in asking.places:
        for piece in PIECES:
            asking.send(odd=(name, piece))
    queried = [one["name"] for one in operation.get("parameters", []) if one["in"] == "query"]
    for name in [*queried, "unknown"]:
        for value in VALUES:
            asking.send(query=name.encode() + b"=" + value)
    for query in QUERIES:
        asking.send(query=query)


@for_each(DESCRIBED)
def test_an_odd_header_is_answered_politely(
    people: People, existing: Existing, method: str, *, path: str, operation: Json
) -> None:
    asking = Asking(people, existing, method, (path, operation))
    for header in HEADERS:
        asking.send(header=header)
    for kind in CONTENT_TYPES:
        asking.send(header=b"content-type: " + kind)


@for_each([one for one in DESCRIBED if "requestBody" in one[2] or one[2]["operationId"] == "take_webhook"])
def test_an_odd_body_is_answered_politely(
    people: People, existing: Existing, method: str, *, path: str, operation: Json
) -> None:
    asking = Asking(people, existing, method, (path, operation))
    for body in odd_bodies(asking.body):
        asking.send(body=body)


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "QUERY", "get", "NOTHING"])
@pytest.mark.parametrize(
    "target", [b"/v1/products", b"/v1/admin/products", b"/v1/nothing", b"*", b"//", b"x"]
)
def test_an_odd_method_is_answered_politely(served: Served, method: str, target: bytes) -> None:
    answer = send(served.url, method, target)
    assert 400 <= answer.status < 500


def test_a_connection_outlives_a_head(served: Served) -> None:
    place = urlsplit(served.url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port)
    connection.connect()
    socket = connection.sock
    for method, length in (("HEAD", 0), ("GET", 1), ("HEAD", 0)):
        connection.request(method, "/v1/products")
        answer = connection.getresponse()
        assert (answer.status, len(answer.read()) >= length) == (200, True)
        assert connection.sock is socket
    connection.close()


def test_a_cart_needs_no_body_but_null_is_none(served: Served) -> None:
    with httpx.Client(base_url=served.url, timeout=WITHIN_S) as client:
        assert client.post("/v1/carts").status_code == 201
        assert client.post("/v1/carts", json={}).status_code == 201
        assert client.post("/v1/carts", json=None, content=b"null").status_code == 422


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("DELETE", "/v1/account/addresses/x", 404),
        ("DELETE", "/v1/auth/passkeys/x", 404),
        ("GET", "/v1/account/wishlist?currency=E", 422),
        ("GET", "/v1/account/wishlist?currency=XXX", 200),
    ],
)
def test_a_customer_is_told_of_what_cannot_be(served: Served, method: str, target: str, status: int) -> None:
    headers = {"Authorization": f"Bearer {Customer(served).token('')}"}
    with httpx.Client(base_url=served.url, timeout=WITHIN_S, headers=headers) as client:
        assert client.request(method, target).status_code == status


@pytest.mark.parametrize("query", ["since=null", "until=0", "since=2026-01-05", "staff_id=null", "staff_id="])
def test_staffs_log_is_not_asked_for_what_cannot_be(chief: Chief, query: str) -> None:
    headers = {"Authorization": f"Bearer {chief.token('')}"}
    with httpx.Client(base_url=chief.served.url, timeout=WITHIN_S, headers=headers) as client:
        assert client.get(f"/v1/admin/audit-log?{query}").status_code == 422


def test_after_all_that_the_shop_is_sound(served: Served) -> None:
    served.run(lambda shop: shop.settle())
    assert served.run(lambda shop: shop.audit()) == []
