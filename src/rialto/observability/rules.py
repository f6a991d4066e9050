"""Prometheus rules: ratios of each objective over windows, and alerts on how fast its budget burns.

Windows and rates are those of "The Site Reliability Workbook" (Google, 2018), chapter 5, "Multiwindow, Multi-Burn-Rate
Alerts", table 5-8: the long window says that it matters, the short one that it still goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rialto.observability.alerts import ALERTS, Alert
from rialto.observability.slos import PRODUCT, SLOS, Slo

WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
RATIO = "rialto:slo_bad:ratio_rate"


@dataclass(frozen=True, kw_only=True)
class Burn:
    """So many times faster than the budget lasts thirty days."""

    times: float
    long: str
    short: str


# 2 % of the budget in an hour or 5 % in six; 10 % in one day or in three.
PAGE = (Burn(times=14.4, long="1h", short="5m"), Burn(times=6, long="6h", short="30m"))
TICKET = (Burn(times=3, long="1d", short="2h"), Burn(times=1, long="3d", short="6h"))

# What the shop's steps are worth, in their order: how many take each, per second.
FUNNEL = {
    "product_seen": (
        f'sum(rate(rialto_requests_total{{route=~"{PRODUCT}",status="200"}}[5m]))\n'
        f'+ (sum(rate(rialto_cached_answers_total{{outcome="hit",route=~"{PRODUCT}"}}[5m])) or vector(0))'
    ),
    "cart_made": 'sum(rate(rialto_operations_total{service="cart",operation="create",outcome="done"}[5m]))',
    "line_added": 'sum(rate(rialto_operations_total{service="cart",operation="add_line",outcome="done"}[5m]))',
    "checkout_begun": 'sum(rate(rialto_events_published_total{type="orders.started"}[5m]))',
    "order_placed": 'sum(rate(rialto_events_published_total{type="orders.placed"}[5m]))',
}


def burn_alerts(slo: Slo) -> Iterator[Alert]:
    """The page and the ticket of one objective."""
    name = "".join(part.capitalize() for part in slo.name.split("-"))
    for kind, severity, burns in (("Fast", "page", PAGE), ("Slow", "ticket", TICKET)):
        yield Alert(
            name=f"Rialto{name}Burns{kind}",
            when="\nor\n".join(_burns(slo, burn) for burn in burns),
            wait="0s",
            severity=severity,
            summary=f"{slo.title}: the budget of thirty days burns {'at' if severity == 'page' else 'away, from'} "
            f"{burns[0].times if severity == 'page' else burns[1].times:g} times its rate on.",
        )


def all_alerts() -> list[Alert]:
    return [*(alert for slo in SLOS for alert in burn_alerts(slo)), *ALERTS]


def render_rules() -> str:
    """The file that `rule_files` names, in YAML."""
    return rules_of(SLOS, all_alerts())


def rules_of(slos: Sequence[Slo], alerts: Sequence[Alert]) -> str:
    """The rules of these objectives and alerts only."""
    lines = ["# Made by `rialto render rules`.", "groups:"]
    lines += ["  - name: rialto-objectives", "    interval: 1m", "    rules:"]
    for slo in slos:
        for window in WINDOWS:
            lines += _recording(
                f"{RATIO}{window}",
                f"(\n{slo.bad}\n) / ((\n{slo.total}\n) > 0)".replace("{window}", window),
                slo=slo.name,
            )
    lines += ["  - name: rialto-funnel", "    rules:"]
    for step, expression in FUNNEL.items():
        lines += _recording("rialto:funnel:rate5m", expression, step=step)
    lines += ["  - name: rialto-alerts", "    rules:"]
    for alert in alerts:
        lines += _alerting(alert)
    return "\n".join(lines) + "\n"


def _burns(slo: Slo, burn: Burn) -> str:
    limit = f"{burn.times:g} * {slo.budget:g}"
    long, short = (f'{RATIO}{window}{{slo="{slo.name}"}}' for window in (burn.long, burn.short))
    return f"({long} > {limit} and {short} > {limit})"


def _recording(name: str, expression: str, **labels: str) -> Iterator[str]:
    yield f"      - record: {name}"
    yield from _block("expr", expression)
    yield "        labels:"
    yield from (f"          {key}: {value}" for key, value in labels.items())


def _alerting(alert: Alert) -> Iterator[str]:
    yield f"      - alert: {alert.name}"
    yield from _block("expr", alert.when)
    yield f"        for: {alert.wait}"
    yield "        labels:"
    yield f"          severity: {alert.severity}"
    yield "        annotations:"
    yield from _block("summary", alert.summary, deeper="  ")
    yield f"          runbook: {alert.runbook}"


def _block(key: str, text: str, deeper: str = "") -> Iterator[str]:
    """A literal block: nothing in it has to be escaped."""
    yield f"        {deeper}{key}: |-"
    yield from (f"          {deeper}{line}" for line in text.splitlines())
