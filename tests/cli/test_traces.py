"""`rialto traces` and `rialto logs --trace`: what is printed of what the platform's sink and its logs hold."""

from __future__ import annotations

import argparse
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from rialto.cli import status, traces
from rialto.cluster.engines import SINK
from rialto.cluster.layout import Layout, Replica, write_layout
from rialto.cluster.sink import Sink
from rialto.kernel.threads import in_thread
from tests.cluster.test_sink import TRACE, Desk
from tests.engines.test_otlp_traces import serving

pytestmark = [pytest.mark.anyio, pytest.mark.fast]

OTHER = "f" * 32


def a_layout(data: Path, engine_ports: dict[str, int]) -> None:
    replica = Replica(name="sell-1", group="sell", port=8000, ops_port=8001)
    layout = Layout(
        topology="groups",
        replicas=(replica,),
        port=8443,
        plain_port=8080,
        sandbox_port=8010,
        engine_ports=engine_ports,
    )
    write_layout(data, layout)


class Terminal:
    """The commands in a platform's folder, with what they print."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self.lines: list[str] = []

    async def run(self, *words: str) -> int:
        self.lines.clear()
        return await in_thread(self._run, words)

    def _run(self, words: tuple[str, ...]) -> int:
        parser = argparse.ArgumentParser()
        logs = words[0] == "logs"
        (status.add_log_arguments if logs else traces.add_arguments)(parser)
        options = parser.parse_args([*words[1:], "--data", str(self._data)])
        return (status.logs if logs else traces.run)(options, self.lines.append)


@pytest.fixture
async def terminal(tmp_path: Path) -> AsyncIterator[tuple[Terminal, Desk]]:
    desk = Desk(tmp_path)
    async with serving(Sink(desk.store).application()) as url:
        a_layout(tmp_path, {SINK: int(url.rpartition(":")[2])})
        yield Terminal(tmp_path), desk


async def test_a_trace_is_shown_as_a_tree(terminal: tuple[Terminal, Desk]) -> None:
    command, desk = terminal
    ms = 1_000_000
    now = desk.now_ns
    desk.store.add(
        [
            desk.a_span(1, name="POST /v1/checkout", began_ns=now, ended_ns=now + 20 * ms),
            desk.a_span(
                2, parent_id=f"{1:016x}", name="orders.checkout", began_ns=now + ms, ended_ns=now + 19 * ms
            ),
            desk.a_span(
                3,
                parent_id=f"{2:016x}",
                name="payments.authorise",
                began_ns=now + 2 * ms,
                error="unavailable",
            ),
            desk.a_span(
                4,
                parent_id=f"{9:016x}",
                name="mail.send",
                service="work",
                process="host:9:1",
                began_ns=now + 900 * ms,
                ended_ns=now + 905 * ms,
            ),
        ]
    )
    assert await command.run("traces", TRACE) == 0
    assert [line.rstrip() for line in command.lines] == [
        "     after      took  process      span",
        "    0.0 ms   20.0 ms  sell-1       POST /v1/checkout",
        "    1.0 ms   18.0 ms  sell-1         orders.checkout",
        "    2.0 ms    3.0 ms  sell-1           payments.authorise  FAILED unavailable",
        "  900.0 ms    5.0 ms  work         mail.send",
    ]
    assert await command.run("traces", TRACE, "--json") == 0
    assert next(span["name"] for span in json.loads(command.lines[0])) == "POST /v1/checkout"


async def test_spans_that_name_each_other_as_parents_do_not_go_round(terminal: tuple[Terminal, Desk]) -> None:
    command, desk = terminal
    desk.store.add(
        [desk.a_span(1, parent_id=f"{2:016x}"), desk.a_span(2, parent_id=f"{1:016x}"), desk.a_span(3)]
    )
    assert await command.run("traces", TRACE) == 0
    assert len(command.lines) == 2


async def test_traces_are_listed(terminal: tuple[Terminal, Desk]) -> None:
    command, desk = terminal
    assert await command.run("traces") == 1
    desk.store.add(
        [
            desk.a_span(1, name="GET /slow", ended_ns=desk.now_ns + 3_000_000_000),
            desk.a_span(2, trace_id=OTHER, name="GET /failed", error="503"),
        ]
    )
    assert await command.run("traces") == 0
    assert [line.split()[-1] for line in command.lines] == ["name", "/failed", "/slow"]
    assert await command.run("traces", "--slow") == 0
    assert len(command.lines) == 2
    assert TRACE in command.lines[1]
    assert await command.run("traces", "--errors", "--lines", "5") == 0
    assert OTHER in command.lines[1]
    assert await command.run("traces", "--slow", "9000") == 1


@pytest.mark.parametrize("trace_id", [OTHER, "nonsense", "../health", "a b"])
async def test_a_trace_that_is_not_kept_is_said_to_be_so(
    terminal: tuple[Terminal, Desk], trace_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await terminal[0].run("traces", trace_id) == 1
    assert "not sampled" in capsys.readouterr().err


async def test_a_platform_without_a_sink_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a_layout(tmp_path, {})
    assert await Terminal(tmp_path).run("traces") == 1
    assert "keeps no traces" in capsys.readouterr().err


async def test_a_sink_that_is_away_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a_layout(tmp_path, {SINK: 1})
    assert await Terminal(tmp_path).run("traces") == 1
    assert "does not answer" in capsys.readouterr().err


def write_log(data: Path, name: str, *lines: dict[str, Any] | str) -> None:
    file = data / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))


async def test_lines_of_one_trace_are_found_in_all_logs_and_in_order(tmp_path: Path) -> None:
    a_layout(tmp_path, {})
    write_log(
        tmp_path,
        "front/access.log",
        {"at": "2026-11-30T22:00:01+01:00", "request_id": TRACE, "path": "/v1/checkout"},
        {"at": "2026-11-30T22:00:01+01:00", "request_id": OTHER},
    )
    write_log(
        tmp_path,
        "logs/sell-1.log",
        "no JSON: " + TRACE,
        {
            "timestamp": "2026-11-30T21:00:01.500000Z",
            "request_id": TRACE,
            "trace_id": TRACE,
            "event": "placed",
        },
    )
    write_log(
        tmp_path,
        "logs/work-1.log",
        {"timestamp": "2026-11-30T21:00:03.1Z", "trace_id": OTHER, "trace_ids": [TRACE], "event": "together"},
        {"timestamp": "2026-11-30T21:00:02.1Z", "trace_id": TRACE, "event": "reaction failed"},
        {"timestamp": "2026-11-30T21:00:02.2Z", "event": f"about {TRACE}"},
    )
    command = Terminal(tmp_path)
    assert await command.run("logs", "--trace", TRACE) == 0
    assert [line.split()[1] for line in command.lines] == ["access", "sell-1", "work-1", "work-1"]
    assert ["placed" in command.lines[1], "failed" in command.lines[2], "together" in command.lines[3]] == [
        True
    ] * 3
    assert await command.run("logs", "--trace", "0" * 31) == 1
