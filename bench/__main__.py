"""`make bench`: a few lines, most beside a limit or a public figure, and what starting costs."""

from __future__ import annotations

import os
import platform
import sys

from bench import calls, large, orders, purchases, reads, reporting, topologies, tracing
from bench.judged import ranking
from bench.machine import memory_mb
from bench.shop import running_shop

# Completed orders per second of peers on a 2-core machine with fsync on, as measured for the project's design.
PEERS = "Oscar 10.7, Vendure 9.1, Saleor 2.0, Medusa 1.6 orders/s"


def main() -> int:
    """Run the named questions (ranking, reads, orders, purchases, reporting, tracing, calls, topologies, large), or all but the
    last four; a number is the last one's size."""
    sizes = [int(word) for word in sys.argv[1:] if word.isdecimal()]
    asked = {word for word in sys.argv[1:] if not word.isdecimal()} or {
        "ranking",
        "reads",
        "orders",
        "purchases",
        "reporting",
    }
    load = os.getloadavg()[0]
    print(
        f"{os.cpu_count()} cores, Python {platform.python_version()}, load {load:.1f} at the start",
        flush=True,
    )
    if "ranking" in asked:
        print(ranking.measure(), flush=True)
    # Each of these brings what it needs.
    for name, lines in (
        ("orders", orders.measure),
        ("calls", calls.measure),
        ("topologies", topologies.measure),
        ("reporting", reporting.measure),
        ("tracing", tracing.measure),
    ):
        if name in asked:
            for line in lines():
                print(line, flush=True)
    if asked & {"reads", "purchases", "large"}:
        with running_shop() as shop:
            print(
                f"start              first {shop.first_start_s:.1f} s, warm {shop.warm_start_s:.1f} s; "
                f"memory of all processes {memory_mb(shop.pids()):.0f} MB",
                flush=True,
            )
            if "reads" in asked:
                print(reads.measure(shop), flush=True)
            if "purchases" in asked:
                print(purchases.measure(shop), flush=True)
                print(f"                   beside {PEERS}", flush=True)
            if "large" in asked:
                for line in large.measure(shop, *sizes):
                    print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
