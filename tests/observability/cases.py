"""What Prometheus might have scraped, and whether an alert fires then.

Values are promtool's: `0+10x60` is 0, 10, 20 … for sixty steps, `5x60` is 5 all the time, `_x60` is no sample. A step is a minute,
or ten where days are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ROUTE = 'route="/v1/products"'
BOUGHT = 'route="/v1/checkout"'


@dataclass(frozen=True, kw_only=True)
class Case:
    """After `at` steps of `step` minutes `alert` fires so often."""

    alert: str
    why: str
    series: dict[str, str]
    at: int
    fires: int
    step: int = 1

    def __str__(self) -> str:
        return f"{self.alert}: {self.why}"

    def as_promtool_test(self) -> dict[str, Any]:
        return {
            "interval": f"{self.step}m",
            "input_series": [{"series": name, "values": values} for name, values in self.series.items()],
            "promql_expr_test": [
                {
                    "expr": f'count(ALERTS{{alertname="{self.alert}",alertstate="firing"}}) or vector(0)',
                    "eval_time": f"{self.at * self.step}m",
                    "exp_samples": [{"labels": "{}", "value": self.fires}],
                }
            ],
        }


def both(alert: str, series: str, *, bad: str, good: str, at: int = 30) -> tuple[Case, Case]:
    """It fires when the series looks like `bad`, and does not when it looks like `good`."""
    return (
        Case(alert=alert, why=f"fires at {bad}", series={series: bad}, at=at, fires=1),
        Case(alert=alert, why=f"rests at {good}", series={series: good}, at=at, fires=0),
    )


def answers(
    alert: str, why: str, *, bad: str, good: str, at: int, fires: int, route: str = ROUTE, step: int = 1
) -> Case:
    """Answers per step that failed, and that did not."""
    return Case(
        alert=alert,
        why=why,
        at=at,
        fires=fires,
        step=step,
        series={
            f'rialto_requests_total{{{route},method="GET",status="500"}}': bad,
            f'rialto_requests_total{{{route},method="GET",status="200"}}': good,
        },
    )


def slow(
    alert: str, why: str, *, count: str, fast: str, le: str, at: int, fires: int, route: str, step: int
) -> Case:
    """Answers per step, and those of them within `le` seconds."""
    return Case(
        alert=alert,
        why=why,
        at=at,
        fires=fires,
        step=step,
        series={
            f"rialto_request_seconds_count{{{route}}}": count,
            f'rialto_request_seconds_bucket{{{route},le="{le}"}}': fast,
        },
    )


def delivered(alert: str, why: str, *, count: str, fast: str, at: int, fires: int, step: int) -> Case:
    return Case(
        alert=alert,
        why=why,
        at=at,
        fires=fires,
        step=step,
        series={
            'rialto_event_delivery_seconds_count{consumer="cart"}': count,
            'rialto_event_delivery_seconds_bucket{consumer="cart",le="1.0"}': fast,
        },
    )


# Budgets: browsing 0.05 %, so 0.72 % for an hour or 0.3 % for six is a page, 0.15 % for a day or 0.05 % for three a ticket.
FAST, SLOW = "RialtoBrowseAvailabilityBurnsFast", "RialtoBrowseAvailabilityBurnsSlow"
# Of a budget of 1 %: which alert, how many of a thousand were late, for how many steps, of how many minutes, and does it fire.
DELAYS = (
    ("BurnsFast", 200, 75, 1, 1),
    ("BurnsFast", 40, 40, 10, 0),
    ("BurnsSlow", 40, 150, 10, 1),
    ("BurnsSlow", 5, 440, 10, 0),
)
BURNS = (
    answers(FAST, "2 % of an hour", bad="0+20x90", good="0+980x90", at=75, fires=1),
    answers(FAST, "0.5 % of six hours", bad="0+5x45", good="0+995x45", at=40, fires=1, step=10),
    answers(FAST, "0.2 % is for a ticket", bad="0+2x45", good="0+998x45", at=40, fires=0, step=10),
    answers(FAST, "it was and is over", bad="0+20x60 1200x60", good="0+980x120", at=110, fires=0),
    answers(
        FAST, "two minutes of it do not matter yet", bad="0x98 0+30x4", good="0+970x105", at=100, fires=0
    ),
    answers(FAST, "nobody came", bad="0x90", good="0x90", at=75, fires=0),
    answers(SLOW, "0.2 % of a day", bad="0+2x160", good="0+998x160", at=150, fires=1, step=10),
    answers(SLOW, "0.1 % of three days", bad="0+1x450", good="0+999x450", at=440, fires=1, step=10),
    answers(SLOW, "0.03 % for ever", bad="0+3x450", good="0+9997x450", at=440, fires=0, step=10),
    Case(
        alert=FAST,
        why="kept pages are answers too",
        at=75,
        fires=0,
        series={
            f'rialto_requests_total{{{ROUTE},method="GET",status="500"}}': "0+20x90",
            f'rialto_requests_total{{{ROUTE},method="GET",status="200"}}': "0+980x90",
            f'rialto_cached_answers_total{{outcome="hit",{ROUTE}}}': "0+20000x90",
        },
    ),
    *(
        answers(
            f"RialtoCheckoutAvailability{burns}",
            f"{bad} of 1000",
            bad=f"0+{bad}x{at + 5}",
            good=f"0+{1000 - bad}x{at + 5}",
            at=at,
            fires=fires,
            route=BOUGHT,
            step=step,
        )
        for burns, bad, at, step, fires in (
            ("BurnsFast", 20, 75, 1, 1),
            ("BurnsFast", 4, 40, 10, 0),
            ("BurnsSlow", 4, 150, 10, 1),
            ("BurnsSlow", 0, 150, 10, 0),
        )
    ),
    *(
        slow(
            f"Rialto{what}Latency{burns}",
            f"{bad} of 1000",
            count=f"0+1000x{at + 5}",
            fast=f"0+{1000 - bad}x{at + 5}",
            le=le,
            at=at,
            fires=fires,
            route=route,
            step=step,
        )
        for what, le, route in (("Browse", "0.3", ROUTE), ("Checkout", "1.5", BOUGHT))
        for burns, bad, at, step, fires in DELAYS
    ),
    *(
        delivered(
            f"RialtoEventDelivery{burns}",
            f"{bad} of 1000",
            count=f"0+1000x{at + 5}",
            fast=f"0+{1000 - bad}x{at + 5}",
            at=at,
            fires=fires,
            step=step,
        )
        for burns, bad, at, step, fires in DELAYS
    ),
)
UP = 'up{job="rialto-sell",group="sell",instance="sell-1"}'
OTHERS = (
    *both("RialtoReplicaDown", UP, bad="1x20 0x20", good="1x20 0x2 1x20"),
    *both("RialtoGroupDown", UP, bad="1x20 0x20", good="1x40"),
    Case(
        alert="RialtoGroupDown",
        why="one of two is enough",
        series={UP: "1x20 0x20", UP.replace("sell-1", "sell-2"): "1x40"},
        at=30,
        fires=0,
    ),
    *both(
        "RialtoOutboxStuck", 'rialto_outbox_oldest_seconds{service="orders"}', bad="0x5 0+60x40", good="20x40"
    ),
    *both("RialtoConsumerBehind", 'rialto_bus_behind{consumer="cart"}', bad="5000x40", good="0 5000 0x40"),
    *both(
        "RialtoSagaStuck",
        'rialto_orders_unfinished_oldest_seconds{after="orders.started"}',
        bad="0+60x40",
        good="800x40",
    ),
    *both(
        "RialtoReservationsOverdue", "rialto_reservations_overdue_oldest_seconds", bad="600x40", good="6x40"
    ),
    *both("RialtoDeadLetters", 'rialto_dead_letters{service="cart"}', bad="1x40", good="0x20 1x5 0x20"),
    *both("RialtoMailsStuck", "rialto_mails_oldest_seconds", bad="3600x40", good="60x40"),
    *both(
        "RialtoPaymentsUnknown",
        'rialto_provider_calls_seconds_count{provider="sandbox",call="authorise",outcome="unknown"}',
        bad="0+5x40",
        good="0x10 3x40",
    ),
    *both(
        "RialtoPoolSaturated",
        'rialto_pool_waited_seconds_total{service="orders",instance="sell-1"}',
        bad="0+120x40",
        good="0+6x40",
    ),
    *both(
        "RialtoPoolSaturated",
        'rialto_pool_waited_seconds_total{service="bus",instance="sell-1"}',
        bad="_x40",
        good="0+120x40",
    )[1:],
    *both("RialtoCallsRefused", 'rialto_bulkhead_refused_total{to="orders"}', bad="0+20x40", good="0+1x40"),
    *both(
        "RialtoBreakerOpen",
        'rialto_breaker_state{to="orders",instance="shop-1"}',
        bad="2 1 2 1 2 1 2 1 2 1 2 1 2 1 2 1 2 1 2 1 2 1 2 1 2 1 2 1 2 1 2",
        good="0x20 2 0x20",
    ),
    *both("RialtoLoopsFailing", 'rialto_failures_total{where="relay"}', bad="0+12x40", good="0+1x40"),
    *both(
        "RialtoEventLoopSlow", 'rialto_loop_lag_seconds{instance="shop-1"}', bad="1x40", good="0x25 1 0x20"
    ),
    *both("RialtoSearchBehind", 'rialto_feed_age_seconds{instance="shop-1"}', bad="0+60x40", good="1x40"),
    *both("RialtoKeyValuesAway", "rialto_key_values_resting", bad="1x40", good="0x25 1 0x20"),
    *both("RialtoNumbersMissing", 'rialto_outbox_waiting{service="orders"}', bad="0x5 _x40", good="0x40"),
    *(
        Case(
            alert="RialtoLineFull",
            why=f"{waiting} of 66",
            at=30,
            fires=fires,
            series={
                'rialto_line_waiting{line="passwords",instance="sell-1"}': f"{waiting}x40",
                'rialto_line_limit{line="passwords",instance="sell-1"}': "66x40",
            },
        )
        for waiting, fires in ((60, 1), (30, 0))
    ),
)
CASES = (*BURNS, *OTHERS)
