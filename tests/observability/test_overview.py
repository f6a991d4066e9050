"""What the terminal shows, from what processes tell."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import pytest

from rialto.cli import top
from rialto.cluster.layout import Layout, Replica, write_layout
from rialto.observability.overview import BOLD, PLAIN, RED, Line, overview, painted
from rialto.observability.reading import Reading, ask, quantile, rate, read_text
from rialto.observability.scraping import Target
from tests.support.key_value_servers import free_port
from tests.support.values import settings_in

pytestmark = pytest.mark.fast

SHOP, SELL = (
    Target(address="a:1", group="shop", name="shop-1"),
    Target(address="b:1", group="sell", name="sell-1"),
)
EARLY = """
rialto_build_info{version="0.1.0",group="shop"} 1
rialto_requests_total{route="/v1/products",method="GET",status="200"} 100
rialto_cached_answers_total{outcome="hit",route="/v1/products"} 1000
rialto_cached_answers_total{outcome="miss",route="/v1/products"} 7
rialto_process_cpu_seconds_total 10
rialto_process_resident_bytes 209715200
rialto_request_seconds_bucket{route="/v1/products",le="0.01"} 50
rialto_request_seconds_bucket{route="/v1/products",le="0.3"} 100
rialto_request_seconds_bucket{route="/v1/products",le="+Inf"} 100
rialto_operations_total{service="search",operation="browse",outcome="done"} 40
rialto_requests_in_flight 2
rialto_pool_in_use{service="cart"} 1
rialto_pool_limit{service="cart"} 2
rialto_pool_waiting{service="cart"} 0
"""
LATER = """
rialto_build_info{version="0.1.0",group="shop"} 1
rialto_requests_total{route="/v1/products",method="GET",status="200"} 120
rialto_cached_answers_total{outcome="hit",route="/v1/products"} 1480
rialto_cached_answers_total{outcome="miss",route="/v1/products"} 27
rialto_process_cpu_seconds_total 11
rialto_process_resident_bytes 209715200
rialto_request_seconds_bucket{route="/v1/products",le="0.01"} 60
rialto_request_seconds_bucket{route="/v1/products",le="0.3"} 120
rialto_request_seconds_bucket{route="/v1/products",le="+Inf"} 120
rialto_operations_total{service="search",operation="browse",outcome="done"} 60
rialto_requests_in_flight 3
rialto_pool_in_use{service="cart"} 1
rialto_pool_limit{service="cart"} 2
rialto_pool_waiting{service="cart"} 0
"""
OF_THE_SHOP = """
rialto_events_published_total{type="orders.placed"} %d
rialto_outbox_waiting{service="orders"} %d
rialto_outbox_oldest_seconds{service="orders"} 90
rialto_orders_unfinished{after="orders.started"} 2
rialto_orders_unfinished_oldest_seconds{after="orders.started"} 12
rialto_dead_letters{service="cart"} %d
rialto_mails_waiting 5
rialto_breaker_state{to="sandbox"} %d
"""


def text_of(lines: list[Line]) -> str:
    return "\n".join(line.text for line in lines)


def two_looks() -> list[Line]:
    before = {"a:1": read_text(EARLY, 0.0), "b:1": read_text(OF_THE_SHOP % (10, 4, 0, 0), 0.0)}
    after = {"a:1": read_text(LATER, 10.0), "b:1": read_text(OF_THE_SHOP % (40, 6, 3, 2), 10.0)}
    return overview([SHOP, SELL], before, after)


def test_a_process_is_a_line_with_what_happened_between_two_looks() -> None:
    lines = two_looks()
    assert lines[1].text.split() == [
        *("shop-1", "0.1.0", "10%", "200M", "50.0", "0.0", "300", "ms", "2.0", "3", "1/2")
    ]
    assert not lines[1].bad
    assert lines[0].bold
    assert max(len(line.text) for line in lines) <= 80


def test_the_shop_is_told_once_and_what_wants_attention_is_marked() -> None:
    lines = two_looks()
    text = text_of(lines)
    assert "orders a minute   180.0" in text
    assert "outboxes          6 waiting, the oldest 90 s" in text
    assert "orders on their way  2, without a step for 12 s" in text
    assert "parked events     3" in text
    assert "mails to be sent  5" in text
    assert "breakers open     sandbox" in text
    assert [line.text.split()[0] for line in lines if line.bad] == ["outboxes", "parked", "breakers"]


def test_after_one_look_there_are_no_rates_and_who_does_not_answer_is_told() -> None:
    lines = overview([SHOP, SELL], {}, {"a:1": read_text(EARLY, 0.0), "b:1": None})
    assert lines[1].text.split() == ["shop-1", "0.1.0", "-", "200M", "-", "-", "-", "-", "2", "1/2"]
    assert "sell-1" in lines[2].text
    assert lines[2].text.endswith("does not answer")
    assert lines[2].bad
    assert "orders a minute   -" in text_of(lines)
    assert "outboxes          - waiting" in text_of(lines)
    assert "breakers open     none" in text_of(lines)


def test_failed_answers_and_who_waits_for_a_connection_want_attention() -> None:
    failed = LATER.replace('status="200"', 'status="503"')
    looks = {"a:1": read_text(EARLY, 0.0)}, {"a:1": read_text(failed, 10.0)}
    assert overview([SHOP], *looks)[1].bad
    waits = LATER.replace('pool_waiting{service="cart"} 0', 'pool_waiting{service="cart"} 1')
    assert overview([SHOP], looks[0], {"a:1": read_text(waits, 10.0)})[1].bad


def test_lines_fit_the_terminal_and_are_coloured_where_that_is_wanted() -> None:
    lines = [
        Line(text="x" * 90, bad=True),
        Line(text="head", bold=True),
        Line(text="plain"),
        Line(text="below"),
    ]
    coloured = painted(lines, columns=80, rows=3, colours=True)
    assert coloured == [f"{RED}{'x' * 80}{PLAIN}", f"{BOLD}head{PLAIN}", "plain"]
    grey = painted(lines, columns=80, rows=3, colours=False)
    assert grey == ["x" * 78 + " !", "head", "plain"]
    assert max(map(len, grey)) <= 80


def test_a_counter_that_began_anew_counts_from_zero() -> None:
    before, after = read_text("rialto_x_total 50\n", 0.0), read_text("rialto_x_total 10\n", 5.0)
    assert rate(before, after, "rialto_x_total") == 2.0
    assert rate(None, after, "rialto_x_total") is None
    assert rate(after, after, "rialto_x_total") is None
    assert rate(before, after, "rialto_other_total") is None


def test_the_quantile_is_a_bound_of_what_came_between() -> None:
    before, after = read_text(EARLY, 0.0), read_text(LATER, 10.0)
    assert quantile(before, after, "rialto_request_seconds", 0.5) == 0.01
    assert quantile(before, after, "rialto_request_seconds", 0.99) == 0.3
    assert quantile(before, before, "rialto_request_seconds", 0.99) is None
    assert quantile(None, after, "rialto_request_seconds", 0.99) is None
    slow = LATER.replace('le="+Inf"} 120', 'le="+Inf"} 150')
    assert quantile(before, read_text(slow, 10.0), "rialto_request_seconds", 0.99) == math.inf


def test_nobody_at_an_address_is_none() -> None:
    assert ask([], lambda: 0.0) == []
    assert ask([Target(address=f"127.0.0.1:{free_port()}", group="one")], lambda: 0.0) == [None]
    assert Reading(at=0.0).total("rialto_x") is None


def test_a_platforms_replicas_are_looked_at_and_otherwise_what_the_settings_know(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    replica = Replica(name="sell-1", group="sell", port=1, ops_port=2)
    layout = Layout(topology="groups", replicas=(replica,), port=3, plain_port=4, sandbox_port=5)
    write_layout(tmp_path, layout)
    options = argparse.Namespace(data=str(tmp_path))
    assert top.targets_for(options, settings) == [Target(address="127.0.0.1:2", group="sell", name="sell-1")]
    own = f"{settings.ops_host}:{settings.ops_port}"
    elsewhere = argparse.Namespace(data=None)
    assert top.targets_for(elsewhere, settings) == [Target(address=own, group="one")]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colours_are_left_out_where_they_are_not_wanted(environment: dict[str, str], expected: bool) -> None:
    assert top.has_colours(environment) is expected
