"""The broker that a platform runs for itself: a node of its own that nobody else gets into, and nothing left of it afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import aio_pika
import pytest
from aiormq.exceptions import AMQPConnectionError

from rialto.cluster.engines import Engine, listens
from rialto.cluster.rabbitmq import BROKER, REGISTRY, NodePlace, broker, place_in
from rialto.engines.processes import PidFile, identify, is_alive, wait_until
from rialto.engines.supervisor import Child, Supervisor
from tests.support.rabbit import free_port, skip_without_rabbitmq

pytestmark = pytest.mark.anyio

ENDS_WITHIN_S = 30.0


def a_place(data: Path) -> NodePlace:
    return place_in(data, {BROKER: free_port(), REGISTRY: free_port()}, free_port())


def parts(place: NodePlace, password: str) -> tuple[Engine, Engine]:
    return broker(place, path=os.environ["PATH"], cookie="a cookie", password=password)


def child(engine: Engine, data: Path) -> Child:
    environment = {"PATH": os.environ["PATH"], **engine.environment}
    return Child(engine.name, engine.command, env=environment, data=data, grace_s=engine.grace_s)


def start(supervisor: Supervisor, data: Path, engines: tuple[Engine, ...]) -> None:
    for engine in engines:
        engine.prepare()
        supervisor.start([child(engine, data)], ready=engine.answers)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    skip_without_rabbitmq()
    (tmp_path / "run").mkdir()
    return tmp_path


@pytest.fixture
def supervisor(data: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(data, lambda _line: None)
    yield supervisor
    supervisor.stop()


def pids_of(data: Path) -> list[int]:
    """What runs with this folder in its command line or environment."""
    told = str(data).encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if told in (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except (OSError, ValueError):
            continue
    return [pid for pid in found if pid != os.getpid()]


async def test_its_user_gets_in_and_nobody_else_and_what_it_keeps_outlasts_a_start(
    data: Path, supervisor: Supervisor
) -> None:
    place = a_place(data)
    start(supervisor, data, parts(place, "first"))
    connection = await aio_pika.connect(parts(place, "first")[1].settings["RIALTO_BUS_URL"])
    channel = await connection.channel()
    queue = await channel.declare_queue("kept", durable=True, arguments={"x-queue-type": "quorum"})
    await channel.default_exchange.publish(aio_pika.Message(b"a fact"), "kept")
    await connection.close()
    assert queue.name == "kept"
    with pytest.raises(AMQPConnectionError):
        await aio_pika.connect(f"amqp://guest:guest@127.0.0.1:{place.port}/")
    private = ("home/.erlang.cookie", "rabbitmq.conf", "definitions.json")
    assert {(place.folder / name).stat().st_mode & 0o777 for name in private} == {0o600}
    assert "first" not in (place.folder / "definitions.json").read_text()
    supervisor.stop()

    again = a_place(data)
    start(supervisor, data, parts(again, "second"))
    with pytest.raises(AMQPConnectionError):
        await aio_pika.connect(f"amqp://rialto:first@127.0.0.1:{again.port}/")
    connection = await aio_pika.connect(parts(again, "second")[1].settings["RIALTO_BUS_URL"])
    channel = await connection.channel()
    got = await (await channel.get_queue("kept")).get(timeout=20)
    assert got is not None
    assert got.body == b"a fact"
    await connection.close()
    supervisor.stop()
    assert pids_of(data) == []


# A supervisor that is killed tells nobody: the kernel ends what it started, and what is left is found by its notes.
_KILLED = """
import sys, time
from pathlib import Path
from tests.cluster.test_rabbitmq import a_place, parts, start
from rialto.engines.supervisor import Supervisor
data = Path(sys.argv[1])
place = a_place(data)
start(Supervisor(data, print), data, parts(place, "secret"))
print(place.port, place.registry_port, flush=True)
time.sleep(600)
"""


def test_after_a_killed_supervisor_nothing_is_left(data: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(data)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline().split()
        process.kill()
    ports = [int(word) for word in said]
    assert len(ports) == 2
    assert wait_until(lambda: not any(map(listens, ports)) and not pids_of(data), ENDS_WITHIN_S)


def test_one_that_survived_its_supervisor_is_ended_by_the_next(data: Path) -> None:
    engines = parts(a_place(data), "secret")
    left = []
    for engine in engines:
        engine.prepare()
        # Not as the supervisor starts it: so it outlives everybody.
        process = subprocess.Popen(
            engine.command,
            env={"PATH": os.environ["PATH"], **engine.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        left.append(process)
        identity = identify(process.pid)
        assert identity is not None
        PidFile(data / "run" / f"{engine.name}.pid").write(identity)
        assert wait_until(engine.answers, 120.0)
    noted = [PidFile(data / "run" / f"{engine.name}.pid").load_alive() for engine in engines]
    Supervisor(data, lambda _line: None).end_leftovers()
    assert [one is not None and is_alive(one) for one in noted] == [False, False]
    for process in left:
        process.wait()
    assert pids_of(data) == []
