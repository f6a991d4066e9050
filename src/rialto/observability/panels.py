"""What stands on a dashboard, in few words, and how Grafana writes it down.

A panel is a title, PromQL and a unit. Grafana's files hold what it would save itself, shortened to what differs from its
defaults (its JSON model, version 39 of the schema).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

WIDE = 24  # Grafana's grid
HEIGHT = 8
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True, kw_only=True)
class Query:
    """`legend` names a series by its labels, `{{label}}`."""

    promql: str
    legend: str = ""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """`unit` is Grafana's name. `single`: the newest number, large, instead of a curve. `width` of 24."""

    title: str
    queries: Sequence[Query]
    unit: str = "short"
    single: bool = False
    width: int = 12


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """`name` is its file and its address."""

    name: str
    title: str
    panels: Sequence[Panel]


def curve(title: str, promql: str, legend: str = "", *, unit: str = "short", width: int = 12) -> Panel:
    """A panel of one query."""
    return Panel(title=title, queries=(Query(promql=promql, legend=legend),), unit=unit, width=width)


def number(title: str, promql: str, *, unit: str = "short", width: int = 6) -> Panel:
    return Panel(title=title, queries=(Query(promql=promql),), unit=unit, single=True, width=width)


def render_dashboard(dashboard: Dashboard) -> str:
    """Grafana's JSON."""
    panels: list[dict[str, Any]] = []
    x = y = 0
    for number_of, panel in enumerate(dashboard.panels, start=1):
        if x + panel.width > WIDE:
            x, y = 0, y + HEIGHT
        panels.append(_panel(panel, number_of, x=x, y=y))
        x += panel.width
    whole = {
        "uid": f"rialto-{dashboard.name}",
        "title": dashboard.title,
        "tags": ["rialto"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {
            "list": [
                {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
            ]
        },
        "panels": panels,
    }
    return json.dumps(whole, indent=1) + "\n"


def _panel(panel: Panel, number_of: int, *, x: int, y: int) -> dict[str, Any]:
    return {
        "id": number_of,
        "title": panel.title,
        "type": "stat" if panel.single else "timeseries",
        "datasource": SOURCE,
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": SOURCE,
                "expr": query.promql,
                "legendFormat": query.legend or "__auto",
                "instant": panel.single,
                "range": not panel.single,
            }
            for place, query in enumerate(panel.queries)
        ],
    }
