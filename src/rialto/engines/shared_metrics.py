"""Metrics of all workers of one machine in one answer: each counts in files of its own, whoever is asked adds them up.

The files are prometheus-client's. They outlive their process: what a worker counted before it was killed stays
counted, and the worker that takes its place (of the same number) goes on from there, so the number of files is
bounded and no sum ever falls. A new start of the whole shop begins at zero, which Prometheus knows from any restart.
"""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import CollectorRegistry, values
from prometheus_client.multiprocess import MultiProcessCollector

from rialto.kernel.telemetry import Metrics

# Room is taken at once: a mapped file that has to grow on a full disk kills its process. Labels are bounded, and
# a hundred routes fill a third of this.
_BYTES = {
    "counter": 1024 * 1024,
    "histogram": 1024 * 1024,
    **dict.fromkeys(("gauge_livemin", "gauge_max", "gauge_min", "gauge_mostrecent", "gauge_sum"), 64 * 1024),
}
_FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # how the library wants to be told


def metrics_folder(data: Path) -> Path:
    return data / "run" / "metrics"


def forget_metrics(folder: Path) -> None:
    """Begin at zero. Only while no worker runs."""
    for file in folder.glob("*.db"):
        file.unlink(missing_ok=True)


def shared_metrics(folder: Path, worker: int) -> Metrics:
    """Metrics of worker number `worker`, whose `text` is of all workers in the folder.

    Holds for the whole process: call it once, before any other metric is made. No two processes that live may
    have the same number. Raises OSError when there is no room for the files.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Underscores part the names of the files, and what stands behind the last one is the process's name.
    name = f"worker-{worker}"
    for kind, size in _BYTES.items():
        with (folder / f"{kind}_{name}.db").open("ab") as file:
            os.posix_fallocate(file.fileno(), 0, size)
    os.environ[_FOLDER_VARIABLE] = str(folder)
    values.ValueClass = values.MultiProcessValue(lambda: name)  # type: ignore[no-untyped-call]
    everybody = CollectorRegistry()
    MultiProcessCollector(everybody, str(folder))  # type: ignore[no-untyped-call]
    return Metrics(scraped=everybody)
