"""Requests as the first spans of traces: whose ids count, what a span tells, and what it never does."""

from __future__ import annotations

import pytest
import structlog

from rialto.edge.cached import App, CachedPages, Kept, Message, Receive, Scope, Send
from rialto.edge.gate import Gate
from rialto.engines.memory_cache import MemoryCache
from rialto.kernel import tracing
from rialto.kernel.auth import TokenSigner, TokenVerifier
from rialto.kernel.cache import Entry
from rialto.kernel.clock import ManualClock
from rialto.kernel.telemetry import Metrics
from rialto.kernel.tracing import Kind, Span
from tests.edge.apps import Answering, a_web_app
from tests.edge.asgi import Reply, ask
from tests.support.databases import SECRETS
from tests.support.traces import Collected, recorder
from tests.support.values import built_in, seeded_ids

pytestmark = [pytest.mark.anyio, pytest.mark.fast]

PROXY = "10.0.0.1"
TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
TOLD = [(b"x-request-id", TRACE.encode())]
CAUSED = [(b"traceparent", f"00-{'e' * 32}-{SPAN}-01".encode())]
MARK = "planted-person"


class Desk:
    """A gate with a recorder behind it."""

    def __init__(self, app: App, *, percent: int = 100, keeps_pages: bool = False) -> None:
        clock, ids, metrics = ManualClock(), seeded_ids(), Metrics()
        signer = TokenSigner(SECRETS.signing_key, issuer="http://shop.example", clock=clock)
        self.collected = Collected()
        kept: MemoryCache[Entry[Kept]] = MemoryCache(10)
        pages = CachedPages(app, kept, clock=clock, ids=ids, metrics=metrics) if keeps_pages else None
        self.gate = Gate(
            pages or app,
            clock=clock,
            ids=ids,
            metrics=metrics,
            verifier=TokenVerifier(
                [signer.public_jwk()], issuer="http://shop.example", clock=clock, permissions_of=built_in
            ),
            limiter=None,
            trusted_proxies=(PROXY,),
            kept=pages,
            tracer=recorder(self.collected, clock, ids, percent=percent),
        )

    async def ask(self, target: str, **how: object) -> Reply:
        return await ask(self.gate, target, **{"client": PROXY, **how})  # type: ignore[arg-type]

    @property
    def span(self) -> Span:
        [found] = self.collected.spans
        return found


async def test_the_proxys_request_id_is_the_traces_id() -> None:
    desk = Desk(Answering())
    reply = await desk.ask("/", headers=TOLD)
    assert (desk.span.trace_id, desk.span.parent_id, desk.span.kind) == (TRACE, "", Kind.SERVER)
    assert reply.header("x-request-id") == TRACE


async def test_a_trace_that_the_proxy_began_goes_on() -> None:
    desk = Desk(Answering(), percent=0)
    reply = await desk.ask("/", headers=[*TOLD, *CAUSED])
    assert (desk.span.trace_id, desk.span.parent_id) == ("e" * 32, SPAN)
    assert reply.header("x-request-id") == TRACE


async def test_a_strangers_ids_begin_nothing() -> None:
    desk = Desk(Answering())
    reply = await desk.ask("/", headers=[*TOLD, *CAUSED], client="203.0.113.9")
    assert desk.span.trace_id not in {TRACE, "e" * 32}
    # Without a proxy that names it, the request goes by its trace's id.
    assert reply.header("x-request-id") == desk.span.trace_id


@pytest.mark.parametrize("request_id", ["abc123", TRACE.upper(), "0" * 32])
async def test_a_request_id_of_another_form_stays_and_the_trace_has_its_own(request_id: str) -> None:
    desk = Desk(Answering())
    reply = await desk.ask("/", headers=[(b"x-request-id", request_id.encode())])
    assert reply.header("x-request-id") == request_id
    assert tracing.is_trace_id(desk.span.trace_id)
    assert desk.span.trace_id != request_id


async def test_log_lines_have_both_ids() -> None:
    bound: list[dict[str, object]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        bound.append(structlog.contextvars.get_contextvars())
        await Answering()(scope, receive, send)

    await Desk(app, percent=0).ask("/", headers=TOLD)
    assert bound == [{"request_id": TRACE, "trace_id": TRACE}]
    assert structlog.contextvars.get_contextvars() == {}


async def test_a_span_is_named_by_its_route_and_tells_nothing_of_who_asks() -> None:
    desk = Desk(a_web_app())
    headers = [
        *TOLD,
        (b"cookie", f"cart={MARK}".encode()),
        (b"user-agent", MARK.encode()),
        (b"authorization", f"Bearer {MARK}".encode()),
        (b"x-forwarded-for", b"198.51.100.7"),
    ]
    await desk.ask(f"/en/orders/{MARK}?email={MARK}", headers=headers)
    assert desk.span.name == "GET /{lang:str}/orders/{name:str}"
    assert desk.span.attributes == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/{lang:str}/orders/{name:str}",
        "url.scheme": "http",
    }
    seen = repr((desk.span.name, desk.span.attributes, desk.span.error))
    assert MARK not in seen
    assert "198.51" not in seen


async def test_a_method_that_nobody_knows_is_not_told() -> None:
    desk = Desk(Answering())
    await desk.ask("/", method=MARK)
    assert (desk.span.name, desk.span.attributes["http.request.method"]) == ("_OTHER", "_OTHER")


@pytest.mark.parametrize(("status", "kept"), [(200, 0), (404, 0), (500, 1), (503, 1)])
async def test_answers_of_the_shops_own_failing_are_kept(status: int, kept: int) -> None:
    desk = Desk(Answering(status=status), percent=0)
    await desk.ask("/", headers=TOLD)
    assert [span.error for span in desk.collected.spans] == [str(status)] * kept


async def test_a_request_that_broke_is_kept() -> None:
    async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise RuntimeError(MARK)

    desk = Desk(broken, percent=0)
    with pytest.raises(RuntimeError):
        await desk.ask("/", headers=TOLD)
    assert desk.span.error == "500"
    assert MARK not in repr((desk.span.name, desk.span.attributes, desk.span.error))


async def test_asking_for_health_is_no_request() -> None:
    desk = Desk(Answering(status=503))
    await desk.ask("/health/ready", headers=TOLD)
    assert desk.collected.kept == []


@pytest.mark.parametrize(("percent", "told"), [(100, 1), (0, 0)])
async def test_an_answer_that_was_ready_is_recorded_when_it_is_sampled(percent: int, told: int) -> None:
    app = Answering(headers={"cache-control": "public, s-maxage=60"})
    desk = Desk(app, percent=percent, keeps_pages=True)
    for _ in range(2):
        await desk.ask(f"/en/search?q={MARK}", headers=TOLD)
    assert len(app.asked) == 1
    hits = [span for span in desk.collected.spans if "rialto.cache" in span.attributes]
    assert len(hits) == told
    for hit in hits:
        assert (hit.trace_id, hit.attributes["url.path"]) == (TRACE, "/en/search")
        assert MARK not in repr(hit.attributes)


async def test_a_body_sent_in_parts_is_timed_to_its_end() -> None:
    clock = ManualClock()

    async def slow(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        clock.advance(2.0)
        last: Message = {"type": "http.response.body", "body": b"x"}
        await send(last)

    desk = Desk(slow, percent=0)
    desk.gate._tracer = recorder(desk.collected, clock, seeded_ids(), percent=0)
    await desk.ask("/", headers=TOLD)
    assert desk.span.ended - desk.span.began == 2.0
