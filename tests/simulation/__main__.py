"""`python -m tests.simulation SEED …` replays histories; `A-B` is a range; `--trace` prints what happened.

Runs under PYTHONHASHSEED=0, since the order of Python's sets is part of a history. Prints one JSON report per
history with `--json`, for the test that runs many.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Iterator

import msgspec

from rialto.engines.embedded_postgres import throwaway_postgres
from rialto.kernel.db import parse_database_url
from tests.simulation.histories import Report, run_history
from tests.simulation.parts import BROKEN
from tests.simulation.stage import Stage, a_stage


def main() -> int:
    options = _parser().parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        os.execve(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]], environment)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the server ends with us
    seeds = [seed for text in options.seeds for seed in _seeds(text)]
    with throwaway_postgres() as address, a_stage(parse_database_url(address.url)) as stage:
        return _run(stage, seeds, options)


def _run(stage: Stage, seeds: list[int], options: argparse.Namespace) -> int:
    failed = False
    for name in options.broken or [""]:
        for seed in seeds:
            began = time.monotonic()
            report = run_history(stage, seed, broken=name, keep_trace=options.trace)
            if options.json:
                print(msgspec.json.encode(report).decode(), flush=True)
            else:
                print(_told(report, time.monotonic() - began), flush=True)
            failed |= bool(report.findings)
            if report.findings and options.stop:
                break
    return 1 if failed else 0


def _told(report: Report, real_s: float) -> str:
    head = f"seed {report.seed}  {report.digest[:16]}  {report.virtual_s:.0f} virtual s in {real_s:.1f} s"
    return "\n".join([*report.trace, f"{head}  {report.counts}", *(f"  {text}" for text in report.findings)])


def _seeds(text: str) -> Iterator[int]:
    first, _, last = text.partition("-")
    yield from range(int(first), int(last or first) + 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation", description="Replay simulated histories."
    )
    parser.add_argument("seeds", nargs="+", help="a seed, or A-B")
    parser.add_argument("--trace", action="store_true", help="print every step")
    parser.add_argument(
        "--stop", action="store_true", help="after the first history with a finding (of each broken part)"
    )
    parser.add_argument("--broken", choices=BROKEN, action="append", help="with this part broken on purpose")
    parser.add_argument("--json", action="store_true", help="print reports as JSON lines")
    return parser


if __name__ == "__main__":
    sys.exit(main())
