"""`rialto status` and `rialto logs`: what runs of a platform on this machine, and what its processes said."""

from __future__ import annotations

import argparse
import http.client
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from rialto.cli.cluster import add_data, data_folder
from rialto.cluster.layout import HOST, Layout, read_layout
from rialto.engines.processes import PidFile
from rialto.observability.reading import Reading, ask, rate

LOOKED_AT_FOR_S = 0.5
MB = 2**20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for programs")
    add_data(parser)


def add_log_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--trace", metavar="ID", help="only lines of the request with this id, over all processes"
    )
    parser.add_argument("--lines", type=int, default=200, help="at most so many, the newest; 200")
    add_data(parser)


def run(options: argparse.Namespace, out: Callable[[str], None]) -> int:
    """0 when everything runs and is well, 1 otherwise."""
    data = data_folder(options)
    layout = read_layout(data)
    rows = list(_rows(data, layout))
    if options.json:
        out(msgspec.json.encode(rows).decode())
    else:
        out(
            f"{'process':<14}{'pid':>8}  {'version':<9}{'health':<12}{'CPU':>6}{'memory':>9}"
            f"{'req/s':>9}{'waiting':>9}{'lag':>9}"
        )
        for row in rows:
            out(
                f"{row['name']:<14}{row['pid'] or '-':>8}  {row['version'] or '-':<9}{row['health']:<12}"
                f"{_percent(row['cpu']):>6}{_megabytes(row['memory']):>9}"
                f"{_rounded(row['requests']):>9}{_number(row['waiting']):>9}{_lag(row['lag']):>9}"
            )
    return 0 if all(row["health"] == "ok" for row in rows) else 1


def _rows(data: Path, layout: Layout) -> Iterator[dict[str, Any]]:
    """One per process. `cpu` is the share of one core over half a second, `waiting` events that no bus has yet.

    `requests` is answers per second over that time, `lag` the age of the oldest event waiting, in seconds.
    """
    ops = {replica.name: replica.ops_port for replica in layout.replicas}
    addresses = {name: f"{HOST}:{port}" for name, port in ops.items()}
    names = [*ops, "sandbox", "nginx", *layout.engine_ports]
    files = {name: data / "run" / f"{name}.pid" for name in names}
    files |= {
        "database": data / "run" / "postgres.pid",
        "documents": data / "documents" / "run" / "postgres.pid",
    }
    pids = {
        name: process.pid if (process := PidFile(file).load_alive()) else None for name, file in files.items()
    }
    earlier = dict(zip(addresses, ask(list(addresses.values()), time.monotonic), strict=True))
    before = {name: _cpu_s(pid) for name, pid in pids.items()}
    time.sleep(LOOKED_AT_FOR_S)
    used = {name: _cpu_s(pid) for name, pid in pids.items()}
    later = dict(zip(addresses, ask(list(addresses.values()), time.monotonic), strict=True))
    for name, pid in pids.items():
        details = _details(ops[name]) if name in ops and pid else {}
        after = used[name]
        known = before[name] is not None and after is not None
        yield {
            "name": name,
            "pid": pid,
            "version": details.get("version"),
            "health": "gone" if pid is None else details.get("status", "no answer") if name in ops else "ok",
            "cpu": (after - before[name]) / LOOKED_AT_FOR_S if known else None,  # type: ignore[operator]
            "memory": _memory(pid),
            "waiting": sum(details["outbox_waiting"].values()) if "outbox_waiting" in details else None,
            "requests": _requests(earlier.get(name), later.get(name)),
            "lag": _oldest(later.get(name)),
        }


def _requests(before: Reading | None, after: Reading | None) -> float | None:
    """Answers to the public per second, kept pages among them; what other processes ask shows in the CPU."""
    if before is None or after is None:
        return None
    parts = (
        rate(before, after, "rialto_requests_total"),
        rate(before, after, "rialto_cached_answers_total", outcome="hit"),
    )
    return sum(part or 0.0 for part in parts)


def _oldest(reading: Reading | None) -> float | None:
    """Seconds; of all services in that process."""
    ages = [] if reading is None else [age for _, age in reading.values("rialto_outbox_oldest_seconds")]
    return max(ages, default=None)


def _details(port: int) -> dict[str, Any]:
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/health/details")
        told: dict[str, Any] = msgspec.json.decode(connection.getresponse().read())
    except (OSError, http.client.HTTPException, msgspec.MsgspecError):
        return {}
    finally:
        connection.close()
    return told


def _cpu_s(pid: int | None) -> float | None:
    """CPU time of a process so far, without its children's."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(pid: int | None) -> int | None:
    """Bytes that are the process's own share (its proportional set size)."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), None)


def logs(options: argparse.Namespace, out: Callable[[str], None]) -> int:
    """Lines of all processes in the order of their times; 1 when there are none."""
    data = data_folder(options)
    read_layout(data)
    found = sorted(_lines(data, options.trace), key=lambda line: line[0])[-options.lines :]
    for at, name, text in found:
        out(f"{at}  {name:<12}  {text}")
    return 0 if found else 1


def _lines(data: Path, trace: str | None) -> Iterator[tuple[str, str, str]]:
    """(time, process, what was said) of every line that is a JSON object."""
    files: Iterable[Path] = [*sorted((data / "logs").glob("*.log")), *sorted((data / "front").rglob("*.log"))]
    for file in files:
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            if trace is not None and trace not in line:
                continue
            try:
                said = msgspec.json.decode(line)
            except msgspec.MsgspecError:
                continue
            if isinstance(said, dict) and (trace is None or said.get("request_id") == trace):
                at = str(said.pop("timestamp", None) or said.pop("time", ""))
                yield at, file.stem, " ".join(f"{key}={value}" for key, value in said.items())


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share * 100:.0f} %"


def _megabytes(count: int | None) -> str:
    return "-" if count is None else f"{count // MB} MB"


def _number(count: int | None) -> str:
    return "-" if count is None else str(count)


def _rounded(count: float | None) -> str:
    return "-" if count is None else f"{count:.1f}"


def _lag(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.1f} s"
