"""A worker that only counts: `python counting_worker.py FOLDER NUMBER`, told what to do line by line.

`count N` answers N requests, `resting N` finds the key-value server so, `waiting N` has N waiting for a connection, `text` prints what a scrape gets, as one JSON string.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from rialto.engines.shared_metrics import shared_metrics


def main(folder: Path, number: int) -> None:
    metrics = shared_metrics(folder, number)
    for line in sys.stdin:
        command, _, count = line.strip().partition(" ")
        answer = ""
        if command == "count":
            for _ in range(int(count)):
                metrics.requests.labels("/v1/carts", "GET", "200").inc()
                metrics.request_seconds.labels("/v1/carts").observe(0.002)
        elif command == "resting":
            metrics.key_values_resting.set(int(count))
        elif command == "waiting":
            metrics.saturation.pool_waiting.labels("orders").set(int(count))
            metrics.saturation.lag.set(int(count))
        else:
            answer = metrics.text().decode()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
