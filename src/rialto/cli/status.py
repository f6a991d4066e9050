"""`rialto status` and `rialto logs`: what runs of a platform on this machine, and what its processes said."""

from __future__ import annotations

import argparse
import asyncio
import http.client
import os
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from rialto.cli.cluster import add_data, data_folder
from rialto.cluster.inner_tls import inner_files, watching_tls
from rialto.cluster.layout import HOST, Layout, read_environment, read_layout
from rialto.cluster.replica import NAME as REPLICA
from rialto.doctor.replicas import Lag, look_at
from rialto.engines.processes import PidFile
from rialto.kernel.db import parse_database_url
from rialto.kernel.errors import RialtoError
from rialto.observability.reading import Reading, ask, rate
from rialto.observability.scraping import Target

LOOKED_AT_FOR_S = 0.5
MB = 2**20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for programs")
    add_data(parser)


def add_log_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--trace", metavar="ID", help="only lines of the request or trace with this id, over all processes"
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
            f"{'process':<14}{'pid':>8}  {'version':<9}{'health':<12}{'CPU':>6}{'memory':>9}{'req/s':>8}"
            f"{'waiting':>9}{'oldest':>9}{'behind':>18}"
        )
        for row in rows:
            out(
                f"{row['name']:<14}{row['pid'] or '-':>8}  {row['version'] or '-':<9}{row['health']:<12}"
                f"{_percent(row['cpu']):>6}{_megabytes(row['memory']):>9}{_rounded(row['requests_per_s']):>8}"
                f"{_number(row['waiting']):>9}{_seconds(row['oldest_s']):>9}"
                f"{_behind(row['lag_bytes'], row['lag_s']):>18}"
            )
    return 0 if all(row["health"] == "ok" for row in rows) else 1


def _rows(data: Path, layout: Layout) -> Iterator[dict[str, Any]]:
    """One per process. `cpu` is the share of one core over half a second, `requests_per_s` answers in that time, `waiting` events
    that no bus has yet, `oldest_s` the age of the oldest of them, `lag_*` how far a replica of the database is behind it.
    """
    ops = {replica.name: replica.ops_port for replica in layout.replicas}
    tls = _tls(data)
    targets = {
        replica.name: Target(address=f"{HOST}:{replica.ops_port}", group=replica.group)
        for replica in layout.replicas
    }
    names = [*ops, "sandbox", "nginx", *layout.engine_ports]
    files = {name: data / "run" / f"{name}.pid" for name in names}
    files |= {
        "database": data / "run" / "postgres.pid",
        "documents": data / "documents" / "run" / "postgres.pid",
        REPLICA: data / REPLICA / "run" / "postgres.pid",
    }
    pids = {
        name: process.pid if (process := PidFile(file).load_alive()) else None for name, file in files.items()
    }
    earlier = _looked_at(targets, tls)
    before = {name: _cpu_s(pid) for name, pid in pids.items()}
    time.sleep(LOOKED_AT_FOR_S)
    used = {name: _cpu_s(pid) for name, pid in pids.items()}
    later = _looked_at(targets, tls)
    for name, pid in pids.items():
        details = _details(ops[name], tls) if name in ops and pid and tls else {}
        after = used[name]
        known = before[name] is not None and after is not None
        lag = _lag(data) if name == REPLICA and pid else None
        yield {
            "name": name,
            "pid": pid,
            "version": details.get("version"),
            "health": _health(pid, details if name in ops else None, behind=name == REPLICA, lag=lag),
            "cpu": (after - before[name]) / LOOKED_AT_FOR_S if known else None,  # type: ignore[operator]
            "memory": _memory(pid),
            "waiting": sum(details["outbox_waiting"].values()) if "outbox_waiting" in details else None,
            "requests_per_s": _requests(earlier.get(name), later.get(name)),
            "oldest_s": _oldest(later.get(name)),
            "lag_bytes": lag.bytes if lag else None,
            "lag_s": lag.seconds if lag else None,
        }


def _looked_at(targets: Mapping[str, Target], tls: ssl.SSLContext | None) -> Mapping[str, Reading | None]:
    """What each replica tells of itself, by its name."""
    return dict(zip(targets, ask(list(targets.values()), time.monotonic, tls), strict=True))


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
    """Of all services in that process."""
    ages = [] if reading is None else [age for _, age in reading.values("rialto_outbox_oldest_seconds")]
    return max(ages, default=None)


def _health(pid: int | None, details: dict[str, Any] | None, *, behind: bool, lag: Lag | None) -> str:
    if pid is None:
        return "gone"
    if details is not None:
        return str(details.get("status", "no answer"))
    if behind and lag is None:
        return "no answer"
    return "ok" if lag is None or lag.streams else "not following"


def _lag(data: Path) -> Lag | None:
    """How far the replica is behind; None when it or the database does not answer."""
    told = read_environment(data)
    try:
        addresses = [
            parse_database_url(told[name]) for name in ("RIALTO_DATABASE_URL", "RIALTO_DATABASE_REPLICAS")
        ]
        return asyncio.run(look_at(*addresses))
    except (KeyError, ValueError, RialtoError):
        return None


def _tls(data: Path) -> ssl.SSLContext | None:
    """By what the operations ports know who looks, as they know each other; None when that was never made."""
    return watching_tls(inner_files(data))


def _details(port: int, tls: ssl.SSLContext) -> dict[str, Any]:
    connection = http.client.HTTPSConnection(HOST, port, timeout=2, context=tls)
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
    found = sorted(_lines(data, options.trace), key=lambda line: _instant(line[0]))[-options.lines :]
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
            if isinstance(said, dict) and (trace is None or _is_of(said, trace)):
                at = str(said.pop("timestamp", None) or said.pop("time", None) or said.pop("at", ""))
                yield at, file.stem, " ".join(f"{key}={value}" for key, value in said.items())


def _instant(text: str) -> float:
    """The proxy writes whole seconds of its own time zone, we parts of them in UTC."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0


def _is_of(said: dict[str, Any], trace: str) -> bool:
    """A request's id is its trace's where nginx is in front; what takes in many events together names them all."""
    return trace in {said.get("request_id"), said.get("trace_id")} or trace in (said.get("trace_ids") or ())


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share * 100:.0f} %"


def _megabytes(count: int | None) -> str:
    return "-" if count is None else f"{count // MB} MB"


def _behind(count: int | None, seconds: float | None) -> str:
    if count is None:
        return "-"
    return f"{count} B" if seconds is None else f"{count} B, {seconds:.1f} s"


def _number(count: int | None) -> str:
    return "-" if count is None else str(count)


def _rounded(count: float | None) -> str:
    return "-" if count is None else f"{count:.1f}"


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.1f} s"
