from __future__ import annotations

import asyncio
import gzip

import pytest

from rialto.edge.admission import Admission, Admitted
from rialto.edge.cached import ANONYMOUS, App, CachedPages, Kept, Receive, Scope, Send, pages_of_others
from rialto.engines.memory_cache import MemoryCache
from rialto.engines.memory_keyvalue import MemoryKeyValues
from rialto.kernel.auth import GUEST, Principal
from rialto.kernel.cache import Entry
from rialto.kernel.clock import ManualClock
from rialto.kernel.errors import Overloaded
from rialto.kernel.telemetry import Metrics
from tests.edge.apps import Answering
from tests.edge.asgi import Reply, ask
from tests.support.values import seeded_ids

pytestmark = [pytest.mark.anyio, pytest.mark.fast]

PUBLIC = {"cache-control": "public, max-age=0, s-maxage=2, stale-if-error=3600", "surrogate-key": "product:1"}
PAGE = "/en/p/lamp"


def pages_of(app: App, clock: ManualClock | None = None) -> CachedPages:
    engine: MemoryCache[Entry[Kept]] = MemoryCache(100)
    clock = clock or ManualClock()
    return CachedPages(app, engine, clock=clock, ids=seeded_ids(clock=clock), metrics=Metrics())


async def test_who_is_not_let_in_gets_the_old_page_where_there_is_one() -> None:
    clock, app = ManualClock(), Answering(headers=PUBLIC)
    admission = Admission(clock, seeded_ids(), Metrics(), port="public")
    pages = pages_of(Admitted(app, admission), clock)
    assert (await ask(pages, PAGE)).body == b"hello"
    clock.advance(5)
    admission.under_way = 1000
    assert (await ask(pages, PAGE)).body == b"hello"
    assert len(app.asked) == 1
    with pytest.raises(Overloaded):
        await ask(pages, "/en/p/never-seen")


async def twice(app: Answering, target: str, *, headers: list[tuple[bytes, bytes]] | None = None) -> int:
    """How often the application was asked when a client asked twice."""
    pages = pages_of(app)
    for _ in range(2):
        await ask(pages, target, headers=headers or [])
    return len(app.asked)


@pytest.mark.parametrize(
    "path",
    [
        "/en/cart",
        "/en/cart/add",
        "/en/checkout/address",
        "/en/checkout/review",
        "/en/orders/ord_1",
        "/en/orders/ord_1/thanks",
        "/en/preferences",
        "/v1/carts/cart_1",
        "/v1/orders/ord_1",
        "/v1/checkout",
        "/v1/admin/products",
        "/v1/productsx",
        "/v1/auth/login",
        "/v1/payments/webhooks/sandbox",
        "/v1",
        "/",
        "/en",
        "/english/p/lamp",
        "/EN/p/lamp",
        "/en/searches",
        "/health/ready",
        "/docs/private",
    ],
)
def test_what_may_be_personal_is_not_an_anonymous_address(path: str) -> None:
    assert ANONYMOUS.match(path.encode()) is None


@pytest.mark.parametrize(
    "path",
    [
        "/en/",
        "/de/c/lamps",
        "/de/collections/gifts",
        PAGE,
        "/en/search",
        "/en/pages/terms",
        "/v1/products",
        "/v1/products/lamp",
        "/v1/categories",
        "/v1/collections",
        "/v1/suggest",
        "/docs",
        "/openapi.json",
    ],
)
async def test_a_public_answer_to_an_anonymous_address_is_kept(path: str) -> None:
    assert await twice(Answering(headers=PUBLIC), path) == 1


async def test_a_personal_address_is_asked_each_time_whatever_it_answers() -> None:
    assert await twice(Answering(headers=PUBLIC), "/en/cart") == 2


@pytest.mark.parametrize(
    "control", ["no-store", "private, s-maxage=60", "public, max-age=60", "public, s-maxage=0", ""]
)
async def test_an_answer_that_does_not_say_so_is_not_kept(control: str) -> None:
    assert await twice(Answering(headers={"cache-control": control}), PAGE) == 2


@pytest.mark.parametrize("status", [201, 301, 404, 410, 422])
async def test_only_a_plain_200_is_kept(status: int) -> None:
    assert await twice(Answering(status=status, headers=PUBLIC), PAGE) == 2


async def test_an_answer_with_a_cookie_is_not_kept_and_nobody_gets_the_cookie() -> None:
    app = Answering(headers={**PUBLIC, "set-cookie": "cart=1"})
    pages = pages_of(app)
    replies = [await ask(pages, PAGE) for _ in range(2)]
    assert len(app.asked) == 2
    assert all(reply.header("set-cookie") is None for reply in replies)


