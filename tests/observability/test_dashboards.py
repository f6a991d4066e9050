"""Every panel's query is asked of a real Prometheus that watches a shop in which people look and buy."""

from __future__ import annotations

import asyncio
import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest

from rialto.app import ALL
from rialto.engines.processes import wait_until
from rialto.kernel.db import DatabaseAddress
from rialto.observability.dashboards import DASHBOARDS
from rialto.observability.rules import render_rules
from rialto.observability.scraping import Target, render_scraping
from tests.support.goods import goods_template
from tests.support.process import Disconnected, RealShop, database_from, real_shop
from tests.support.prometheus import RunningPrometheus, a_prometheus, needs_prometheus

pytestmark = [pytest.mark.crash, needs_prometheus]

WITHIN_S = 120.0
ADDRESS = {
    "name": "Ada Lovelace",
    "line1": "Weg 1",
    "city": "Berlin",
    "postal_code": "10115",
    "country": "DE",
}
PAGES = ("/v1/products", "/v1/products/lamp", "/v1/categories")


@dataclass(frozen=True)
class Watched:
    shop: RealShop
    prometheus: RunningPrometheus


@pytest.fixture(scope="module")
def watched(postgres: DatabaseAddress) -> Iterator[Watched]:
    template = asyncio.run(goods_template(postgres, ALL))
    with real_shop(postgres) as shop, database_from(shop, template):
        shop.sql("UPDATE inventory.stock SET on_hand = 100000")  # nobody buys the last one here
        shop.start()
        target = Target(address=f"127.0.0.1:{shop.ops_port}", group="one", name="shop-1")
        rules = render_rules().replace("interval: 1m", "interval: 1s")
        configuration = render_scraping([target], every="1s")
        with a_prometheus(configuration, rules) as prometheus, people(shop):
            yield Watched(shop, prometheus)


class Refused(Exception):
    """Too busy, most likely; they come again."""


@contextmanager
def people(shop: RealShop) -> Iterator[None]:
    """Looking and buying all the time; somebody leaves at the bank's page."""
    left = threading.Event()

    def come() -> None:
        for number in itertools.count(1):
            if left.is_set():
                return
            with suppress(Disconnected, Refused):
                for page in PAGES * 2:
                    shop.call("GET", page)
                buy(shop, f"key-{number}", "tok_3ds" if number % 5 == 1 else "tok_success")

    visitor = threading.Thread(target=come)
    visitor.start()
    try:
        yield
    finally:
        left.set()
        visitor.join()


def buy(shop: RealShop, key: str, token: str) -> None:
    made = ask(shop, "POST", "/v1/carts", {"currency": "EUR", "country": "DE", "language": "en"})
    cart = f"/v1/carts/{made['id']}"
    ask(shop, "POST", f"{cart}/lines", {"sku": "LAMP", "quantity": 1})
    ask(shop, "PUT", f"{cart}/address", {"email": "ada@example.org", "shipping": ADDRESS})
    options = ask(shop, "GET", f"{cart}/delivery-options")["items"]
    ask(shop, "PUT", f"{cart}/delivery", {"option_id": options[0]["id"]})
    body = {"cart_id": made["id"], "payment": {"provider": "sandbox", "token": token}}
    ask(shop, "POST", "/v1/checkout", body, key=key)


def ask(shop: RealShop, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
    """Raises Refused, Disconnected."""
    answer = shop.call(method, path, body, {} if key is None else {"idempotency-key": key})
    if answer.status >= 400:
        raise Refused(answer)
    return answer.body


QUERIES = [
    pytest.param(query.promql, id=f"{dashboard.name}, {panel.title} {query.legend}")
    for dashboard in DASHBOARDS
    for panel in dashboard.panels
    for query in panel.queries
]


@pytest.mark.parametrize("promql", QUERIES)
def test_a_panel_shows_data(watched: Watched, promql: str) -> None:
    has_data = wait_until(lambda: bool(watched.prometheus.query(promql)), WITHIN_S)
    assert has_data, f"no data within {WITHIN_S:.0f} s: {promql}\n{watched.shop.log()}"


def test_one_look_in_the_terminal_tells_what_happens(watched: Watched) -> None:
    """Of a shop that is one process, by its settings."""
    environment = {**os.environ, "RIALTO_OPS_PORT": str(watched.shop.ops_port)}
    command = [sys.executable, "-m", "rialto.cli", "top", "--once"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    process, orders = done.stdout.splitlines()[1], done.stdout.split("orders a minute")[1].split()[0]
    assert process.startswith("127.0.0.1:")
    assert float(process.split()[4]) > 0  # requests a second
    assert float(orders) >= 0
    assert "breakers open     none" in done.stdout
