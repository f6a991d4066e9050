"""Calls from other processes of the shop: who may call what, and what is said to those who may not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

import httpx
import msgspec
import pytest

from rialto.edge.admission import FIRST, Admission
from rialto.edge.cached import Receive, Scope, Send
from rialto.edge.internal import BODY_BYTES_MAX, InternalCalls, Leaving, Served
from rialto.kernel.auth import AUDIENCE, Principal
from rialto.kernel.calls import bind
from rialto.kernel.clock import ManualClock
from rialto.kernel.errors import Conflict, Overloaded
from rialto.kernel.importance import Importance
from rialto.kernel.keys import Keyring
from rialto.kernel.resilience import time_left
from rialto.kernel.service import Frozen, operation
from rialto.kernel.service_tokens import LIFETIME_S, CallerCheck, ServiceTokens, audience_of
from rialto.kernel.telemetry import Metrics
from rialto.kernel.wire import decode_error, signatures_of
from tests.support.databases import SECRETS
from tests.support.values import seeded_ids

pytestmark = [pytest.mark.fast, pytest.mark.anyio]

ISSUER = "https://shop.test"


class Wanted(Frozen):
    loaves: int


class Baked(Frozen):
    loaves: int
    left_s: float


class Bakery(Protocol):
    @operation(idempotent=False)
    async def bake(self, command: Wanted) -> Baked: ...


class Baker:
    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.baked = 0

    async def bake(self, command: Wanted) -> Baked:
        if command.loaves == 13:
            raise Conflict("Not thirteen.", code="unlucky")
        if command.loaves == 0:
            raise RuntimeError("a bug")
        self.baked += command.loaves
        left = time_left(self._clock)
        assert left is not None
        return Baked(loaves=command.loaves, left_s=left)


async def people(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"metrics"})


class Process:
    """A process that has the bakery; the café may call it."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.keyring = Keyring(SECRETS, issuer=ISSUER, clock=self.clock, ids=seeded_ids())
        self.tokens = ServiceTokens(self.keyring, self.clock)
        self.leaving = Leaving()
        self.admission = Admission(self.clock, seeded_ids(), Metrics(), port="operations")
        self.baker = Baker(self.clock)
        served = Served(
            signatures=signatures_of(Bakery),
            calls=bind(Bakery, self.baker, clock=self.clock, strict=False),
            check=CallerCheck("bakery", frozenset({"cafe"}), self.keyring, issuer=ISSUER, clock=self.clock),
        )
        app = InternalCalls(
            {"bakery": served}, people, clock=self.clock, leaving=self.leaving, admission=self.admission
        )
        transport = httpx.ASGITransport(app=app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://ops")

    async def call(
        self,
        path: str = "/internal/bakery/bake",
        content: bytes = b'{"loaves":2}',
        *,
        method: str = "POST",
        **changes: str | None,
    ) -> httpx.Response:
        headers: dict[str, str | None] = {
            "authorization": f"Bearer {self.tokens('cafe', 'bakery')}",
            "rialto-deadline-ms": "1200",
        }
        headers |= {name.replace("_", "-"): value for name, value in changes.items()}
        sent: Mapping[str, str] = {name: value for name, value in headers.items() if value is not None}
        return await self.http.request(method, path, content=content, headers=sent)

    def token(self, principal: Principal, audience: str) -> str:
        return "Bearer " + self.keyring.signer().sign(principal, lifetime_s=60, audience=audience)


@pytest.fixture
async def process() -> AsyncIterator[Process]:
    made = Process()
    yield made
    await made.http.aclose()


async def test_a_call_is_carried_out_in_the_time_its_caller_has(process: Process) -> None:
    answer = await process.call()
    assert (answer.status_code, answer.headers["rialto-answer"]) == (200, "reply")
    baked = msgspec.json.decode(answer.content, type=Baked)
    assert baked.loaves == 2
    assert 1.1 < baked.left_s <= 1.2
    assert "rialto-leaving" not in answer.headers


async def test_a_refusal_travels_with_its_code_and_a_status_for_those_between(process: Process) -> None:
    answer = await process.call(content=b'{"loaves":13}')
    assert (answer.status_code, answer.headers["rialto-answer"]) == (409, "error")
    error = decode_error(answer.content)
    assert (type(error), error.stable_code, error.text) == (Conflict, "unlucky", "Not thirteen.")


async def test_a_bug_says_nothing_of_what_it_was(process: Process) -> None:
    answer = await process.call(content=b'{"loaves":0}')
    assert (answer.status_code, answer.headers["rialto-answer"], answer.content) == (500, "bug", b"")


async def test_who_has_too_much_to_do_turns_calls_away_before_anything_runs(process: Process) -> None:
    for _ in range(int(FIRST)):
        await process.admission.enter(Importance.BUYING)
    answer = await process.call(rialto_importance="browsing")
    assert (answer.status_code, answer.headers["rialto-answer"]) == (503, "turned-away")
    error = decode_error(answer.content)
    assert isinstance(error, Overloaded)
    assert error.retry_after_s
    assert process.baker.baked == 0
    assert (await process.http.get("/metrics")).text == "metrics"


async def test_a_call_leaves_its_place_however_it_ends(process: Process) -> None:
    for content in (b'{"loaves":2}', b'{"loaves":13}', b'{"loaves":0}', b"nonsense"):
        await process.call(content=content)
    await process.call(authorization="Bearer nonsense")
    await process.call(rialto_deadline_ms="nonsense")
    assert process.admission.under_way == 0


CUSTOMER = Principal(kind="customer", id="acc_1")


@pytest.mark.parametrize(
    ("principal", "audience"),
    [
        (Principal(kind="service", id="cafe"), audience_of("cellar")),
        (Principal(kind="service", id="cafe"), AUDIENCE),
        (Principal(kind="service", id="florist"), audience_of("bakery")),
        (Principal(kind="staff", id="cafe"), audience_of("bakery")),
        (CUSTOMER, AUDIENCE),
    ],
)
async def test_only_a_service_that_may_with_a_token_for_this_one_is_heard(
    process: Process, principal: Principal, audience: str
) -> None:
    answer = await process.call(authorization=process.token(principal, audience))
    assert (answer.status_code, answer.headers["rialto-answer"]) in {
        (401, "turned-away"),
        (403, "turned-away"),
    }
    assert process.baker.baked == 0


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer x.y.z", "Basic Y2FmZTp4", "bearer x"])
async def test_without_a_token_of_the_shop_nobody_is_heard(
    process: Process, authorization: str | None
) -> None:
    answer = await process.call(authorization=authorization)
    assert (answer.status_code, answer.headers["rialto-answer"]) == (401, "turned-away")


async def test_a_token_lives_for_a_minute_and_is_made_anew_before(process: Process) -> None:
    first = process.tokens("cafe", "bakery")
    assert process.tokens("cafe", "bakery") == first
    process.clock.advance(LIFETIME_S - 20)
    assert process.tokens("cafe", "bakery") != first
    process.clock.advance(30)
    assert (await process.call(authorization=f"Bearer {first}")).status_code == 401
    assert (await process.call()).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/internal/bakery/burn", 404),
        ("/internal/bakery", 404),
        ("/internal/bakery/bake/more", 404),
        ("/internal/cellar/bake", 404),
        ("/internal/", 404),
        ("/internal/bakery/__class__", 404),
    ],
)
async def test_what_is_not_here_may_be_at_another_replica(process: Process, path: str, status: int) -> None:
    answer = await process.call(path)
    assert (answer.status_code, answer.headers["rialto-answer"]) == (status, "turned-away")