async def test_the_application_never_sees_who_asks_for_an_anonymous_page() -> None:
    app = Answering(headers=PUBLIC)
    cookies = b"cart=cart_1; language=de; session=s; currency=USD; xcurrency=GBP"
    await ask(pages_of(app), PAGE, headers=[(b"cookie", cookies)])
    assert app.header_asked(b"cookie") == b"language=de; currency=USD"


async def test_an_anonymous_page_is_asked_for_as_a_guest() -> None:
    app = Answering(headers=PUBLIC)
    seen = []

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["rialto.principal"]())
        await app(scope, receive, send)

    async def by_a_customer(scope: Scope, receive: Receive, send: Send) -> None:
        scope["rialto.principal"] = lambda: Principal(kind="customer", id="acc_1")
        await pages(scope, receive, send)

    pages = pages_of(asked)
    await ask(by_a_customer, PAGE)
    assert seen == [GUEST]


async def test_language_and_currency_have_pages_of_their_own() -> None:
    app = Answering(headers=PUBLIC)
    pages = pages_of(app)
    for cookie in (b"currency=EUR", b"currency=USD", b"currency=EUR; other=1"):
        await ask(pages, PAGE, headers=[(b"cookie", cookie)])
    assert len(app.asked) == 2


async def test_whoever_shows_a_token_is_answered_by_the_shop_itself() -> None:
    app = Answering(headers=PUBLIC)
    assert await twice(app, "/v1/products", headers=[(b"authorization", b"Bearer x")]) == 2


async def test_hosts_and_accepted_languages_are_kept_apart() -> None:
    app = Answering(headers=PUBLIC)
    pages = pages_of(app)
    for headers in (
        [(b"accept-language", b"de")],
        [(b"accept-language", b"en")],
        [(b"host", b"other.example")],
    ):
        await ask(pages, "/v1/products", headers=headers)
    assert len(app.asked) == 3


async def test_the_order_of_parameters_does_not_matter_but_their_values_do() -> None:
    app = Answering(headers=PUBLIC)
    pages = pages_of(app)
    for query in ("a=1&b=2", "b=2&a=1", "a=1&b=3", "a=1&b=2&c="):
        await ask(pages, f"/v1/products?{query}")
    assert len(app.asked) == 3


async def test_a_very_long_query_is_passed_on_and_not_kept() -> None:
    assert await twice(Answering(headers=PUBLIC), "/v1/products?q=" + "a" * 3000) == 2


@pytest.mark.parametrize("asked", ["{etag}", "W/{etag}", '"other", {etag}', "*"])
async def test_a_client_that_has_it_already_is_sent_no_body(asked: str) -> None:
    pages = pages_of(Answering(headers=PUBLIC))
    etag = (await ask(pages, PAGE)).header("etag") or ""
    reply = await ask(pages, PAGE, headers=[(b"if-none-match", asked.format(etag=etag).encode())])
    assert (reply.status, reply.body, reply.header("etag")) == (304, b"", etag)


async def test_an_answer_that_is_not_kept_has_no_304() -> None:
    pages = pages_of(Answering(headers={"etag": '"1"'}))
    reply = await ask(pages, PAGE, headers=[(b"if-none-match", b"*")])
    assert (reply.status, reply.body) == (200, b"hello")


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        (b"gzip", True),
        (b"br, gzip;q=0.5", True),
        (b"br", False),
        (b"gzip;q=0", False),
        (b"gzip;q=0.0, br", False),
        (b"xgzip", False),
        (None, False),
    ],
)
async def test_who_takes_gzip_gets_it(accepted: bytes | None, packed: bool) -> None:
    body = b"Rialto " * 200
    pages = pages_of(Answering(body, headers=PUBLIC))
    reply = await ask(pages, PAGE, headers=[(b"accept-encoding", accepted)] if accepted is not None else [])
    assert (reply.header("content-encoding") == "gzip") is packed
    assert (gzip.decompress(reply.body) if packed else reply.body) == body
    assert reply.header("content-length") == str(len(reply.body))


async def test_small_answers_are_not_packed() -> None:
    reply = await ask(pages_of(Answering(headers=PUBLIC)), PAGE, headers=[(b"accept-encoding", b"gzip")])
    assert reply.header("content-encoding") is None


async def test_many_who_ask_at_once_make_one_request() -> None:
    gate = asyncio.Event()
    app = Answering(headers=PUBLIC)

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await gate.wait()
        await app(scope, receive, send)

    pages = pages_of(slow)
    waiting = [asyncio.create_task(ask(pages, PAGE)) for _ in range(20)]
    await asyncio.sleep(0)
    gate.set()
    replies: list[Reply] = await asyncio.gather(*waiting)
    assert len(app.asked) == 1
    assert {reply.body for reply in replies} == {b"hello"}


