from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rialto.kernel.clock import Clock, LoopClock, ManualClock, SystemClock, rfc3339

pytestmark = [pytest.mark.fast, pytest.mark.anyio]


async def test_a_manual_clock_moves_only_when_told_to() -> None:
    clock = ManualClock()
    before = clock.now()
    await asyncio.sleep(0)
    assert (clock.now(), clock.monotonic()) == (before, 0.0)
    clock.advance(1.5)
    await clock.sleep(2)
    assert clock.now() - before == timedelta(seconds=3.5)
    assert clock.monotonic() == 3.5


@pytest.mark.parametrize("clock", [SystemClock(), LoopClock(datetime(2026, 1, 1, tzinfo=UTC)), ManualClock()])
async def test_every_clock_is_aware_and_never_goes_back(clock: Clock) -> None:
    first, earlier = clock.now(), clock.monotonic()
    await clock.sleep(0)
    assert first.utcoffset() == timedelta(0)
    assert clock.now() >= first
    assert clock.monotonic() >= earlier


def test_instants_are_printed_in_utc_with_milliseconds_when_there_are_any() -> None:
    assert rfc3339(datetime(2026, 1, 5, 9, tzinfo=UTC)) == "2026-01-05T09:00:00Z"
    assert rfc3339(datetime(2026, 1, 5, 9, 0, 0, 120_000, tzinfo=UTC)) == "2026-01-05T09:00:00.120Z"
    berlin = timezone(timedelta(hours=1))
    assert rfc3339(datetime(2026, 1, 5, 10, tzinfo=berlin)) == "2026-01-05T09:00:00Z"


@given(st.datetimes(timezones=st.just(UTC)))
def test_printed_instants_read_back_to_the_millisecond(at: datetime) -> None:
    back = datetime.fromisoformat(rfc3339(at))
    assert timedelta(0) <= at - back < timedelta(milliseconds=1)
