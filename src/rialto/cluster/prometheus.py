"""Prometheus beside a platform on one machine: it asks every replica, with the shop's rules."""

from __future__ import annotations

from pathlib import Path

from rialto.cluster.engines import Engine, listens
from rialto.cluster.inner_tls import ensure_inner_files
from rialto.cluster.layout import HOST, Layout
from rialto.kernel.clock import Clock
from rialto.observability.rules import render_rules
from rialto.observability.scraping import RULES_FILE, Target, render_scraping

NAME = "prometheus"
# A folder of somebody who forgets it: whichever is reached first.
KEPT_FOR, KEPT_BYTES = "15d", "1GB"


def prometheus(program: str, data: Path, layout: Layout, clock: Clock) -> Engine:
    """Keeps what it measured in the platform's folder. The shop knows nothing of it."""
    port = layout.engine_ports[NAME]
    folder = data / NAME
    configuration = folder / "prometheus.yml"
    targets = [
        Target(address=f"{HOST}:{replica.ops_port}", group=replica.group, name=replica.name)
        for replica in layout.replicas
    ]

    def prepare() -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        # Made before the replicas need it: a file that is not there at its start is never asked for again.
        files = ensure_inner_files(data, layout, clock)
        configuration.write_text(render_scraping(targets, tls=files), encoding="utf-8")
        (folder / RULES_FILE).write_text(render_rules(), encoding="utf-8")

    return Engine(
        name=NAME,
        title="Prometheus",
        command=(
            program,
            f"--config.file={configuration}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--storage.tsdb.retention.time={KEPT_FOR}",
            f"--storage.tsdb.retention.size={KEPT_BYTES}",
            f"--web.listen-address={HOST}:{port}",
        ),
        settings={},
        prepare=prepare,
        answers=lambda: listens(port),
    )


def told_of(layout: Layout) -> str:
    """The sentence about it at a start."""
    if NAME not in layout.engine_ports:
        return "Prometheus is missing, so nothing is measured over time; install it (Debian: apt install prometheus)."
    return f"Prometheus will be at http://{HOST}:{layout.engine_ports[NAME]}"
