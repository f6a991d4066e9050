"""`python -m tests.simulation SEED …` replays histories; `A-B` is a range; `--trace` prints what happened.

Runs under PYTHONHASHSEED=0, since the order of Python's sets is part of a history. Prints one JSON report per
history with `--json`, for the test that runs many.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Iterator

import msgspec

from rialto.engines.embedded_postgres import throwaway_postgres
from rialto.kernel.db import DatabaseAddress, connect, parse_database_url
from tests.simulation.histories import Report, run_history
from tests.simulation.world import SERVICES
from tests.support.databases import in_database
from tests.support.shop import goods_template


def main() -> int:
    options = _parser().parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        os.execve(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]], environment)
    seeds = [seed for text in options.seeds for seed in _seeds(text)]
    if options.postgres:
        return _run(parse_database_url(options.postgres), seeds, options)
    with throwaway_postgres() as address:
        return _run(parse_database_url(address.url), seeds, options)


def _run(postgres: DatabaseAddress, seeds: list[int], options: argparse.Namespace) -> int:
    template = options.template or asyncio.run(goods_template(postgres, SERVICES))
    failed = 0
    for seed in seeds:
        began = time.monotonic()
        report = _one(postgres, template, seed, keep_trace=options.trace)
        failed += bool(report.findings)
        if options.json:
            print(msgspec.json.encode(report).decode(), flush=True)
            continue
        print("\n".join(report.trace) or "", end="\n" if report.trace else "")
        print(
            f"seed {seed}  {report.digest[:16]}  {report.virtual_s:.0f} virtual s in"
            f" {time.monotonic() - began:.1f} s  {report.counts}"
        )
        for finding in report.findings:
            print(f"  {finding}", flush=True)
    return 1 if failed else 0


def _one(postgres: DatabaseAddress, template: str, seed: int, *, keep_trace: bool) -> Report:
    name = f"history_{os.getpid()}"
    asyncio.run(_renew(postgres, name, template))
    try:
        return run_history(seed, in_database(postgres, name), keep_trace=keep_trace)
    finally:
        asyncio.run(_renew(postgres, name, None))


async def _renew(postgres: DatabaseAddress, name: str, template: str | None) -> None:
    connection = await connect(postgres)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        if template is not None:
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    finally:
        await connection.close()


def _seeds(text: str) -> Iterator[int]:
    first, _, last = text.partition("-")
    yield from range(int(first), int(last or first) + 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation", description="Replay simulated histories."
    )
    parser.add_argument("seeds", nargs="+", help="a seed, or A-B")
    parser.add_argument("--trace", action="store_true", help="print every step")
    parser.add_argument("--json", action="store_true", help="print reports as JSON lines")
    parser.add_argument("--postgres", help="the URL of a running throw-away server; one is started without")
    parser.add_argument("--template", help="a database there with GOODS in it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
