from __future__ import annotations

import pytest

from rialto.edge.admission import Refusals
from rialto.edge.cached import App, Message
from rialto.edge.gate import Gate
from rialto.kernel.auth import Principal, TokenSigner, TokenVerifier
from rialto.kernel.clock import ManualClock
from rialto.kernel.errors import Denied
from rialto.kernel.limits import RateLimiter
from rialto.kernel.roles import BUILT_IN, RoleBook, Roles
from rialto.kernel.telemetry import Metrics
from tests.edge.apps import Answering
from tests.edge.asgi import ask
from tests.support.databases import SECRETS
from tests.support.values import built_in, seeded_ids

pytestmark = [pytest.mark.anyio, pytest.mark.fast]

PROXY = "10.0.0.1"
ISSUER = "http://shop.example"


def a_gate(
    app: App,
    *,
    limiter: RateLimiter | None = None,
    trusted: tuple[str, ...] = (),
    metrics: Metrics | None = None,
    roles: RoleBook | None = None,
    refusals: Refusals | None = None,
) -> Gate:
    clock = ManualClock()
    signer = a_signer()
    return Gate(
        app,
        clock=clock,
        ids=seeded_ids(),
        metrics=metrics or Metrics(),
        verifier=TokenVerifier([signer.public_jwk()], issuer=ISSUER, clock=clock, permissions_of=built_in),
        limiter=limiter,
        trusted_proxies=trusted,
        roles=roles,
        refusals=refusals,
    )


def a_signer() -> TokenSigner:
    return TokenSigner(SECRETS.signing_key, issuer=ISSUER, clock=ManualClock())


def a_limiter(burst: int) -> RateLimiter:
    return RateLimiter(per_s=0.5, burst=burst, clock=ManualClock())


async def test_a_stranger_cannot_choose_its_address_or_request_id() -> None:
    app = Answering()
    forged = [(b"x-forwarded-for", b"198.51.100.7"), (b"x-request-id", b"chosen")]
    reply = await ask(a_gate(app, trusted=("10.0.0.0/8",)), "/", headers=forged)
    assert app.asked[0]["rialto.client"] == "203.0.113.9"
    assert reply.header("x-request-id") not in {None, "chosen"}


async def test_behind_a_trusted_proxy_the_last_untrusted_address_counts() -> None:
    app = Answering()
    chain = [(b"x-forwarded-for", b"1.2.3.4, 198.51.100.7, 10.0.0.2"), (b"x-request-id", b"abc123")]
    reply = await ask(a_gate(app, trusted=("10.0.0.0/8",)), "/", headers=chain, client=PROXY)
    assert app.asked[0]["rialto.client"] == "198.51.100.7"
    assert reply.header("x-request-id") == "abc123"


async def test_a_forwarded_header_in_several_lines_is_read_as_one() -> None:
    app = Answering()
    chain = [(b"x-forwarded-for", b"1.2.3.4, 198.51.100.7"), (b"x-forwarded-for", b"10.0.0.2")]
    await ask(a_gate(app, trusted=("10.0.0.0/8",)), "/", headers=chain, client=PROXY)
    assert app.asked[0]["rialto.client"] == "198.51.100.7"


@pytest.mark.parametrize("text", [b"", b"nonsense", b"\xff, \xfe", b"10.0.0.3", b"999.1.1.1"])
async def test_a_proxy_that_names_nobody_stands_for_itself(text: bytes) -> None:
    app = Answering()
    await ask(a_gate(app, trusted=("10.0.0.0/8",)), "/", headers=[(b"x-forwarded-for", text)], client=PROXY)
    assert app.asked[0]["rialto.client"] == PROXY


@pytest.mark.parametrize("name", [b"a" * 65, b"a b", b"a\r\nx: y", b"\xc3\xa9\xff", b""])
async def test_a_request_id_that_is_no_plain_word_is_replaced(name: bytes) -> None:
    gate = a_gate(Answering(), trusted=(PROXY,))
    reply = await ask(gate, "/", headers=[(b"x-request-id", name)], client=PROXY)
    assert reply.header("x-request-id") not in {None, name.decode("latin-1")}
    assert (reply.header("x-request-id") or "").isascii()


