"""The supervisor as a real process: started, killed, refused and stopped. The shop in it is fake_shop.py."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from rialto.cli.preflight import answers_ready
from rialto.engines.processes import PidFile, ProcessIdentity, end_all, identify, is_alive, wait_until
from rialto.engines.shared_metrics import metrics_folder

pytestmark = pytest.mark.crash

FAKE_SHOP = Path(__file__).with_name("fake_shop.py")


@dataclass
class Shop:
    """One data folder and its settings; `start` may be called again after a kill."""

    data: Path
    ports: tuple[int, ...]
    database: bool = False
    serve_fails: bool = False
    workers: int = 2
    said: Path = field(init=False)

    def __post_init__(self) -> None:
        self.said = self.data.with_name("said.txt")

    def start(self) -> subprocess.Popen[str]:
        port, ops_port, sandbox_port = self.ports
        settings = {
            "data": str(self.data),
            "port": port,
            "ops_port": ops_port,
            "sandbox_port": sandbox_port,
            "database": self.database,
            "serve_fails": self.serve_fails,
            "workers": self.workers,
        }
        with self.said.open("w") as said:
            return subprocess.Popen(
                [sys.executable, str(FAKE_SHOP), "run", json.dumps(settings)],
                stdout=said,
                stderr=subprocess.PIPE,
                text=True,
            )

    def opened(self) -> subprocess.Popen[str]:
        supervisor = self.start()
        assert wait_until(lambda: self.has_said("The shop is open") or supervisor.poll() is not None, 30)
        assert supervisor.poll() is None, supervisor.communicate()
        return supervisor

    def has_said(self, text: str) -> bool:
        return text in self.said.read_text()

    def part(self, name: str) -> ProcessIdentity:
        found = PidFile(self.data / "run" / f"{name}.pid").load()
        assert found is not None
        return found

    def parts(self) -> list[ProcessIdentity]:
        noted = [PidFile(path).load() for path in (self.data / "run").glob("*.pid")]
        return [process for process in noted if process is not None]


@pytest.fixture
def shop() -> Iterator[Shop]:
    folder = Path(tempfile.mkdtemp(prefix="rialto-run-", dir="/tmp"))
    folder.chmod(0o755)  # the database's user must get in when root runs the tests
    with ExitStack() as taken:
        servers = [taken.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        ports = tuple(server.getsockname()[1] for server in servers)
    shop = Shop(folder / "data", ports)
    yield shop
    end_all(shop.parts(), grace_s=5)
    shutil.rmtree(folder)


@pytest.fixture
def started(shop: Shop) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts the shop; whatever still runs at the end is killed."""
    supervisors: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        supervisors.append(shop.opened())
        return supervisors[-1]

    yield start
    for supervisor in supervisors:
        supervisor.kill()
        supervisor.communicate()


