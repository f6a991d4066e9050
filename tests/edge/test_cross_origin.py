"""Other sites' scripts use the API when a setting names their origin, and never anything else."""

from __future__ import annotations

import pytest

from rialto.edge.cached import App
from rialto.edge.gate import Gate
from rialto.kernel.auth import TokenSigner, TokenVerifier
from rialto.kernel.clock import ManualClock
from rialto.kernel.limits import RateLimiter
from rialto.kernel.telemetry import Metrics
from tests.edge.apps import Answering
from tests.edge.asgi import Reply, ask
from tests.support.databases import SECRETS
from tests.support.values import built_in, seeded_ids

pytestmark = [pytest.mark.anyio, pytest.mark.fast]

APP = "https://app.example"
ALLOWED = "access-control-allow-origin"


def a_gate(app: App, *origins: str, limiter: RateLimiter | None = None) -> Gate:
    clock = ManualClock()
    signer = TokenSigner(SECRETS.signing_key, issuer="http://shop.example", clock=clock)
    verifier = TokenVerifier(
        [signer.public_jwk()], issuer="http://shop.example", clock=clock, permissions_of=built_in
    )
    return Gate(
        app,
        clock=clock,
        ids=seeded_ids(),
        metrics=Metrics(),
        verifier=verifier,
        limiter=limiter,
        trusted_proxies=(),
        origins=origins,
    )


async def preflight(gate: Gate, path: str, origin: str = APP) -> Reply:
    headers = [(b"origin", origin.encode()), (b"access-control-request-method", b"PUT")]
    return await ask(gate, path, method="OPTIONS", headers=headers)


def names(reply: Reply) -> set[str]:
    return {name for name, _ in reply.headers if name.startswith("access-control-")}


async def test_without_a_setting_no_answer_is_for_other_sites() -> None:
    app = Answering()
    gate = a_gate(app)
    assert names(await ask(gate, "/v1/products", headers=[(b"origin", APP.encode())])) == set()
    assert names(await preflight(gate, "/v1/products")) == set()
    assert len(app.asked) == 2  # the shop's own answer to OPTIONS


async def test_an_origin_that_is_named_may_read_the_api_without_credentials() -> None:
    reply = await ask(a_gate(Answering(), APP), "/v1/products", headers=[(b"origin", APP.encode())])
    assert reply.header(ALLOWED) == APP
    assert "ETag" in (reply.header("access-control-expose-headers") or "")
    assert reply.header("access-control-allow-credentials") is None
    assert ("vary", "Origin") in reply.headers


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://app.example",
        f"{APP}:444",
        f"{APP}.evil.example",
        "null",
        "*",
        "HTTPS://APP.EXAMPLE",
    ],
)
async def test_any_other_origin_is_told_nothing(origin: str) -> None:
    gate = a_gate(Answering(), APP)
    reply = await ask(gate, "/v1/products", headers=[(b"origin", origin.encode())])
    assert (names(reply), ("vary", "Origin") in reply.headers) == (set(), True)
    assert names(await preflight(gate, "/v1/products", origin)) == set()


@pytest.mark.parametrize("path", ["/en/", "/en/cart", "/admin", "/health/live", "/openapi.json", "/v1"])
async def test_nothing_but_the_api_is_for_other_sites(path: str) -> None:
    gate = a_gate(Answering(), APP)
    assert names(await ask(gate, path, headers=[(b"origin", APP.encode())])) == set()
    assert names(await preflight(gate, path)) == set()


async def test_a_browser_that_asks_before_is_answered_without_the_shop() -> None:
    app = Answering()
    reply = await preflight(a_gate(app, APP), "/v1/carts/x/lines")
    assert (reply.status, reply.body, app.asked) == (204, b"", [])
    assert reply.header(ALLOWED) == APP
    assert "PATCH" in (reply.header("access-control-allow-methods") or "")
    allowed = reply.header("access-control-allow-headers") or ""
    assert {"Authorization", "Idempotency-Key", "If-Match"} <= set(allowed.split(", "))
    assert "*" not in allowed


async def test_options_without_a_script_behind_is_the_shops_to_answer() -> None:
    app = Answering()
    await ask(a_gate(app, APP), "/v1/products", method="OPTIONS", headers=[(b"origin", APP.encode())])
    assert len(app.asked) == 1


async def test_a_script_is_told_when_it_asks_too_often_and_can_read_it() -> None:
    limiter = RateLimiter(per_s=0.5, burst=1, clock=ManualClock())
    gate = a_gate(Answering(), APP, limiter=limiter)
    replies = [await ask(gate, "/v1/products", headers=[(b"origin", APP.encode())]) for _ in range(2)]
    assert [(reply.status, reply.header(ALLOWED)) for reply in replies] == [(200, APP), (429, APP)]
    assert (await preflight(gate, "/v1/products")).status == 429
