"""The real shop for a browser: `rialto run` on free ports with a data folder that is gone afterwards.

Started as a person starts it, by its command and its environment. What staff and the owner of the machine can do
beside the browser (products, stock, mails, `rialto import`) is here too.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.e2e.cut_shop import TOPOLOGY, CutShop
from tests.support.outages import signal_server

T = TypeVar("T")

PASSWORD = "e2e-password-of-no-worth"
READY_S_MAX = 150
ADMIN = "admin@rialto.test"
TOKEN_USED_S = 240
DATABASE_S_MAX = 30


@dataclass(frozen=True)
class RunningShop:
    """`url` is where people buy, `ops` the port with the mail viewer, `sandbox` the payment provider."""

    url: str
    ops: str
    sandbox: str
    environment: Mapping[str, str]
    http: httpx.Client
    # How old a page may be that is the same for everybody: a proxy in front keeps them for two seconds, and shows what it
    # has for three more while it asks.
    kept_s: float = 1.0
    _token: list[tuple[float, str]] = field(default_factory=list)

    @property
    def origins(self) -> tuple[str, ...]:
        return (self.url, self.ops, self.sandbox)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A `rialto` command beside the running shop."""
        line = [sys.executable, "-m", "rialto.cli", *arguments]
        return subprocess.run(
            line, env=dict(self.environment), capture_output=True, text=True, timeout=60, check=False
        )

    def staff(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """A staff request that must succeed; its JSON."""
        answer = self.http.request(
            method,
            f"{self.url}/v1/admin/{path}",
            json=body,
            headers={"authorization": f"Bearer {self._staff_token()}", **headers},
        )
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    @contextmanager
    def provider_silent(self) -> Iterator[None]:
        """The payment provider takes what is sent to it and answers nothing."""
        pid_file = Path(self.environment["RIALTO_DATA"]) / "run" / "sandbox.pid"
        pid = int(json.loads(pid_file.read_bytes())["pid"])
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    @contextmanager
    def database_silent(self) -> Iterator[None]:
        """The database takes what is sent to it and answers nothing; in between, the shop has noticed. Ends when it is as before."""
        data = Path(self.environment["RIALTO_DATA"])
        signal_server(data, signal.SIGSTOP)
        try:
            until(self._is_without_database, DATABASE_S_MAX)
            yield
        finally:
            signal_server(data, signal.SIGCONT)
            until(lambda: not self._is_without_database(), DATABASE_S_MAX)

    def _is_without_database(self) -> bool:
        return "notice-bar--outage" in self.http.get(f"{self.url}/en/recent").text

    def put_stock(self, sku: str, *, berlin: int, rotterdam: int = 0) -> None:
        for warehouse, on_hand in (("berlin", berlin), ("rotterdam", rotterdam)):
            self.staff("PUT", f"stock/{sku}", {"warehouse": warehouse, "on_hand": on_hand})

    def put_product(self, draft: dict[str, Any], *, left: Mapping[str, int] | int = 20) -> None:
        """A product with stock, waited for until shoppers can see it."""
        skus = [variant["sku"] for variant in draft["variants"]]
        self.staff("POST", "products", draft)
        for sku in skus:
            self.put_stock(sku, berlin=left if isinstance(left, int) else left.get(sku, 0))
        until(lambda: self.sees(draft["slug"]) is not None)
        until(lambda: any(left_of == "in_stock" for left_of in self.bands(draft["slug"])) or not left)

    def change_product(self, slug: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Replace a product by what `change` makes of its draft, on the version just read."""
        product = self.staff("GET", f"products/{slug}")
        change(product["draft"])
        self.staff("PUT", f"products/{product['id']}", product["draft"], **based_on(product))

    def unpublish(self, slug: str) -> None:
        product = self.staff("GET", f"products/{slug}")
        self.staff("POST", f"products/{product['id']}/unpublish", **based_on(product))

    def sees(self, slug: str) -> dict[str, Any] | None:
        """The product as shoppers get it, or None."""
        answer = self.http.get(f"{self.url}/v1/products/{slug}")
        return dict(answer.json()) if answer.status_code == 200 else None

    def bands(self, slug: str) -> list[str]:
        return [str(variant["availability"]) for variant in (self.sees(slug) or {"variants": []})["variants"]]

    def mails(self, to: str) -> list[dict[str, Any]]:
        rows = self.http.get(f"{self.ops}/mail.json", params={"to": to}).json()["items"]
        return [self.http.get(f"{self.ops}/mail/{row['id']}/json").json() for row in rows]

    def orders_of(self, email: str) -> list[dict[str, Any]]:
        """All orders of an address, abandoned attempts too."""
        every = self.staff("GET", "orders?limit=200")["items"]
        full = (order if "email" in order else self.staff("GET", f"orders/{order['id']}") for order in every)
        return [order for order in full if order["email"] == email]

    def _staff_token(self) -> str:
        """Signed in again in time: a token is good for ten minutes, and on a slow machine tests take longer."""
        now = time.monotonic()
        if not self._token or now - self._token[-1][0] > TOKEN_USED_S:
            body = {"email": ADMIN, "password": PASSWORD}
            answer = self.http.post(f"{self.url}/v1/auth/login", json=body)
            self._token.append((now, answer.raise_for_status().json()["access_token"]))
        return self._token[-1][1]


@contextmanager
def running_shop(host: str = "127.0.0.1") -> Iterator[RunningShop]:
    """From nothing to a ready shop and back to nothing; in groups of processes when RIALTO_TEST_TOPOLOGY says so.

    `host` is how browsers call the machine: passkeys belong to a name such as `localhost` and to no number. A shop in groups is
    always called `localhost`.
    """
    # Not pytest's folder: as root the database runs as a user of its own, who must get through to its files.
    folder = Path(tempfile.mkdtemp(prefix="rialto-e2e-", dir="/var/tmp"))
    folder.chmod(0o755)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("RIALTO_")}
    try:
        with _in_groups(folder, plain) if TOPOLOGY else _in_one(folder, plain, host) as shop:
            yield shop
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _in_one(folder: Path, plain: Mapping[str, str], host: str) -> Iterator[RunningShop]:
    port, ops_port, sandbox_port = _free_ports(3)
    environment = {
        **plain,
        "RIALTO_DATA": str(folder / "data"),
        "RIALTO_PORT": str(port),
        "RIALTO_OPS_PORT": str(ops_port),
        "RIALTO_SANDBOX_PORT": str(sandbox_port),
        "RIALTO_ADMIN_PASSWORD": PASSWORD,
        "RIALTO_PUBLIC_URL": f"http://{host}:{port}",
    }
    url = f"http://{host}:{port}"
    ops, sandbox = (f"http://127.0.0.1:{number}" for number in (ops_port, sandbox_port))
    command = (sys.executable, "-m", "rialto.cli", "run")
    with (
        httpx.Client(timeout=20) as http,
        _process(command, environment, folder / "run.log") as process,
    ):
        _wait_until_ready(url, process, folder / "run.log")
        yield RunningShop(url, ops, sandbox, environment, http)


@contextmanager
def _in_groups(folder: Path, plain: Mapping[str, str]) -> Iterator[RunningShop]:
    environment = {**plain, "RIALTO_ADMIN_PASSWORD": PASSWORD}
    cut = CutShop(folder, environment)
    with _process(cut.command, environment, folder / "run.log") as process:
        until(lambda: cut.is_started(folder / "run.log", process), READY_S_MAX * 2)
        with httpx.Client(timeout=20, verify=cut.trust()) as http:
            yield RunningShop(cut.url, cut.mails, cut.sandbox, cut.environment, http, kept_s=6.0)


def based_on(product: Mapping[str, Any]) -> dict[str, str]:
    """The header by which a change says which version it was made from."""
    return {"if-match": f'"{product["version"]}"'}


def until(ask: Callable[[], T], seconds_max: float = 15) -> T:
    """The first true answer. Raises AssertionError when none came in time."""
    deadline = time.monotonic() + seconds_max
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"not within {seconds_max:g} s"
        time.sleep(0.05)
    return answer


@contextmanager
def _process(
    command: Sequence[str], environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    def ready() -> bool:
        assert process.poll() is None, f"the shop did not start:\n{log.read_text()[-2000:]}"
        try:
            return httpx.get(f"{url}/health/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    until(ready, READY_S_MAX)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(opened.getsockname()[1]) for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports
