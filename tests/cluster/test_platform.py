"""A platform of real processes: bought in by TLS, restarted and robbed of a replica under buyers, proven, stopped."""

from __future__ import annotations

import asyncio
import http.client
import subprocess
import sys
from collections.abc import Iterator

import msgspec
import pytest

from bench.chaos import Report, audit_of, run
from bench.platform import RunningPlatform, running_platform
from bench.provider_books import Books
from bench.shop import PASSWORD
from rialto.cluster.front import MAILS
from rialto.cluster.layout import HOST
from rialto.cluster.rabbitmq import BROKER
from rialto.cluster.sink_store import StoredSpan
from rialto.engines.processes import PidFile, wait_until
from tests.cluster.traced import EMAIL, Staff, buy_in_chromium, hangs_together, visit
from tests.e2e.windows import chromium_path
from tests.proxy.running import needs_nginx
from tests.support.prometheus import RunningPrometheus, needs_prometheus
from tests.support.rabbit import skip_without_rabbitmq

SECONDS = 12.0


@pytest.fixture(scope="module")
def platform() -> Iterator[RunningPlatform]:
    with running_platform(RIALTO_TRACE_PERCENT="100") as platform:
        yield platform


def bought(platform: RunningPlatform, *victims: str) -> Report:
    """What buyers met; whatever it was, none of their orders is lost and nobody was charged for another."""
    books = Books(platform.data)
    working = run(platform.layout, platform.data, seconds=SECONDS, victims=victims, password=PASSWORD)
    report = asyncio.run(working)
    judged = books.judge(report.placed)
    assert (report.lost, judged.twice, judged.for_nothing) == ([], (), ())
    return report


@needs_nginx
def test_every_process_is_well_and_says_who_it_is(platform: RunningPlatform) -> None:
    told = platform.rialto("status", "--json")
    rows = {row["name"]: row for row in msgspec.json.decode(told.stdout)}
    replicas = {replica.name for replica in platform.layout.replicas}
    assert len(replicas) == 8
    assert rows.keys() >= {*replicas, "nginx", "sandbox", "database", "documents", "replica"}
    assert {row["health"] for row in rows.values()} == {"ok"}
    assert told.returncode == 0
    assert all(rows[name]["version"] and rows[name]["memory"] for name in replicas)
    assert rows["replica"]["lag_bytes"] is not None
    assert rows["database"]["lag_bytes"] is None
    assert " s" in platform.rialto("status").stdout
    told = platform.rialto("cluster", "do", "--", "doctor")
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
    assert audit_of(platform.data) == 0


@needs_nginx
def test_a_killed_replica_of_the_database_costs_nothing_and_comes_back(platform: RunningPlatform) -> None:
    report = bought(platform, "replica")
    assert [victim for _, victim in report.killed] == ["replica"]
    assert report.placed
    assert (report.given_up, dict(report.look_errors)) == (0, {})

    def follows() -> bool:
        told = platform.rialto("status", "--json")
        [row] = [row for row in msgspec.json.decode(told.stdout) if row["name"] == "replica"]
        return bool(row["health"] == "ok" and row["lag_bytes"] is not None)

    assert wait_until(follows, 90.0)


@needs_nginx
def test_a_group_is_restarted_without_a_failed_request(platform: RunningPlatform) -> None:
    # What the test before has killed is back: of two replicas one may be away, not both.
    assert wait_until(lambda: platform.rialto("status").returncode == 0, 90.0)
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
def test_a_killed_broker_costs_nothing_and_everything_drains(platform: RunningPlatform) -> None:
    skip_without_rabbitmq()
    report = bought(platform, BROKER)
    assert [victim for _, victim in report.killed] == [BROKER]
    assert (len(report.placed) > 0, report.given_up, dict(report.look_errors)) == (True, 0, {})

    def all_is_told() -> bool:
        rows = msgspec.json.decode(platform.rialto("status", "--json").stdout)
        return not any(row["waiting"] for row in rows) and {row["health"] for row in rows} == {"ok"}

    assert wait_until(all_is_told, 120.0)
    assert audit_of(platform.data) == 0


@needs_nginx
def test_a_request_is_followed_over_the_processes_it_met(platform: RunningPlatform) -> None:
    assert platform.rialto("logs", "--data", str(platform.data), "--trace", "nobody").returncode == 1
    request_id = visit(platform.layout, platform.data)
    where = ("--data", str(platform.data), "--lines", "2000")

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
    told = platform.rialto("cluster", "start", "--port", "0")
    assert (told.returncode, "already runs" in told.stderr) == (1, True)
    assert platform.rialto("restart", "shed").returncode == 2


@needs_nginx
def test_operations_ports_take_the_platforms_own_only(platform: RunningPlatform) -> None:
    for replica in platform.layout.replicas:
        with pytest.raises((http.client.HTTPException, OSError)):
            _ask(http.client.HTTPConnection(HOST, replica.ops_port, timeout=5), "/metrics")
    door = platform.layout.more_ports[MAILS]
    assert _ask(http.client.HTTPConnection(HOST, door, timeout=5), "/mail.json") == 200
    assert _ask(http.client.HTTPConnection(HOST, door, timeout=5), "/metrics") == 404


def _ask(connection: http.client.HTTPConnection, path: str) -> int:
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()
