"""The application behind the admission: who gets to it, with which time, and what the others are told."""

from __future__ import annotations

import asyncio

import pytest

from rialto.edge.admission import FIRST, SHARE, WAITING_MAX, Admission, Admitted, Refusals
from rialto.edge.cached import App, Message, Receive, Scope, Send
from rialto.kernel.errors import Overloaded
from rialto.kernel.importance import Importance, importance_now
from rialto.kernel.resilience import time_left
from rialto.storefront.errors import crowded_pages
from tests.edge.apps import Answering
from tests.edge.asgi import Reply, ask
from tests.edge.crowds import BROWSING, BUYING, OWN, StillClock, an_admission, fill, others_run
from tests.edge.test_gate import a_gate

pytestmark = [pytest.mark.fast, pytest.mark.anyio]


class Parked:
    """An application whose answers wait until they are let go."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.asked: list[str] = []
        self.seen: list[tuple[Importance, float | None]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope["path"])
        self.seen.append((importance_now.get(), time_left(CLOCK)))
        await self.go_on.wait()
        await Answering()(scope, receive, send)


CLOCK = StillClock()


def a_door(app: App, admission: Admission) -> App:
    return a_gate(Admitted(app, admission), refusals=Refusals(*crowded_pages()))


async def parked(app: App, parked: Parked, count: int, path: str = "/en/p/lamp") -> list[asyncio.Task[Reply]]:
    tasks = [asyncio.create_task(ask(app, path)) for _ in range(count)]
    await others_run()
    assert len(parked.asked) == count
    return tasks


async def let_go(app: Parked, tasks: list[asyncio.Task[Reply]]) -> list[int]:
    app.go_on.set()
    return [(await task).status for task in tasks]


async def test_a_full_shop_sends_away_who_looks_around_and_lets_others_in() -> None:
    inside, admission = Parked(), an_admission()
    door = a_door(inside, admission)
    tasks = await parked(door, inside, int(FIRST * SHARE[BROWSING]))
    refused = await ask(door, "/v1/products")
    assert (refused.status, refused.is_problem) == (503, True)
    assert refused.json()["code"] == "overloaded"
    assert 10 <= int(refused.header("retry-after") or 0) <= 20
    assert refused.header("x-request-id")
    assert refused.header("cache-control") == "no-store"
    buyer = asyncio.create_task(ask(door, "/v1/checkout", method="POST"))
    await others_run()
    assert inside.asked[-1] == "/v1/checkout"
    assert set(await let_go(inside, [*tasks, buyer])) == {200}
    assert (admission.under_way, admission.waiting) == (0, 0)


async def test_who_watches_is_never_sent_away() -> None:
    admission = an_admission()
    await fill(admission)
    assert (await ask(a_door(Answering(), admission), "/health/ready")).status == 200


@pytest.mark.parametrize(
    ("path", "speaks", "language"),
    [
        ("/de/search", b"en", "de"),
        ("/en/search", b"de", "en"),
        ("/sitemap.xml", b"fr, de;q=0.8", "de"),
        ("/sitemap.xml", b"", "en"),
        ("/deals", b"\xff", "en"),
    ],
)
async def test_people_are_told_on_a_page_in_their_language(path: str, speaks: bytes, language: str) -> None:
    admission = an_admission()
    await fill(admission)
    admission._lines[BROWSING].extend([None] * WAITING_MAX)  # type: ignore[list-item]
    reply = await ask(a_door(Answering(), admission), path, headers=[(b"accept-language", speaks)])
    assert reply.status == 503
    assert reply.header("content-language") == language
    assert int(reply.header("retry-after") or 0) >= 3
    assert reply.header("content-security-policy")
    text = reply.body.decode()
    assert ("Gerade ist sehr viel los" in text) == (language == "de")
    assert ("It is very busy here" in text) == (language == "en")


async def test_a_request_has_its_class_and_its_time_on_the_way() -> None:
    inside = Parked()
    inside.go_on.set()
    door = a_door(inside, an_admission())
    for path in ("/en/p/lamp", "/v1/carts/crt_1", "/v1/checkout", "/health/live"):
        await ask(door, path)
    assert inside.seen == [(BROWSING, 2.0), (OWN, 5.0), (BUYING, 15.0), (BUYING, 5.0)]
    assert importance_now.get() is BUYING


async def test_the_place_is_free_when_the_answer_begins_and_after_a_bug() -> None:
    admission = an_admission()
    places: list[int] = []

    async def slow_reader(_scope: Scope, _receive: Receive, send: Send) -> None:
        places.append(admission.under_way)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        places.append(admission.under_way)
        await send({"type": "http.response.body", "body": b""})

    async def bug(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ZeroDivisionError

    await ask(a_door(slow_reader, admission), "/en/")
    assert places == [1, 0]
    with pytest.raises(ZeroDivisionError):
        await ask(a_door(bug, admission), "/en/")
    assert admission.under_way == 0


async def test_a_client_that_leaves_in_line_is_never_served() -> None:
    inside, admission = Parked(), an_admission()
    door = Admitted(inside, admission)
    await fill(admission)
    scope = {"method": "GET", "path": "/en/cart", "headers": [], "rialto.has_left": lambda: True}
    task = asyncio.create_task(door(scope, _nothing, _nowhere))
    await others_run()
    for _ in range(int(FIRST)):
        admission.leave()
    with pytest.raises(Overloaded):
        await task
    assert inside.asked == []


async def _nothing() -> Message:
    return {}


async def _nowhere(_message: Message) -> None:
    return None