async def test_who_comes_too_often_is_told_when_to_come_back() -> None:
    app = Answering()
    gate = a_gate(app, limiter=a_limiter(2))
    replies = [await ask(gate, "/v1/products") for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 429]
    refused = replies[2]
    assert refused.is_problem
    assert refused.json()["code"] == "rate_limited"
    assert refused.header("retry-after") == "2"
    assert refused.header("cache-control") == "no-store"
    assert refused.header("x-content-type-options") == "nosniff"
    assert refused.header("x-request-id")
    assert len(app.asked) == 2


async def test_one_client_does_not_use_up_the_share_of_another() -> None:
    gate = a_gate(Answering(), limiter=a_limiter(1), trusted=(PROXY,))
    for address in (b"198.51.100.1", b"198.51.100.2"):
        reply = await ask(gate, "/", headers=[(b"x-forwarded-for", address)], client=PROXY)
        assert reply.status == 200
    again = await ask(gate, "/", headers=[(b"x-forwarded-for", b"198.51.100.2")], client=PROXY)
    assert again.status == 429


async def test_head_answers_what_get_would_without_its_body() -> None:
    app = Answering(b"hello", headers={"content-length": "5", "etag": '"1"'})
    reply = await ask(a_gate(app), "/v1/products", method="HEAD")
    assert (reply.status, reply.body) == (200, b"")
    assert (reply.header("content-length"), reply.header("etag")) == ("5", '"1"')
    assert app.asked[0]["method"] == "GET"


async def test_the_server_still_knows_that_it_was_asked_for_a_head() -> None:
    """Told that it was a GET, uvicorn would miss the body, log an error and drop the connection."""
    scope = {"type": "http", "method": "HEAD", "path": "/", "headers": [], "client": ("203.0.113.9", 1)}

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_message: Message) -> None:
        assert scope["method"] == "HEAD"

    await a_gate(Answering())(scope, receive, send)


async def test_a_request_for_two_hosts_is_for_none() -> None:
    app = Answering()
    reply = await ask(a_gate(app), "/v1/products", headers=[(b"host", b"other.example")])
    assert reply.status == 400
    assert reply.is_problem
    assert app.asked == []


@pytest.mark.parametrize(
    "header", [b"Basic abc", b"Bearer", b"Bearer ", b"Bearer \xff\xfe", b"Bearer a.b.c", b"\xff"]
)
async def test_a_header_that_is_no_token_of_ours_is_refused_only_where_somebody_asks(header: bytes) -> None:
    app = Answering()
    reply = await ask(a_gate(app), "/v1/products", headers=[(b"authorization", header)])
    assert reply.status == 200
    with pytest.raises(Denied) as refused:
        app.asked[0]["rialto.principal"]()
    assert refused.value.signed_in is False


async def test_requests_are_counted_by_route_and_status_not_by_path() -> None:
    metrics = Metrics()
    await ask(a_gate(Answering(status=404), metrics=metrics), "/v1/products/%00secret", method="GET")
    text = metrics.text().decode()
    assert 'rialto_requests_total{method="GET",route="other",status="404"} 1.0' in text
    assert "secret" not in text


async def test_an_application_that_dies_is_counted_as_an_error() -> None:
    async def dying(_scope: object, _receive: object, _send: object) -> None:
        raise ZeroDivisionError

    metrics = Metrics()
    with pytest.raises(ZeroDivisionError):
        await ask(a_gate(dying, metrics=metrics), "/")
    assert 'status="500"} 1.0' in metrics.text().decode()


@pytest.mark.parametrize(("kind", "asked"), [("staff", 1), ("customer", 0), ("bad", 0), ("", 0)])
async def test_what_roles_allow_is_asked_for_when_staff_comes(kind: str, asked: int) -> None:
    count = 0

    async def load() -> Roles:
        nonlocal count
        count += 1
        return BUILT_IN

    token = a_signer().sign(Principal(kind=kind, id="x_1"), lifetime_s=60) if kind != "bad" else "x.y.z"
    headers = [(b"authorization", b"Bearer " + token.encode())] if kind else []
    gate = a_gate(Answering(), roles=RoleBook(load, clock=ManualClock()))
    assert (await ask(gate, "/v1/products", headers=headers)).status == 200
    assert count == asked
