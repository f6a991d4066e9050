from __future__ import annotations

import msgspec
import pytest

from rialto.edge.cached import App
from rialto.edge.gate import Gate
from rialto.edge.ops import ops_app
from rialto.kernel.auth import Principal, TokenSigner, TokenVerifier
from rialto.kernel.clock import ManualClock
from rialto.kernel.http import BODY_BYTES_MAX
from rialto.kernel.telemetry import Metrics
from tests.edge.apps import a_web_app
from tests.edge.asgi import Reply, ask
from tests.support.databases import SECRETS
from tests.support.values import built_in, seeded_ids

pytestmark = [pytest.mark.anyio, pytest.mark.fast]

JSON = [(b"content-type", b"application/json")]
ISSUER = "http://shop.example"


def behind_the_gate(app: App) -> Gate:
    clock = ManualClock()
    return Gate(
        app,
        clock=clock,
        ids=seeded_ids(),
        metrics=Metrics(),
        verifier=TokenVerifier([signer().public_jwk()], issuer=ISSUER, clock=clock, permissions_of=built_in),
        limiter=None,
        trusted_proxies=(),
    )


def signer() -> TokenSigner:
    return TokenSigner(SECRETS.signing_key, issuer=ISSUER, clock=ManualClock())


def bearer(*roles: str) -> list[tuple[bytes, bytes]]:
    principal = Principal(kind="staff", id="stf_1", roles=roles, permissions=built_in(roles))
    return [(b"authorization", b"Bearer " + signer().sign(principal, lifetime_s=60).encode())]


async def fill(body: bytes, headers: list[tuple[bytes, bytes]] | None = None) -> Reply:
    return await ask(
        a_web_app(), "/v1/shelves", method="POST", headers=JSON if headers is None else headers, body=body
    )


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("missing", 404, "not_found"),
        ("wrong", 422, "validation_failed"),
        ("clash", 409, "conflict"),
        ("stranger", 401, "denied"),
        ("forbidden", 403, "denied"),
        ("busy", 429, "rate_limited"),
        ("away", 503, "unavailable"),
        ("key", 400, "idempotency_key_missing"),
        ("bug", 500, "internal_error"),
    ],
)
async def test_programs_get_problems_and_people_get_pages(name: str, status: int, code: str) -> None:
    app = a_web_app()
    told = await ask(app, f"/v1/refusals/{name}")
    shown = await ask(app, f"/en/refusals/{name}")
    assert (told.status, told.is_problem, told.json()["code"]) == (status, True, code)
    assert told.header("cache-control") == "no-store"
    assert (shown.status, shown.body) == (status, f"<h1>{status}</h1>".encode())
    assert b"secret" not in told.body + shown.body


async def test_a_refusal_says_when_to_come_back_and_how_to_sign_in() -> None:
    app = a_web_app()
    assert (await ask(app, "/v1/refusals/busy")).header("retry-after") == "3"
    assert (await ask(app, "/v1/refusals/away")).header("retry-after") == "1"
    assert (await ask(app, "/v1/refusals/stranger")).header("www-authenticate") == "Bearer"
    assert (await ask(app, "/v1/refusals/clash")).json()["items"] == [1]
    assert (await ask(app, "/v1/refusals/wrong")).json()["errors"] == [
        {"path": "mugs.0", "code": "chipped", "message": "It is chipped."}
    ]


async def test_answers_for_programs_are_not_sniffed_framed_or_kept() -> None:
    app = a_web_app()
    for target in ("/v1/mugs?colour=red", "/v1/nothing", "/health/live", "/v1/refusals/bug"):
        reply = await ask(app, target)
        assert reply.header("x-content-type-options") == "nosniff"
        assert reply.header("referrer-policy") == "no-referrer"
        assert (reply.header("content-security-policy") or "").startswith("default-src 'none'")
        assert reply.header("cache-control") == "no-store"


@pytest.mark.parametrize(
    "target", ["/metrics", "/health/details", "/internal/orders/checkout", "/internal/orders", "/internal/"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_is_for_operators_is_not_here(target: str, method: str) -> None:
    reply = await ask(behind_the_gate(a_web_app()), target, method=method)
    assert (reply.status, reply.is_problem) == (404, True)


async def test_operators_read_metrics_and_details_on_their_own_port() -> None:
    looked = []

    async def details() -> dict[str, str]:
        looked.append(1)
        return {"status": "ok"}

    async def scrape() -> bytes:
        return Metrics().text()

    app: App = ops_app([], dependencies={}, scrape=scrape, details=details)  # type: ignore[assignment]
    metrics = await ask(app, "/metrics")
    assert metrics.header("content-type") == "text/plain; version=0.0.4; charset=utf-8"
    assert b"# TYPE rialto_requests_total counter" in metrics.body
    assert (await ask(app, "/health/details")).json() == {"status": "ok"}
    assert len(looked) == 1
    assert (await ask(app, "/v1/mugs?colour=red")).status == 404


async def test_a_shop_that_is_not_ready_says_when_to_ask_again() -> None:
    reply = await ask(a_web_app(ready=False), "/health/ready")
    assert (reply.status, reply.is_problem, reply.header("retry-after")) == (503, True, "1")
    assert (await ask(a_web_app(ready=False), "/health/live")).json() == {"status": "ok"}


async def test_staff_need_a_token_and_a_role() -> None:
    app = behind_the_gate(a_web_app())
    assert (await ask(app, "/v1/secrets")).status == 401
    assert (await ask(app, "/v1/secrets", headers=[(b"authorization", b"Bearer x")])).status == 401
    assert (await ask(app, "/v1/secrets", headers=bearer("catalog"))).status == 403
    assert (await ask(app, "/v1/secrets", headers=bearer("support"))).status == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "POST"])
