"""The real processes: a worker (`rialto serve`) that may be told where to die, the sandbox provider, and a client's
and an operator's way with them. Nothing here waits for a fixed time: every wait looks again until it is so."""

from __future__ import annotations

import asyncio
import http.client
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from rialto.app import App
from rialto.identity.api import Identity, PutStaff
from rialto.identity.service import SERVICE as IDENTITY
from rialto.kernel.clock import SystemClock
from rialto.kernel.db import DatabaseAddress, connect
from rialto.kernel.faults import NoFaults
from rialto.kernel.ids import RandomIds
from tests.support.databases import SECRETS, in_database
from tests.support.provider import InProcessProvider, make_sandbox
from tests.support.surroundings import RecordingMail, engines_of
from tests.support.values import settings_in

WITHIN_S = 30.0
POLL_S = 0.03
STAFF = {"email": "staff@rialto.test", "password": "correct horse battery staple"}

_numbers = itertools.count(1)


class Disconnected(Exception):
    """No answer: the process is not there, or died before it had one."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any

    @property
    def code(self) -> str:
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""


@dataclass(kw_only=True)
class RealShop:
    """One shop: its database, its folder, at most one worker at a time."""

    postgres: DatabaseAddress
    folder: Path
    port: int
    ops_port: int
    sandbox_port: int
    database: str = ""
    worker: subprocess.Popen[bytes] | None = None
    _token: str | None = field(default=None)

    def start(self, crash_at: str | None = None) -> None:
        """A worker that answers. It dies by SIGKILL when it reaches `crash_at` (`point` or `point:visit`)."""
        assert self.worker is None
        log = (self.folder / "worker.log").open("ab")
        with log:
            self.worker = subprocess.Popen(
                [sys.executable, "-m", "rialto.cli", "serve"],
                env=self._environment(crash_at),
                stdout=log,
                stderr=log,
            )
        self.until(self._answers, "the worker answers")

    def is_dead(self) -> bool:
        """Whether the worker died of its fault; any other end is a failure."""
        assert self.worker is not None
        code = self.worker.poll()
        if code is None:
            return False
        assert code == -signal.SIGKILL, f"the worker ended with {code}: {self.log()}"
        self.worker = None
        return True

    def kill(self) -> None:
        if self.worker is not None:
            self.worker.kill()
            self.worker.wait()
            self.worker = None

    def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request of a client's. Raises Disconnected."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WITHIN_S)
        content = None if body is None else json.dumps(body)
        given = {} if content is None else {"content-type": "application/json"}
        try:
            connection.request(method, path, content, {**given, **(headers or {})})
            response = connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Disconnected from error
        finally:
            connection.close()
        return Answer(response.status, json.loads(text) if text else None)

    def staff(self, method: str, path: str, body: Any, key: str) -> Answer:
        """One request of a member of staff's. Raises Disconnected."""
        if self._token is None:
            self._token = self.call("POST", "/v1/auth/login", STAFF).body["access_token"]
        headers = {"authorization": f"Bearer {self._token}", "idempotency-key": key}
        return self.call(method, path, body, headers)

    def sql(self, *statements: str) -> list[Any]:
        """As the administrator; the rows of the last statement."""
        return asyncio.run(_sql(in_database(self.postgres, self.database), statements))

    def let_time_pass(self) -> None:
        """What waits for its time is due now: as if the clock had been moved ahead by an hour."""
        self.sql(
            "UPDATE orders.saga SET due_at = due_at - interval '1 hour'",
            "UPDATE bus.leases SET expires_at = expires_at - interval '1 hour'",
            "UPDATE bus.workers SET expires_at = expires_at - interval '1 hour'",
            "UPDATE notifications.mails SET next_attempt_at = next_attempt_at - interval '1 hour'",
        )

    def audit(self) -> tuple[int, str]:
        """`rialto audit`: its exit code and what it said."""
        command = [sys.executable, "-m", "rialto.cli", "audit"]
        done = subprocess.run(
            command, env=self._environment(None), capture_output=True, check=False, timeout=WITHIN_S
        )
        return done.returncode, (done.stdout + done.stderr).decode()

    def until(self, happened: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + WITHIN_S
        while not happened():
            assert time.monotonic() < end, f"not within {WITHIN_S:.0f} s: {what}\n{self.log()}"
            time.sleep(POLL_S)

    def log(self) -> str:
        return (self.folder / "worker.log").read_text(errors="replace")[-3000:]

    def _answers(self) -> bool:
        assert self.worker is not None
        if self.worker.poll() is not None:  # a fault in a loop may strike before the first request
            return True
        with suppress(Disconnected):
            return self.call("GET", "/health/live").status == 200
        return False

    def _environment(self, crash_at: str | None) -> dict[str, str]:
        address = self.postgres
        plain = {name: value for name, value in os.environ.items() if not name.startswith("RIALTO_")}
        return {
            **plain,
            "RIALTO_DATA": str(self.folder),
            "RIALTO_PORT": str(self.port),
            "RIALTO_OPS_PORT": str(self.ops_port),
            "RIALTO_SANDBOX_PORT": str(self.sandbox_port),
            "RIALTO_RATE_LIMIT": "0",
            "RIALTO_LOG": "error",
            "RIALTO_STRICT": "1",
            "RIALTO_DATABASE_URL": (
                f"postgresql://{address.user}:{address.password}@/{self.database}"
                f"?host={address.host}&port={address.port}"
            ),
            "RIALTO_CRASH_AT": crash_at or "",
        }


@contextmanager
def real_shop(postgres: DatabaseAddress) -> Iterator[RealShop]:
    """A shop's folder and ports; workers, databases and the provider with its books come and go."""
    with tempfile.TemporaryDirectory(prefix="rialto-crash-") as name:
        folder = Path(name)
        ports = _free_ports(3)
        shop = RealShop(
            postgres=postgres, folder=folder, port=ports[0], ops_port=ports[1], sandbox_port=ports[2]
        )
        _write_private(folder / "secrets.json", msgspec.json.encode(SECRETS))
        keys = {
            "publishable_key": SECRETS.sandbox_publishable_key,
            "secret_key": SECRETS.sandbox_secret_key,
            "webhook_secret": SECRETS.sandbox_webhook_secret,
        }
        _write_private(folder / "keys.json", msgspec.json.encode(keys))
        try:
            yield shop
        finally:
            shop.kill()


@contextmanager
def database_from(shop: RealShop, template: str) -> Iterator[None]:
    """A fresh database for one test, and a provider with new books: the audit compares the two.

    The worker that is left over at the end is killed.
    """
    name = f"crash_{next(_numbers)}"
    asyncio.run(_sql(shop.postgres, [f"CREATE DATABASE {name} TEMPLATE {template}"]))
    shop.database, shop._token = name, None
    with (shop.folder / "sandbox.log").open("ab") as log:
        sandbox = subprocess.Popen(_sandbox_command(shop, books=name), stdout=log, stderr=log)
    try:
        shop.until(lambda: _listens(shop.sandbox_port), "the sandbox answers")
        yield
    finally:
        shop.kill()
        sandbox.kill()
        sandbox.wait()
        asyncio.run(_sql(shop.postgres, [f"DROP DATABASE {name} WITH (FORCE)"]))


async def add_staff(address: DatabaseAddress) -> None:
    """The account of STAFF, with every permission."""
    clock = SystemClock()
    provider = InProcessProvider(make_sandbox(clock, random.Random(7)), clock, SECRETS)
    engines = engines_of(
        address,
        clock=clock,
        ids=RandomIds(clock, random.Random(7)),
        provider=provider,
        mail=RecordingMail(),
        faults=NoFaults(),
    )
    app = App(settings_in(), engines, (IDENTITY,))
    try:
        await app[Identity].put_staff(
            PutStaff(name="Staff", roles=["owner"], email=STAFF["email"], password=STAFF["password"])
        )
    finally:
        await app.close()


async def _sql(address: DatabaseAddress, statements: Any) -> list[Any]:
    connection = await connect(address)
    try:
        rows: list[Any] = []
        for statement in statements:
            rows = await connection.fetch(statement)
        return rows
    finally:
        await connection.close()


def _sandbox_command(shop: RealShop, *, books: str) -> list[str]:
    origin = f"http://127.0.0.1:{shop.port}"
    return [
        *(sys.executable, "-m", "rialto.sandbox", "--port", str(shop.sandbox_port)),
        *("--books", str(shop.folder / f"{books}.sqlite"), "--secret-file", str(shop.folder / "keys.json")),
        *("--shop-origin", origin, "--webhook-url", f"{origin}/v1/payments/webhooks/sandbox"),
        *("--slow-seconds", "1"),
    ]


def _write_private(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    try:
        for each in held:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()
