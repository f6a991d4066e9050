"""`make chaos`: a platform under load while its parts are killed one after the other, and what that cost.

    python -m bench.chaos                                    # a platform of its own, five minutes, everything killed once
    python -m bench.chaos --data FOLDER --seconds 80         # one that runs (`rialto cluster start --data FOLDER`)
    python -m bench.chaos --victims broker,sell-1            # some; or `none`

Buyers buy whole carts and repeat what got no answer with the same Idempotency-Key, as a client should; visitors look at pages and
repeat nothing. Each order that was acknowledged is looked up afterwards, the provider's own books are read, and the audit is
run. The exit code is 1 when a promise is broken: an order is lost, somebody is charged twice or for nothing, a purchase gets no
answer in two minutes, or the audit finds something.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from bench.platform import running_platform
from bench.provider_books import Books, Judged
from bench.purchases import ADDRESS
from bench.shop import PASSWORD
from rialto.cluster.layout import Layout, read_layout
from rialto.engines.processes import PidFile

BUYERS = 6
VISITORS = 4
RETRY_S = 0.25
GIVES_UP_AFTER_S = 120.0
AUDITS = 4
AUDIT_AGAIN_S = 5.0
PAGES = ("/en/", "/en/search?q=lamp", "/v1/products?limit=5", "/v1/suggest?q=va&language=en")


@dataclass
class Report:
    """What buyers and visitors met. `placed` are acknowledged orders with their keys."""

    placed: dict[str, str] = field(default_factory=dict)
    placed_at: list[float] = field(default_factory=list)
    looks: int = 0
    look_errors: Counter[str] = field(default_factory=Counter)
    repeated: Counter[str] = field(default_factory=Counter)
    given_up: int = 0
    lost: list[str] = field(default_factory=list)
    killed: list[tuple[float, str]] = field(default_factory=list)


class Client:
    """One person's way to the shop, over TLS."""

    def __init__(self, session: aiohttp.ClientSession, url: str, report: Report) -> None:
        self._session = session
        self._url = url
        self._report = report

    async def look(self, path: str) -> None:
        self._report.looks += 1
        try:
            async with self._session.get(f"{self._url}{path}") as answer:
                await answer.read()
                if answer.status != 200:
                    self._report.look_errors[str(answer.status)] += 1
        except (aiohttp.ClientError, TimeoutError) as error:
            self._report.look_errors[type(error).__name__] += 1

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The answer, repeating for as long as nobody knows one."""
        began = time.monotonic()
        while time.monotonic() - began < GIVES_UP_AFTER_S:
            try:
                async with self._session.request(
                    method, f"{self._url}{path}", json=body, headers=headers
                ) as answer:
                    content = await answer.read()
                    if answer.status < 300:
                        return msgspec.json.decode(content) if content else None
                    if answer.status in {401, 402, 403, 404, 422} or (
                        answer.status == 409 and "retry-after" not in answer.headers
                    ):
                        raise Refused(f"{method} {path}: {answer.status} {content.decode()}")
                    self._report.repeated[f"{answer.status} {method} {path.partition('?')[0][:12]}"] += 1
            except (aiohttp.ClientError, TimeoutError) as error:
                self._report.repeated[type(error).__name__] += 1
            await asyncio.sleep(RETRY_S)
        raise Refused(f"{method} {path}: no answer in {GIVES_UP_AFTER_S:.0f} s")


class Refused(Exception):
    """An answer that repeating would not change."""


async def buy(client: Client, report: Report, sku: str, key: str) -> None:
    cart = await client.call("POST", "/v1/carts", {"currency": "EUR", "country": "DE", "language": "en"})
    path = f"/v1/carts/{cart['id']}"
    line = {"sku": sku, "quantity": 1}
    await client.call("POST", f"{path}/lines", line)
    await client.call("PUT", f"{path}/address", {"email": "ada@example.org", "shipping": ADDRESS})
    await client.call("PUT", f"{path}/delivery", {"option_id": "de_standard"})
    body = {"cart_id": cart["id"], "payment": {"provider": "sandbox", "token": "tok_success"}}
    order = await client.call("POST", "/v1/checkout", body, **{"Idempotency-Key": key})
    report.placed[order["id"]] = order["key"]
    report.placed_at.append(time.monotonic())


async def run(layout: Layout, data: Path, *, seconds: float, victims: Sequence[str], password: str) -> Report:
    report = Report()
    tls = ssl.create_default_context(cafile=str(data / "tls" / "ca.pem"))
    async with AsyncExitStack() as stack:

        async def person(number: int, met: Report = report) -> Client:
            """Each comes from an address of their own: limits are per client. `met` is where is written what they meet."""
            connector = aiohttp.TCPConnector(
                ssl=tls, local_addr=(f"127.0.1.{number}", 0), family=socket.AF_INET
            )
            timeout = aiohttp.ClientTimeout(total=15)
            session = aiohttp.ClientSession(connector=connector, timeout=timeout)
            return Client(await stack.enter_async_context(session), layout.public_url, met)

        client = await person(250)
        skus = await _stock_up(client, password)
        end = time.monotonic() + seconds
        run_id = f"{os.getpid()}-{time.time_ns()}"

        async def buyer(number: int) -> None:
            client, count = await person(1 + number), 0
            while time.monotonic() < end:
                try:
                    await buy(
                        client, report, skus[(number + count) % len(skus)], f"chaos-{run_id}-{number}-{count}"
                    )
                except Refused as refused:
                    report.given_up += 1
                    print(f"  given up: {refused}", flush=True)
                count += 1

        async def visitor(number: int) -> None:
            client, count = await person(100 + number), number
            while time.monotonic() < end:
                await client.look(PAGES[count % len(PAGES)])
                count += 1
                await asyncio.sleep(0.02)

        async with asyncio.TaskGroup() as group:
            for number in range(BUYERS):
                group.create_task(buyer(number))
            for number in range(VISITORS):
                group.create_task(visitor(number))
            group.create_task(_kill(data, victims, report, every_s=seconds / (len(victims) + 1)))
        # Who looks up a thousand orders at once is told to go slower, which says nothing of the platform.
        await _look_up(await person(251, Report()), report)
    return report


async def _stock_up(client: Client, password: str) -> list[str]:
    tokens = await client.call("POST", "/v1/auth/login", {"email": "admin@rialto.test", "password": password})
    page = await client.call("GET", "/v1/products?limit=20")
    skus = [item["variants"][0]["sku"] for item in page["items"]]
    for sku in skus:
        await client.call(
            "PUT",
            f"/v1/admin/stock/{sku}",
            {"warehouse": "berlin", "on_hand": 900_000},
            Authorization=f"Bearer {tokens['access_token']}",
        )
    return skus


async def _kill(data: Path, victims: Sequence[str], report: Report, *, every_s: float) -> None:
    for victim in victims:
        await asyncio.sleep(every_s)
        pid = _pid_of(data, victim)
        if pid is None:
            print(f"  {victim} does not run", flush=True)
            continue
        os.kill(pid, signal.SIGKILL)
        report.killed.append((time.monotonic(), victim))
        print(f"  {victim} is killed", flush=True)


def _pid_of(data: Path, victim: str) -> int | None:
    """`nginx worker` is a child of nginx; `documents` and `replica` are servers in folders of their own."""
    if victim == "nginx worker":
        master = PidFile(data / "run" / "nginx.pid").load_alive()
        if master is None:
            return None
        children = Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text(encoding="utf-8").split()
        return int(children[0]) if children else None
    folder = data / victim if victim in {"documents", "replica"} else data
    name = "postgres" if victim in {"database", "documents", "replica"} else victim
    found = PidFile(folder / "run" / f"{name}.pid").load_alive()
    return found.pid if found else None


async def _look_up(client: Client, report: Report) -> None:
    """Every acknowledged order is there, and was placed; those that are not are lost."""
    for order_id, key in list(report.placed.items()):
        try:
            order = await client.call("GET", f"/v1/orders/{order_id}?key={key}")
        except Refused as refused:
            report.lost.append(f"{order_id}: {refused}")
            continue
        if order["status"] not in {"placed", "completed"}:
            report.lost.append(f"{order_id} is {order['status']}")


def plan_of(layout: Layout, data: Path) -> list[str]:
    """One of each kind that this platform has; the main database last."""
    return [
        *(f"{group}-1" for group in layout.groups),
        *layout.engine_ports,
        "documents",
        *(["replica"] if (data / "replica").exists() else []),
        "nginx worker",
        "database",
    ]


def longest_gap(report: Report) -> tuple[float, str]:
    """Between two acknowledged orders: its seconds, and what had been killed last before its end."""
    at = sorted(report.placed_at)
    gap, end = max(((later - before, later) for before, later in itertools.pairwise(at)), default=(0.0, 0.0))
    before_it = [victim for when, victim in report.killed if when <= end]
    return gap, before_it[-1] if before_it else "nothing"


def broken_promises(report: Report, judged: Judged, audit: int) -> list[str]:
    found = {
        f"lost: {', '.join(report.lost)}": report.lost,
        f"charged twice: {', '.join(judged.twice)}": judged.twice,
        # Who gave up was told nothing, and may have been charged for an order that goes on by itself.
        f"charged for nothing: {', '.join(judged.for_nothing)}": judged.for_nothing
        if not report.given_up
        else (),
        f"{report.given_up} purchases got no answer": report.given_up,
        f"the audit ended with {audit}": audit,
    }
    return [sentence for sentence, broken in found.items() if broken]


def tell(report: Report, judged: Judged, seconds: float) -> None:
    gap, killed = longest_gap(report)
    print(f"killed: {', '.join(victim for _, victim in report.killed) or 'nothing'}")
    print(
        f"{len(report.placed)} orders in {seconds:.0f} s with {BUYERS} buyers: {len(report.lost)} lost, "
        f"{len(judged.twice)} charged twice, {len(judged.for_nothing)} charged for nothing, {report.given_up} given up; "
        f"repeated {dict(report.repeated) or 'nothing'}"
    )
    print(
        f"{report.looks} pages looked at by {VISITORS} visitors, errors {dict(report.look_errors) or 'none'}; "
        f"longest gap between two orders {gap:.1f} s, after {killed} was killed"
    )


def audit_of(data: Path) -> int:
    """The audit's exit code. What was caught halfway is looked at again; what stays is believed."""
    command = [sys.executable, "-m", "rialto.cli", "cluster", "do", "--data", str(data), "--", "audit"]
    for _ in range(AUDITS - 1):
        done = subprocess.run(command, check=False, capture_output=True)
        if done.returncode == 0:
            break
        time.sleep(AUDIT_AGAIN_S)
    return subprocess.run(command, check=False).returncode


def chaos(data: Path, *, seconds: float, victims: str, password: str) -> int:
    """The exit code."""
    layout = read_layout(data)
    chosen = (
        [victim for victim in victims.split(",") if victim != "none"] if victims else plan_of(layout, data)
    )
    books = Books(data)
    report = asyncio.run(run(layout, data, seconds=seconds, victims=chosen, password=password))
    judged = books.judge(report.placed)
    tell(report, judged, seconds)
    broken = broken_promises(report, judged, audit_of(data))
    alive = {victim for _, victim in report.killed}
    broken += [f"{victim} did not run" for victim in chosen if victim not in alive]
    print("\n".join(f"BROKEN: {sentence}" for sentence in broken) or "every promise was kept")
    return 1 if broken else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.chaos")
    parser.add_argument("--data", type=Path, help="of a platform that runs; one of its own otherwise")
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--password", default=os.environ.get("RIALTO_ADMIN_PASSWORD", PASSWORD))
    parser.add_argument("--victims", default="", help="with commas between, or `none`; one of each kind")
    options = parser.parse_args()
    if options.data:
        return chaos(
            options.data, seconds=options.seconds, victims=options.victims, password=options.password
        )
    with running_platform() as platform:
        return chaos(platform.data, seconds=options.seconds, victims=options.victims, password=PASSWORD)


if __name__ == "__main__":
    sys.exit(main())
