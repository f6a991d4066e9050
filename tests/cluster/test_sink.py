"""The sink of traces: what it takes and keeps, how it is asked, and what it forgets."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from rialto.cluster import sink_store
from rialto.cluster.sink import LISTED_MAX, PROTOBUF, Sink
from rialto.cluster.sink_store import SpanStore, StoredSpan
from rialto.kernel.clock import ManualClock
from tests.engines.test_otlp_traces import serving

pytestmark = [pytest.mark.anyio, pytest.mark.fast]

TRACE = "0af7651916cd43dd8448eb211c80319c"


class Desk:
    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.store = SpanStore(folder / "spans.sqlite", self.clock)

    @property
    def now_ns(self) -> int:
        return int(self.clock.now().timestamp() * 1e9)

    def a_span(self, number: int = 1, **fields: Any) -> StoredSpan:
        return StoredSpan(
            **{
                "trace_id": TRACE,
                "span_id": f"{number:016x}",
                "parent_id": "",
                "service": "sell",
                "process": "host:8001:7",
                "name": f"span {number}",
                "kind": 2,
                "began_ns": self.now_ns + number,
                "ended_ns": self.now_ns + number + 5_000_000,
                "error": "",
                "attributes": {},
                "links": [],
                **fields,
            }
        )


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
async def url(desk: Desk) -> AsyncIterator[str]:
    async with serving(Sink(desk.store).application()) as address:
        yield address


def a_request(name: str = "GET /", *, span_id: bytes = b"12345678") -> bytes:
    told = ExportTraceServiceRequest()
    of_process = told.resource_spans.add()
    of_process.resource.attributes.add(key="service.name").value.string_value = "sell"
    span = of_process.scope_spans.add().spans.add(
        trace_id=bytes.fromhex(TRACE),
        span_id=span_id,
        name=name,
        kind=2,
        start_time_unix_nano=5,
        end_time_unix_nano=9,
    )
    span.attributes.add(key="count").value.int_value = 3
    span.attributes.add(key="list").value.array_value.values.add().string_value = "x"
    span.status.code = 2
    return bytes(told.SerializeToString())


async def ask(url: str, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.request(method, url + path, data=body or None, headers=headers) as answer,
    ):
        return answer.status, await answer.read()


@pytest.mark.parametrize("packed", [False, True])
async def test_what_is_sent_can_be_asked_for(desk: Desk, url: str, packed: bool) -> None:
    # Its times are long ago; it is looked at before that is noticed.
    desk.store._since_forgotten = 0
    body = gzip.compress(a_request()) if packed else a_request()
    headers = {"Content-Encoding": "gzip"} if packed else {}
    status, _ = await ask(url, "POST", "/v1/traces", body, **{"Content-Type": PROTOBUF, **headers})
    assert status == 200
    status, told = await ask(url, "GET", f"/traces/{TRACE}")
    assert status == 200
    [span] = msgspec.json.decode(told, type=list[StoredSpan])
    assert (span.name, span.service, span.error) == ("GET /", "sell", "error")
    assert (span.began_ns, span.ended_ns, span.attributes["count"]) == (5, 9, 3)


@pytest.mark.parametrize(
    ("body", "kind", "headers", "status"),
    [
        (b"{}", "application/json", {}, 415),
        (b"\xff\xff\xff", PROTOBUF, {}, 400),
        (b"not packed", PROTOBUF, {"Content-Encoding": "gzip"}, 400),
    ],
)
async def test_what_cannot_be_read_is_refused(
    url: str, body: bytes, kind: str, headers: dict[str, str], status: int
) -> None:
    answered, said = await ask(url, "POST", "/v1/traces", body, **{"Content-Type": kind, **headers})
    assert answered == status
    assert len(said) < 200


async def test_a_span_without_a_whole_id_is_passed_over(desk: Desk, url: str) -> None:
    status, _ = await ask(url, "POST", "/v1/traces", a_request(span_id=b"1"), **{"Content-Type": PROTOBUF})
    assert (status, desk.store.trace(TRACE)) == (200, [])


@pytest.mark.parametrize("path", ["/traces/nonsense", f"/traces/{'f' * 32}", "/traces/%27%20OR%201=1"])
async def test_a_trace_that_is_not_there(url: str, path: str) -> None:
    assert (await ask(url, "GET", path))[0] == 404


@pytest.mark.parametrize("query", ["limit=x", "slower_ms=-1", "limit=99999999999", "limit=²"])
async def test_a_question_that_means_nothing(url: str, query: str) -> None:
    assert (await ask(url, "GET", f"/traces?{query}"))[0] == 400


async def test_traces_are_listed_the_newest_first_and_by_what_they_were(desk: Desk, url: str) -> None:
    slow, failed, plain = "a" * 32, "b" * 32, "c" * 32
    desk.store.add(
        [
            desk.a_span(1, trace_id=slow, name="GET /slow", ended_ns=desk.now_ns + 3_000_000_000),
            desk.a_span(2, trace_id=slow, parent_id=f"{1:016x}", process="host:8002:8", name="orders.get"),
            desk.a_span(3, trace_id=failed, error="503"),
            desk.a_span(4, trace_id=plain),
        ]
    )

    async def listed(query: str) -> list[str]:
        return [row["trace_id"] for row in msgspec.json.decode((await ask(url, "GET", f"/traces{query}"))[1])]

    assert await listed("") == [plain, failed, slow]
    assert await listed("?slower_ms=1000") == [slow]
    assert await listed("?errors=1") == [failed]
    assert await listed(f"?limit={LISTED_MAX + 1}") == [plain, failed, slow]
    assert await listed("?limit=1") == [plain]
    [summary] = desk.store.traces(slower_ms=1000, errors=False, limit=5)
    assert (summary.name, summary.spans, summary.processes, summary.errors) == ("GET /slow", 2, 2, 0)


async def test_what_comes_twice_is_there_once(desk: Desk) -> None:
    desk.store.add([desk.a_span()])
    desk.store.add([desk.a_span()])
    assert len(desk.store.trace(TRACE)) == 1


async def test_an_hour_is_kept(desk: Desk) -> None:
    desk.store.add([desk.a_span(1)])
    desk.clock.advance(sink_store.KEPT_S - 1)
    desk.store.forget()
    assert len(desk.store.trace(TRACE)) == 1
    desk.clock.advance(2)
    desk.store.add([desk.a_span(2)])
    desk.store.forget()
    assert [span.name for span in desk.store.trace(TRACE)] == ["span 2"]


async def test_so_many_are_kept(desk: Desk) -> None:
    small = SpanStore(Path(":memory:"), desk.clock, spans_max=10)
    small.add([desk.a_span(number) for number in range(1, 26)])
    small.forget()
    assert [span.name for span in small.trace(TRACE)] == [f"span {number}" for number in range(16, 26)]
    small.close()


async def test_what_was_kept_is_there_after_a_restart(tmp_path: Path) -> None:
    first = Desk(tmp_path)
    first.store.add([first.a_span()])
    first.store.close()
    assert len(Desk(tmp_path).store.trace(TRACE)) == 1