async def test_a_method_that_is_not_known_here_is_told_those_that_are(method: str) -> None:
    reply = await ask(behind_the_gate(a_web_app()), "/v1/mugs", method=method)
    assert (reply.status, reply.is_problem, reply.header("allow")) == (405, True, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize(
    ("target", "methods"), [("/v1/mugs", "GET, HEAD, OPTIONS"), ("/v1/shelves", "DELETE, OPTIONS, POST")]
)
async def test_who_asks_what_may_be_asked_is_told_every_method(target: str, methods: str) -> None:
    reply = await ask(behind_the_gate(a_web_app()), target, method="OPTIONS")
    assert (reply.status, reply.header("allow")) == (204, methods)


@pytest.mark.parametrize(
    "target",
    [
        "/v1/mugs/%2Fred",
        "/v1/%00",
        "/v1/..%2f..%2fetc",
        "/v1/\x7f",
        "/v1/mugs%3Fcolour=red",
        "/v1/" + "a" * 50_000,
    ],
)
async def test_odd_addresses_lead_nowhere_politely(target: str) -> None:
    reply = await ask(behind_the_gate(a_web_app()), target)
    assert (reply.status, reply.is_problem) == (404, True)


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        (b"", "", "required"),
        (b"null", "", "not_valid"),
        (b"[]", "", "not_valid"),
        (b"{}", "mugs", "required"),
        (b'{"mugs": [{}]}', "mugs.0.colour", "required"),
        (b'{"mugs": [{"colour": "red", "handles": "2"}]}', "mugs.0.handles", "not_valid"),
        (b'{"mugs": [{"colour": "red", "handles": 1e999}]}', "mugs.0.handles", "not_valid"),
        (b'{"mugs": [{"colour": "ultramarine blue"}]}', "mugs.0.colour", "not_valid"),
        (b'{"mugs": [], "prices": {"EUR": null}}', "prices.*", "not_valid"),
    ],
)
async def test_a_body_that_does_not_fit_is_told_where(body: bytes, path: str, code: str) -> None:
    reply = await fill(body)
    assert (reply.status, reply.is_problem) == (422, True)
    assert [(fault["path"], fault["code"]) for fault in reply.json()["errors"]] == [(path, code)]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b'{"mugs": [{"colour": "\xff"}]}',
        b'"\\ud800"',
        b'{"other": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b"\x1f\x8b\x08",
        b"\xef\xbb\xbf{}",
        b"NaN",
        b"{'mugs': []}",
    ],
)
async def test_a_body_that_is_no_json_is_malformed(body: bytes) -> None:
    reply = await fill(body)
    assert (reply.status, reply.is_problem, reply.json()["code"]) == (400, True, "malformed")


@pytest.mark.parametrize(
    "kind", [b"text/plain", b"application/x-www-form-urlencoded", b"multipart/form-data", b"\xff"]
)
async def test_a_body_of_another_kind_is_refused(kind: bytes) -> None:
    reply = await fill(b'{"mugs": []}', [(b"content-type", kind)])
    assert (reply.status, reply.is_problem, reply.json()["code"]) == (415, True, "unsupported_media_type")


@pytest.mark.parametrize(
    "kind", [None, b"application/json; charset=utf-8", b"Application/JSON", b"application/x+json"]
)
async def test_json_is_read_whatever_it_calls_itself(kind: bytes | None) -> None:
    reply = await fill(
        b'{"mugs": [{"colour": "red", "new": 1}], "mugs": []}', [(b"content-type", kind)] if kind else []
    )
    assert (reply.status, reply.json()) == (201, {"mugs": [], "prices": {}})


async def test_a_body_above_the_limit_is_not_read() -> None:
    reply = await fill(b'{"mugs": [], "x": "' + b"a" * BODY_BYTES_MAX + b'"}')
    assert (reply.status, reply.is_problem, reply.json()["code"]) == (413, True, "too_large")


async def test_parameters_that_are_missing_or_do_not_fit_are_named() -> None:
    for target, code in (("/v1/mugs", "required"), ("/v1/mugs?colour=magenta", "not_valid")):
        reply = await ask(a_web_app(), target)
        assert (reply.status, reply.is_problem) == (422, True)
        assert [(fault["path"], fault["code"]) for fault in reply.json()["errors"]] == [("colour", code)]


async def test_the_description_and_its_page_are_kept_by_caches() -> None:
    for target in ("/openapi.json", "/docs"):
        control = (await ask(a_web_app(), target)).header("cache-control") or ""
        assert control.startswith("public")
        assert "s-maxage=" in control


async def test_the_description_is_json_of_what_is_there() -> None:
    document = msgspec.json.decode((await ask(a_web_app(), "/openapi.json")).body)
    assert set(document["paths"]) == {
        "/v1/refusals/{name}",
        "/v1/shelves",
        "/v1/mugs",
        "/v1/secrets",
        "/health/live",
        "/health/ready",
    }
