"""Traces across the bus: from the event's append, by outbox and log, to the reactions of another service."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import structlog

from rialto.engines.postgres_bus import partitions_all
from rialto.engines.rabbitmq_bus_message import event_message, read_message
from rialto.kernel import tracing
from rialto.kernel.consumers import ATTEMPTS_MAX, Consumer, Delivery
from rialto.kernel.db import WriteSession
from rialto.kernel.errors import InvariantBroken, Unavailable
from rialto.kernel.events import Envelope, cause_of_stream
from rialto.kernel.faults import NoFaults
from rialto.kernel.relay import Relay, lease_name
from rialto.kernel.service import Reaction
from rialto.kernel.traced_events import of_each, traceparent_in
from rialto.kernel.tracing import Kind, format_traceparent
from tests.kernel.bakery import Baked, Town, store_arrival
from tests.support.traces import Collected, recorder
from tests.support.values import seeded_ids

pytestmark = pytest.mark.anyio


class Traced:
    """The town's bakery and cellar with a recorder; what is baked is baked on behalf of a request."""

    def __init__(self, town: Town, *, percent: int = 100) -> None:
        self.town = town
        self.collected = Collected()
        self.tracer = recorder(self.collected, town.clock, seeded_ids(3, town.clock), percent=percent)
        self.relay = Relay({"bakery": town.bakery}, town.bus, NoFaults(), tracer=self.tracer)

    async def bake(self, bread: str, *, sampled: bool | None = None) -> tuple[UUID, str]:
        """The stream, and the trace of the request that baked it."""
        stream = self.town.ids.uuid(1)
        with self.tracer.entry("POST /bread", Kind.SERVER, sampled=sampled) as entry:
            await self.town.bake(stream, bread)
        return stream, entry.trace_id

    def a_consumer(self, **how: Any) -> Consumer:
        return Consumer(
            "cellar",
            self.town.cellar,
            None,
            [Reaction(event=Baked, **how)],
            clock=self.town.clock,
            faults=NoFaults(),
            known=(),
            tracer=self.tracer,
        )

    async def deliver(self, consumer: Consumer, *, attempts: int = 1) -> None:
        leases = await self.town.bus.acquire(
            [lease_name(n) for n in partitions_all()], owner="worker", ttl_s=10
        )
        await self.relay.publish_once(leases, ["bakery"])
        for _ in range(attempts):
            with suppress(Unavailable):
                await consumer.consume_once(self.town.bus, set(partitions_all()))


async def test_a_reaction_goes_on_in_the_trace_of_the_request(town: Town) -> None:
    shop = Traced(town)
    _, trace = await shop.bake("rye")
    await shop.deliver(shop.a_consumer(run=store_arrival))
    assert shop.collected.names(trace)[-3:] == [
        "POST /bread",
        "publish bakery.baked",
        "cellar bakery.baked",
    ]
    reaction, published = (
        shop.collected.named(name) for name in ("cellar bakery.baked", "publish bakery.baked")
    )
    assert list(shop.collected.above(reaction)) == list(shop.collected.above(published)) == ["POST /bread"]
    assert (reaction.kind, published.kind) == (Kind.CONSUMER, Kind.PRODUCER)
    assert await town.arrivals() == ["rye"]


async def test_of_an_unsampled_request_nothing_is_kept_unless_its_reaction_fails(town: Town) -> None:
    shop = Traced(town, percent=0)
    _, trace = await shop.bake("rye")

    async def burn(_handlers: Any, _event: Baked, _delivery: Delivery) -> None:
        assert structlog.contextvars.get_contextvars() == {"trace_id": trace}
        raise InvariantBroken

    await shop.deliver(shop.a_consumer(run=burn))
    [failed] = shop.collected.spans
    assert (failed.trace_id, failed.name, failed.error) == (trace, "cellar bakery.baked", "InvariantBroken")


class Pantry:
    """Takes breads in together and remembers whose each is."""

    def __init__(self) -> None:
        self.traces: list[str] = []
        self.bound: dict[str, Any] = {}

    async def take_in(self, _handlers: Any, events: Sequence[Baked], _session: WriteSession) -> None:
        self.traces = [told[3:35] for told in of_each(len(events))]
        self.bound = structlog.contextvars.get_contextvars()
        assert [told[3:35] for told in of_each(len(events) + 1)] == [self.bound["trace_id"]] * (
            len(events) + 1
        )


