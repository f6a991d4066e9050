"""One history from its seed: buyers, staff and a merchant in a storm of faults; then calm; then the reckoning."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog

from rialto.kernel.service import Frozen
from tests.simulation.checks import check_everything, is_quiet
from tests.simulation.parts import BROKEN, Parts
from tests.simulation.people import Buyer, Staff, change_prices
from tests.simulation.stage import Stage
from tests.simulation.world import World
from tests.support.simulator import Trace, run_virtual

# Seeds beyond the fixed hundred that found a bug, run for ever.
KEPT_SEEDS: tuple[int, ...] = ()

LEAPS = 4
LEAP_S = 340.0
BREATHER_S = 4.5


class Report(Frozen):
    """What came of a history.

    `counts` says what happened to people, `reached` which points of `kernel.faults` were passed. `trace` is empty
    unless it was asked for.
    """

    seed: int
    broken: str
    digest: str
    findings: list[str]
    counts: dict[str, int]
    reached: dict[str, int]
    virtual_s: float
    trace: list[str] = []


def run_history(stage: Stage, seed: int, *, broken: str = "", keep_trace: bool = False) -> Report:
    """Run it on a stage made ready for it. The same seed gives the same digest, whatever was played before.

    `broken` names parts of BROKEN that are used instead of sound ones.
    """
    noise: list[str] = []
    stage.renew()
    with _listening(noise):
        parts = BROKEN[broken][0] if broken else Parts()
        world = World(stage, seed, Trace(stage.loop, keep=keep_trace), parts=parts)
        try:
            run_virtual(stage.loop, _history(world))
        except Exception as error:  # noqa: BLE001 - a history that breaks off is a finding, and the next one begins
            world.find("bug", f"the history broke off: {error!r}")
    for line in noise:
        world.find("bug", line)
    return Report(
        seed=seed,
        broken=broken,
        digest=world.trace.digest(),
        findings=world.findings,
        counts=dict(world.counts),
        reached=dict(world.reached),
        virtual_s=stage.loop.time(),
        trace=world.trace.lines,
    )


async def _history(world: World) -> None:
    await world.open()
    try:
        await _live(world)
    finally:
        await world.close()


async def _live(world: World) -> None:
    buyers = [Buyer(world, number) for number in range(world.draws("crowd").randint(3, 8))]
    shopping = [world.begin(buyer.run()) for buyer in buyers]
    staff = Staff(world)
    shift = world.begin(staff.run())
    world.begin(change_prices(world))
    await world.weather_the_storm()
    await asyncio.gather(*shopping)
    await asyncio.sleep(BREATHER_S)
    shift.cancel()
    for _ in range(LEAPS):
        # The machine sleeps for some minutes: deadlines pass, everybody is late at once.
        world.loop.leap(LEAP_S)
        await asyncio.sleep(BREATHER_S)
    for _ in range(30):
        if staff.is_done() and await is_quiet(world):
            break
        await asyncio.sleep(2.0)
    for buyer in buyers:
        await buyer.ask_again()
    staff.check_done()
    await check_everything(world)


@contextmanager
def _listening(noise: list[str]) -> Iterator[None]:
    """Logs are silent, but an exception that a loop survived is a bug that wants to be seen."""

    def hear(_logger: Any, method: str, event: MutableMapping[str, Any]) -> Any:
        if event.get("exc_info") or method in {"error", "exception", "critical"}:
            noise.append(f"{event.get('event')} {event.get('loop', '')} {sys.exc_info()[1]!r}")
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[hear], cache_logger_on_first_use=False)
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        structlog.configure(**before)