async def test_after_its_time_an_answer_is_made_anew() -> None:
    clock = ManualClock()
    app = Answering(headers=PUBLIC)
    pages = pages_of(app, clock)
    await ask(pages, PAGE)
    clock.advance(2.1)
    app.body = b"newer"
    assert (await ask(pages, PAGE)).body == b"newer"


async def test_when_the_shop_fails_the_old_answer_serves_for_an_hour() -> None:
    clock = ManualClock()
    app = Answering(headers=PUBLIC)
    pages = pages_of(app, clock)
    await ask(pages, PAGE)
    app.status, app.headers = 503, {"cache-control": "no-store", "retry-after": "1"}
    clock.advance(1800)
    stale = await ask(pages, PAGE)
    assert (stale.status, stale.body) == (200, b"hello")
    clock.advance(3600)
    failed = await ask(pages, PAGE)
    assert (failed.status, failed.header("retry-after")) == (503, "1")


async def test_an_error_is_never_kept() -> None:
    app = Answering(status=500, headers=PUBLIC)
    assert await twice(app, PAGE) == 2


async def test_news_make_every_kept_answer_old_at_once_but_not_lost() -> None:
    app = Answering(headers=PUBLIC)
    pages = pages_of(app)
    await ask(pages, PAGE)
    pages.clear()
    app.body = b"newer"
    assert (await ask(pages, PAGE)).body == b"newer"
    pages.clear()
    app.status = 503
    assert (await ask(pages, PAGE)).body == b"newer"


async def test_a_post_is_never_answered_from_the_cache() -> None:
    app = Answering(headers=PUBLIC)
    pages = pages_of(app)
    await ask(pages, "/v1/products")
    await ask(pages, "/v1/products", method="POST")
    assert len(app.asked) == 2


class Server(MemoryKeyValues):
    shared = True


def sharing(app: App, server: MemoryKeyValues, clock: ManualClock, metrics: Metrics) -> CachedPages:
    beyond = pages_of_others(server, secret="s", clock=clock, as_of=lambda: {0: 1}, metrics=metrics)
    engine: MemoryCache[Entry[Kept]] = MemoryCache(100)
    return CachedPages(app, engine, clock=clock, ids=seeded_ids(), metrics=metrics, beyond=beyond)


def taken_over(metrics: Metrics) -> float:
    labels = {
        "outcome": "shared",
        "route": "other",
    }  # these apps are no framework: nobody says which route it was
    return metrics.registry.get_sample_value("rialto_cached_answers_total", labels) or 0.0


async def test_a_page_that_another_process_made_is_sent_as_it_was() -> None:
    clock, metrics = ManualClock(), Metrics()
    server = Server(clock)
    body = b"<p>" + b"a lamp " * 300
    apps = [
        Answering(body, headers={**PUBLIC, "content-type": "text/html", "link": "</x>"}) for _ in range(2)
    ]
    pages = [sharing(app, server, clock, metrics) for app in apps]
    replies: list[list[Reply]] = [
        [
            await ask(one, PAGE),
            await ask(one, PAGE, headers=[(b"accept-encoding", b"gzip")]),
            await ask(one, PAGE, headers=[(b"if-none-match", b"*")]),
        ]
        for one in pages
    ]
    made, taken = ([(reply.status, reply.headers, reply.body) for reply in of] for of in replies)
    assert made == taken
    assert (len(apps[0].asked), len(apps[1].asked), taken_over(metrics)) == (1, 0, 1)
    assert replies[1][0].body == body


@pytest.mark.parametrize(
    ("path", "shared"),
    [
        ("/en/", True),
        ("/en/search?q=lamp", True),
        ("/v1/products?q=lamp", True),
        ("/v1/products/lamp/reviews", True),
        ("/v1/products/lamp", False),
    ],
)
async def test_what_is_cheap_to_make_is_not_fetched(path: str, shared: bool) -> None:
    clock, metrics = ManualClock(), Metrics()
    server = Server(clock)
    for _ in range(2):
        await ask(sharing(Answering(headers=PUBLIC), server, clock, metrics), path)
    assert taken_over(metrics) == int(shared)


async def test_what_is_nobodys_to_keep_is_nobodys_to_share() -> None:
    clock, metrics = ManualClock(), Metrics()
    server = Server(clock)
    for headers in ({}, {"cache-control": "private, s-maxage=9"}, {**PUBLIC, "set-cookie": "a=1"}):
        app = Answering(headers=headers)
        for _ in range(2):
            await ask(sharing(app, server, clock, metrics), PAGE)
        assert len(app.asked) == 2


def test_processes_that_share_nothing_have_no_pages_of_others() -> None:
    clock = ManualClock()
    made = pages_of_others(MemoryKeyValues(clock), secret="s", clock=clock, as_of=dict, metrics=Metrics())
    assert made is None