async def test_only_posts_are_calls(process: Process) -> None:
    assert (await process.call(method="GET")).status_code == 404


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"loaves":"two"}', b"\xff", b'{"loaves":2'])
async def test_a_command_that_cannot_be_read_runs_nothing(process: Process, content: bytes) -> None:
    answer = await process.call(content=content)
    assert (answer.status_code, answer.headers["rialto-answer"]) == (422, "turned-away")


@pytest.mark.parametrize("left", [None, "", "0", "-1", "1.5", "soon", "9" * 12])
async def test_a_caller_says_how_long_it_waits(process: Process, left: str | None) -> None:
    answer = await process.call(rialto_deadline_ms=left)
    assert decode_error(answer.content).stable_code == "deadline_missing"


async def test_fields_of_a_later_release_are_passed_over(process: Process) -> None:
    assert (await process.call(content=b'{"loaves":2,"seeds":"poppy"}')).status_code == 200


async def test_a_process_that_is_stopped_still_answers_and_sends_callers_elsewhere(process: Process) -> None:
    process.leaving.begin()
    answer = await process.call()
    assert (answer.status_code, answer.headers["rialto-leaving"], answer.headers["connection"]) == (
        200,
        "1",
        "close",
    )


async def test_everything_else_on_the_port_is_for_those_who_watch(process: Process) -> None:
    assert (await process.http.get("/metrics")).text == "metrics"


async def test_a_command_without_end_is_not_read_to_its_end(process: Process) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b" " * 2**20

    headers = {"authorization": f"Bearer {process.tokens('cafe', 'bakery')}", "rialto-deadline-ms": "1200"}
    answer = await process.http.post("/internal/bakery/bake", content=endless(), headers=headers)
    assert answer.status_code == 422
    assert read <= BODY_BYTES_MAX // 2**20 + 2


async def test_a_caller_that_leaves_in_the_middle_runs_nothing(process: Process) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/internal/bakery/bake",
        "headers": [
            (b"authorization", f"Bearer {process.tokens('cafe', 'bakery')}".encode()),
            (b"rialto-deadline-ms", b"100"),
        ],
    }
    app = process.http._transport.app  # type: ignore[attr-defined]
    await app(scope, receive, send)
    assert sent[0]["status"] == 422
    assert process.baker.baked == 0
