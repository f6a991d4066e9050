"""The live state as text: a line per process, and what is of the whole shop. Pure; `rialto top` shows it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rialto.observability.reading import Reading, quantile, rate
from rialto.observability.scraping import Target

MB = 2**20
RED, BOLD, PLAIN = "\x1b[31m", "\x1b[1m", "\x1b[0m"
HEAD = (
    f"{'process':<16}{'version':<7}{'CPU':>5}{'memory':>8}{'req/s':>8}{'err/s':>7}{'p99':>8}"
    f"{'ops/s':>8}{'now':>5}{'pool':>7}"
)

Look = Mapping[str, Reading | None]


@dataclass(frozen=True, kw_only=True)
class Line:
    """`bad`: it wants attention."""

    text: str
    bad: bool = False
    bold: bool = False


def overview(targets: Sequence[Target], before: Look, after: Look) -> list[Line]:
    """`before` and `after` are two looks by a target's address; None: it did not answer."""
    processes = [
        _process(target, before.get(target.address), after.get(target.address)) for target in targets
    ]
    return [Line(text=HEAD, bold=True), *processes, Line(text=""), *_shop(before, after)]


def painted(lines: Iterable[Line], *, columns: int, rows: int, colours: bool) -> list[str]:
    """What fits, each line at most `columns` wide. Attention is red, or where there are no colours marked by `!`."""
    shown = []
    for line in list(lines)[:rows]:
        text = line.text[:columns]
        if colours and (line.bad or line.bold):
            text = f"{RED if line.bad else BOLD}{text}{PLAIN}"
        elif line.bad:
            text = f"{text[: columns - 2]} !"
        shown.append(text)
    return shown


def _process(target: Target, before: Reading | None, after: Reading | None) -> Line:
    name = target.name or target.address
    if after is None:
        return Line(text=f"{name[:15]:<16}does not answer", bad=True)
    version = next((labels["version"] for labels, _ in after.values("rialto_build_info")), "-")
    answers = _sum(
        rate(before, after, "rialto_requests_total"),
        rate(before, after, "rialto_cached_answers_total", outcome="hit"),
    )
    errors = rate(before, after, "rialto_requests_total", status="5*")
    # Nothing but good answers yet, or none at all: no failure either way.
    errors = 0.0 if errors is None and before is not None else errors
    waiting = after.total("rialto_pool_waiting") or 0
    cells = (
        f"{name[:15]:<16}{version[:6]:<7}"
        f"{_percent(rate(before, after, 'rialto_process_cpu_seconds_total')):>5}"
        f"{_megabytes(after.total('rialto_process_resident_bytes')):>8}"
        f"{_number(answers):>8}{_number(errors):>7}"
        f"{_seconds(quantile(before, after, 'rialto_request_seconds', 0.99)):>8}"
        f"{_number(rate(before, after, 'rialto_operations_total')):>8}"
        f"{_whole(after.total('rialto_requests_in_flight')):>5}"
        f"{_pool(after):>7}"
    )
    return Line(text=cells, bad=bool(errors) or waiting > 0)


def _shop(before: Look, after: Look) -> list[Line]:
    """What every process reads from the same database is told once, as the highest; what each counts is added up."""
    found = [reading for reading in after.values() if reading is not None]
    orders = _sum(
        *(
            rate(before.get(address), reading, "rialto_events_published_total", type="orders.placed")
            for address, reading in after.items()
        )
    )
    waiting, oldest = (
        _highest(found, "rialto_outbox_waiting"),
        _highest(found, "rialto_outbox_oldest_seconds"),
    )
    unfinished = _highest(found, "rialto_orders_unfinished")
    slowest = _highest(found, "rialto_orders_unfinished_oldest_seconds")
    letters = _highest(found, "rialto_dead_letters")
    mails = _highest(found, "rialto_mails_waiting")
    breakers = sorted(
        {
            labels["to"]
            for reading in found
            for labels, state in reading.values("rialto_breaker_state")
            if state > 0
        }
    )
    age, wait = max(oldest.values(), default=0.0), max(slowest.values(), default=0.0)
    parked = sum(letters.values())
    # An order nobody pays any more ends within a quarter of an hour: what is older does not move.
    return [
        Line(text=f"orders a minute   {_number(None if orders is None else orders * 60)}"),
        Line(text=f"outboxes          {_all_of(waiting)} waiting, the oldest {_seconds(age)}", bad=age > 60),
        Line(
            text=f"orders on their way  {_all_of(unfinished)}, without a step for {_seconds(wait)} at most",
            bad=wait > 1200,
        ),
        Line(text=f"parked events     {_all_of(letters)}", bad=parked > 0),
        Line(text=f"mails to be sent  {_all_of(mails)}"),
        Line(text=f"breakers open     {', '.join(breakers) or 'none'}", bad=bool(breakers)),
    ]


def _highest(found: Iterable[Reading], name: str) -> dict[str, float]:
    """By its labels, over all processes."""
    highest: dict[str, float] = {}
    for reading in found:
        for labels, value in reading.values(name):
            key = " ".join(labels.values())
            highest[key] = max(value, highest.get(key, value))
    return highest


def _sum(*parts: float | None) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


def _pool(reading: Reading) -> str:
    used, limit = reading.total("rialto_pool_in_use"), reading.total("rialto_pool_limit")
    return "-" if used is None or limit is None else f"{used:.0f}/{limit:.0f}"


def _all_of(values: Mapping[str, float]) -> str:
    return f"{sum(values.values()):.0f}" if values else "-"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share * 100:.0f}%"


def _megabytes(count: float | None) -> str:
    return "-" if count is None else f"{count / MB:.0f}M"


def _number(count: float | None) -> str:
    if count is None:
        return "-"
    return f"{count:.1f}" if count < 1000 else f"{count:.0f}"


def _whole(count: float | None) -> str:
    return "-" if count is None else f"{count:.0f}"


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    if math.isinf(seconds):
        return ">10 s"
    return (
        f"{seconds * 1000:g} ms"
        if seconds < 1
        else f"{seconds:.0f} s"
        if seconds >= 10
        else f"{seconds:.1f} s"
    )