async def test_what_is_taken_in_together_is_seen_in_every_sampled_trace(town: Town) -> None:
    shop, pantry = Traced(town), Pantry()
    dull = (await shop.bake("oat", sampled=False))[1]
    traces = [(await shop.bake(bread))[1] for bread in ("rye", "spelt")]
    await shop.deliver(shop.a_consumer(run_many=pantry.take_in))
    assert sorted(pantry.traces) == sorted([dull, *traces])
    spans = [span for span in shop.collected.spans if span.name == "cellar bakery.baked"]
    assert sorted(span.trace_id for span in spans) == sorted(traces)
    other, leading = spans if len(spans[1].links) == 2 else reversed(spans)
    assert {link.trace_id for link in leading.links} == {dull, other.trace_id}
    assert [link.span_id for link in other.links] == [leading.span_id]
    assert leading.attributes["messaging.batch.message_count"] == 3
    # Lines that are logged meanwhile are found by each of them.
    assert pantry.bound["trace_id"] == leading.trace_id
    assert set(pantry.bound["trace_ids"]) == {dull, other.trace_id}
    assert structlog.contextvars.get_contextvars() == {}


async def test_a_parked_event_keeps_its_trace(town: Town) -> None:
    shop = Traced(town)
    _, trace = await shop.bake("poison")

    async def refuse(_handlers: Any, _event: Baked, _delivery: Delivery) -> None:
        raise InvariantBroken

    await shop.deliver(shop.a_consumer(run=refuse), attempts=ATTEMPTS_MAX)
    shop.collected.kept.clear()
    assert await shop.a_consumer(run=store_arrival).replay() == 1
    assert shop.collected.named("cellar bakery.baked").trace_id == trace


async def test_an_event_without_a_trace_begins_one(town: Town) -> None:
    """As those that an earlier release wrote, or one without a collector."""
    shop = Traced(town)
    await town.bake(town.ids.uuid(1), "rye")
    await shop.deliver(shop.a_consumer(run=store_arrival))
    [span] = [one for one in shop.collected.spans if one.kind is Kind.CONSUMER]
    assert (span.parent_id, span.links) == ("", [])
    assert await town.arrivals() == ["rye"]


async def test_without_a_tracer_traces_are_passed_over(town: Town) -> None:
    shop = Traced(town)
    await shop.bake("rye")
    before = len(shop.collected.kept)
    leases = await town.bus.acquire([lease_name(n) for n in partitions_all()], owner="worker", ttl_s=10)
    await town.relay.publish_once(leases, ["bakery"])
    await town.a_consumer().consume_once(town.bus, set(partitions_all()))
    assert await town.arrivals() == ["rye"]
    assert len(shop.collected.kept) == before


async def test_a_stream_knows_under_which_trace_it_began(town: Town) -> None:
    shop = Traced(town)
    stream, trace = await shop.bake("rye")
    plain = town.ids.uuid(1)
    await town.bake(plain, "oat")
    async with town.bakery.read() as session:
        assert trace in await cause_of_stream(session, 1, stream)
        assert await cause_of_stream(session, 1, plain) == ""
        assert await cause_of_stream(session, 1, town.ids.uuid(1)) == ""


@pytest.mark.fast
async def test_outside_a_batch_each_event_is_the_present_spans() -> None:
    assert of_each(2) == ["", ""]


@pytest.mark.fast
@pytest.mark.parametrize(
    "meta",
    [
        b"{}",
        b'{"write":"abc"}',
        b'{"traceparent":1}',
        b'{"traceparent":',
        b"",
        b'{"traceparent":"","later":{"x":[1]}}',
    ],
)
async def test_metadata_of_any_release_is_read(meta: bytes) -> None:
    assert traceparent_in(meta) == ""


@pytest.mark.fast
async def test_rabbitmqs_message_carries_the_trace_inside_and_in_a_header() -> None:
    told = format_traceparent(tracing.Parent("f" * 32, "b7ad6b7169203331", True))
    envelope = Envelope(
        service="bakery",
        bucket=1,
        stream=UUID(int=1),
        version=1,
        type="bakery.baked",
        schema_version=1,
        body=b'{"bread":"rye"}',
        meta=b'{"traceparent":"%s"}' % told.encode(),
        at=datetime(2026, 1, 5, tzinfo=UTC),
    )
    message = event_message(envelope)
    assert message.headers == {"traceparent": told}
    assert read_message("event", message.body) == envelope