def outcome(supervisor: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit code and the one sentence on stderr."""
    _, errors = supervisor.communicate(timeout=30)
    assert errors.count("\n") <= 1, errors
    return supervisor.returncode, errors.strip()


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_stops_everything_cleanly(
    shop: Shop, started: Callable[[], subprocess.Popen[str]], by: signal.Signals
) -> None:
    supervisor = started()
    parts = shop.parts()
    assert len(parts) == 3
    supervisor.send_signal(by)
    assert outcome(supervisor) == (0, "")
    assert not any(map(is_alive, parts))
    assert shop.parts() == []


def test_each_worker_knows_its_number_and_counts_of_the_last_start_are_gone(
    shop: Shop, started: Callable[[], subprocess.Popen[str]]
) -> None:
    kept = metrics_folder(shop.data) / "counter_worker-1.db"
    kept.parent.mkdir(parents=True)
    kept.touch()
    started()
    for number in (1, 2):
        command = Path(f"/proc/{shop.part(f'worker-{number}').pid}/cmdline").read_bytes()
        assert command.endswith(f"\0--worker\0{number}\0".encode())
    assert not kept.exists()


def test_second_instance_is_refused(shop: Shop, started: Callable[[], subprocess.Popen[str]]) -> None:
    first = started()
    code, sentence = outcome(replace(shop).start())
    assert code == 1
    assert f"already runs with the data folder {shop.data} (process {first.pid})" in sentence
    assert first.poll() is None


def test_busy_port_is_refused_before_anything_starts(shop: Shop) -> None:
    with socket.create_server(("127.0.0.1", shop.ports[0])):
        code, sentence = outcome(shop.start())
    assert (code, sentence) == (
        1,
        f"Port {shop.ports[0]} is in use by another program; set RIALTO_PORT to a free port.",
    )
    assert shop.parts() == []


@pytest.mark.parametrize("url", ["kafka://mq", "amqp://mq?lanes=99"])
def test_bus_address_that_cannot_be_is_refused_before_anything_starts(tmp_path: Path, url: str) -> None:
    environment = {**os.environ, "RIALTO_DATA": str(tmp_path / "data"), "RIALTO_BUS_URL": url}
    run = [sys.executable, "-m", "rialto.cli", "run"]
    refused = subprocess.run(run, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 2
    assert "RIALTO_BUS_URL must be" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_file_in_place_of_the_data_folder_is_refused(shop: Shop) -> None:
    shop.data.write_text("")
    code, sentence = outcome(shop.start())
    assert code == 2
    assert sentence.startswith(f"The data folder {shop.data} cannot be written")


def test_worker_that_cannot_start_stops_the_shop_with_its_last_words(shop: Shop) -> None:
    shop.serve_fails = True
    code, sentence = outcome(shop.start())
    assert code == 1
    assert "boom: no such table" in sentence
    assert shop.parts() == []


def test_killed_worker_is_replaced(shop: Shop, started: Callable[[], subprocess.Popen[str]]) -> None:
    started()
    first = shop.part("worker-1")
    os.kill(first.pid, signal.SIGKILL)
    assert wait_until(lambda: shop.part("worker-1") != first, 5)
    assert wait_until(lambda: answers_ready("127.0.0.1", shop.ports[0]), 5)


def test_worker_that_keeps_dying_stops_the_shop(
    shop: Shop, started: Callable[[], subprocess.Popen[str]]
) -> None:
    supervisor = started()

    def killed_to_the_end() -> bool:
        if (worker := PidFile(shop.data / "run" / "worker-1.pid").load_alive()) is not None:
            os.kill(worker.pid, signal.SIGKILL)
        return supervisor.poll() is not None

    assert wait_until(killed_to_the_end, 20)
    code, sentence = outcome(supervisor)
    assert code == 1
    assert "worker-1 ended 6 times" in sentence


def test_children_end_with_a_killed_supervisor(
    shop: Shop, started: Callable[[], subprocess.Popen[str]]
) -> None:
    supervisor = started()
    parts = shop.parts()
    supervisor.kill()
    assert wait_until(lambda: not any(map(is_alive, parts)), 5)
    started()


def test_leftover_of_an_earlier_start_is_stopped_and_a_reused_number_is_not(
    shop: Shop, started: Callable[[], subprocess.Popen[str]]
) -> None:
    (shop.data / "run").mkdir(parents=True)
    code = "import sys; sys.stdin.read()"
    with (
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as leftover,
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as stranger,
    ):
        ours, other = identify(leftover.pid), identify(stranger.pid)
        assert ours is not None
        assert other is not None
        PidFile(shop.data / "run" / "worker-7.pid").write(ours)
        PidFile(shop.data / "run" / "worker-8.pid").write(replace(other, started=other.started - 1))
        started()
        assert leftover.poll() == -signal.SIGTERM
        assert stranger.poll() is None
        assert not (shop.data / "run" / "worker-8.pid").exists()
        stranger.kill()


def test_database_of_a_killed_supervisor_is_adopted_and_stopped_with_the_next(
    shop: Shop, started: Callable[[], subprocess.Popen[str]]
) -> None:
    shop.database = True
    started().kill()
    database = shop.part("postgres")
    assert is_alive(database)
    second = started()
    assert shop.part("postgres") == database
    second.terminate()
    assert outcome(second) == (0, "")
    assert not is_alive(database)


def test_everything_killed_comes_back(shop: Shop, started: Callable[[], subprocess.Popen[str]]) -> None:
    shop.database = True
    supervisor = started()
    for pid in [supervisor.pid, *(part.pid for part in shop.parts())]:
        os.kill(pid, signal.SIGKILL)
    second = started()
    assert shop.has_said("recovering")
    second.terminate()
    assert outcome(second) == (0, "")


def test_killed_database_is_started_again(shop: Shop, started: Callable[[], subprocess.Popen[str]]) -> None:
    shop.database = True
    started()
    first = shop.part("postgres")
    os.kill(first.pid, signal.SIGKILL)
    assert wait_until(lambda: shop.has_said("The database is started again"), 15)
    assert shop.part("postgres") != first


def test_stop_while_the_database_is_being_made_leaves_nothing_running(shop: Shop) -> None:
    shop.database = True
    supervisor = shop.start()
    assert wait_until(lambda: shop.has_said("Creating the database"), 10)
    supervisor.terminate()
    assert outcome(supervisor) == (0, "")
    assert shop.parts() == []
