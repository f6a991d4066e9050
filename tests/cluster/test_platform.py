"""A platform of real processes: bought in by TLS, restarted and robbed of a replica under buyers, proven, stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from bench.chaos import Report, run
from rialto.cluster.layout import Layout, read_layout
from rialto.cluster.sink_store import StoredSpan
from rialto.engines.processes import PidFile, wait_until
from tests.cluster.traced import EMAIL, Staff, buy_in_chromium, hangs_together, visit
from tests.e2e.windows import chromium_path
from tests.proxy.running import needs_nginx
from tests.support.prometheus import RunningPrometheus, needs_prometheus

PASSWORD = "a platform of its own"
SECONDS = 12.0


@dataclass(frozen=True)
class RunningPlatform:
    data: Path
    process: subprocess.Popen[str]

    @property
    def layout(self) -> Layout:
        return read_layout(self.data)

    def rialto(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "rialto.cli", *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )


@pytest.fixture(scope="module")
def platform() -> Iterator[RunningPlatform]:
    # Not in pytest's own folder: as root the database is another user, to whom that is closed.
    with tempfile.TemporaryDirectory(prefix="rialto-platform-") as folder:
        Path(folder).chmod(0o755)
        yield from _running(Path(folder) / "data")


def _running(data: Path) -> Iterator[RunningPlatform]:
    command = ["-m", "rialto.cli", "cluster", "start", "--port", "0", "--data", str(data)]
    environment = {**os.environ, "RIALTO_ADMIN_PASSWORD": PASSWORD, "RIALTO_TRACE_PERCENT": "100"}
    with subprocess.Popen(
        [sys.executable, *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said: list[str] = []
        for line in process.stdout:
            said.append(line)
            if "Card" in line:
                break
        else:
            pytest.fail("".join(said))
        try:
            yield RunningPlatform(data, process)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)


def bought(platform: RunningPlatform, *victims: str) -> Report:
    working = run(platform.layout, platform.data, seconds=SECONDS, victims=victims, password=PASSWORD)
    return asyncio.run(working)


@needs_nginx
def test_every_process_is_well_and_says_who_it_is(platform: RunningPlatform) -> None:
    told = platform.rialto("status", "--json", "--data", str(platform.data))
    rows = {row["name"]: row for row in msgspec.json.decode(told.stdout)}
    replicas = {replica.name for replica in platform.layout.replicas}
    assert len(replicas) == 8
    assert rows.keys() >= {*replicas, "nginx", "sandbox", "database", "documents", "replica"}
    assert {row["health"] for row in rows.values()} == {"ok"}
    assert told.returncode == 0
    assert all(rows[name]["version"] and rows[name]["memory"] for name in replicas)
    assert rows["replica"]["lag_bytes"] is not None
    assert rows["database"]["lag_bytes"] is None
    assert " s" in platform.rialto("status", "--data", str(platform.data)).stdout
    told = platform.rialto("cluster", "do", "--data", str(platform.data), "--", "doctor")
    assert [line for line in told.stdout.splitlines() if "replica" in line and "follows" in line], told.stdout


@needs_nginx
@needs_prometheus
def test_prometheus_and_a_look_in_the_terminal_reach_every_replica(platform: RunningPlatform) -> None:
    replicas = {replica.name: replica.group for replica in platform.layout.replicas}
    prometheus = RunningPrometheus(platform.layout.engine_ports["prometheus"])

    def seen() -> dict[str, str]:
        found = prometheus.query('up{job=~"rialto-.*"} == 1')
        return {sample["metric"]["instance"]: sample["metric"]["group"] for sample in found}

    assert wait_until(lambda: seen() == replicas, 90.0), seen()
    look = platform.rialto("top", "--once", "--data", str(platform.data))
    assert look.returncode == 0, look.stderr
    assert {line.split()[0] for line in look.stdout.splitlines()[1:9]} == replicas.keys()
    assert "does not answer" not in look.stdout


@needs_nginx
def test_a_killed_replica_of_each_group_costs_no_order(platform: RunningPlatform) -> None:
    report = bought(platform, *(f"{group}-1" for group in platform.layout.groups))
    assert len(report.killed) == 4
    assert report.placed
    assert (report.given_up, dict(report.look_errors)) == (0, {})
    audit = platform.rialto("cluster", "do", "--data", str(platform.data), "--", "audit")
    assert audit.returncode == 0, audit.stdout
    assert "no finding" in audit.stdout


@needs_nginx
def test_a_killed_replica_of_the_database_costs_nothing_and_comes_back(platform: RunningPlatform) -> None:
    report = bought(platform, "replica")
    assert [victim for _, victim in report.killed] == ["replica"]
    assert report.placed
    assert (report.given_up, dict(report.look_errors)) == (0, {})

    def follows() -> bool:
        told = platform.rialto("status", "--json", "--data", str(platform.data))
        [row] = [row for row in msgspec.json.decode(told.stdout) if row["name"] == "replica"]
        return bool(row["health"] == "ok" and row["lag_bytes"] is not None)

    assert wait_until(follows, 90.0)


@needs_nginx
def test_a_group_is_restarted_without_a_failed_request(platform: RunningPlatform) -> None:
    # What the test before has killed is back: of two replicas one may be away, not both.
    assert wait_until(lambda: platform.rialto("status", "--data", str(platform.data)).returncode == 0, 90.0)
    before = {
        replica.name: PidFile(platform.data / "run" / f"{replica.name}.pid").load_alive()
        for replica in platform.layout.of_group("sell")
    }
    restart = subprocess.Popen(
        [sys.executable, "-m", "rialto.cli", "restart", "sell", "--data", str(platform.data)],
        stdout=subprocess.PIPE,
        text=True,
    )
    report = bought(platform)
    said, _ = restart.communicate(timeout=120)
    assert restart.returncode == 0, said
    assert report.placed
    assert (dict(report.repeated), dict(report.look_errors), report.given_up) == ({}, {}, 0)
    for name, process in before.items():
        after = PidFile(platform.data / "run" / f"{name}.pid").load_alive()
        assert after is not None
        assert after != process


@needs_nginx
def test_a_request_is_followed_over_the_processes_it_met(platform: RunningPlatform) -> None:
    assert platform.rialto("logs", "--data", str(platform.data), "--trace", "nobody").returncode == 1
    request_id = visit(platform.layout, platform.data)
    where = ("--data", str(platform.data), "--lines", "5")

    def told() -> str:
        return platform.rialto("logs", "--trace", request_id, *where).stdout

    assert wait_until(lambda: f"request_id={request_id}" in told(), 30.0)
    assert f"request_id={request_id}" in platform.rialto("logs", *where).stdout


@needs_nginx
@pytest.mark.skipif(
    chromium_path() is None, reason="Chromium is not installed (Debian: apt install chromium)"
)
def test_a_purchase_in_a_browser_is_one_trace_to_the_ledgers_entry(platform: RunningPlatform) -> None:
    where = ("--data", str(platform.data))
    purchase = buy_in_chromium(platform.layout)
    Staff(platform.layout, platform.data, PASSWORD).ship(purchase.order_id)
    spans: list[StoredSpan] = []

    def is_complete() -> bool:
        told = platform.rialto("traces", purchase.request_id, "--json", *where)
        spans[:] = msgspec.json.decode(told.stdout or "[]", type=list[StoredSpan])
        return {"ledger.book", "mail.send", "notifications orders.placed"} <= {span.name for span in spans}

    assert wait_until(is_complete, 60.0), [span.name for span in spans]
    # Under the id that stands in the proxy's log, over three groups, and no part is loose.
    assert {span.trace_id for span in spans} == {purchase.request_id}
    assert {span.service for span in spans} >= {"shop", "sell", "work"}
    assert hangs_together(spans)
    names = {span.name for span in spans}
    assert names >= {
        "orders.checkout",
        "inventory.reserve",
        "POST /v1/payment_intents",
        "publish orders.placed",
        "payments.capture",
    }
    assert [word for word in (EMAIL, "Lovelace", purchase.order_id) if word in repr(spans)] == []
    tree = platform.rialto("traces", purchase.request_id, *where)
    assert "ledger.book" in tree.stdout
    assert {f"{group}-{number}" for group in ("shop", "sell", "work") for number in (1, 2)} & set(
        tree.stdout.split()
    )
    logged = platform.rialto("logs", "--trace", purchase.request_id, *where)
    assert "access" in logged.stdout
    assert "method=POST" in logged.stdout


@needs_nginx
def test_a_second_one_in_the_same_folder_is_refused(platform: RunningPlatform) -> None:
    told = platform.rialto("cluster", "start", "--port", "0", "--data", str(platform.data))
    assert (told.returncode, "already runs" in told.stderr) == (1, True)
    assert platform.rialto("restart", "shed", "--data", str(platform.data)).returncode == 2
