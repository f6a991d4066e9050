"""Objectives and alerts: each fires when it should and rests when it should not, by Prometheus' own tool."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from rialto.app import ALL
from rialto.kernel.clock import SystemClock
from rialto.kernel.settings import InternalFiles
from rialto.observability.dashboards import DASHBOARDS, render_dashboards
from rialto.observability.rules import all_alerts, burn_alerts, render_rules, rules_of
from rialto.observability.scraping import Target, render_scraping, targets_of
from rialto.observability.slos import BROWSING, BUYING, PRODUCT, SLOS
from rialto.proxy.certificates import ensure_local_ca
from rialto.proxy.routes import answerers
from rialto.topology import GROUPS, topology_of
from tests.observability.cases import CASES, Case
from tests.support.prometheus import needs_promtool, promtool
from tests.tidy.sources import ROOT

pytestmark = pytest.mark.fast

RENDERED = ROOT / "deploy" / "observability"


def matched(pattern: str) -> set[str]:
    """The routes that an objective is about, as Prometheus matches (anchored)."""
    names = {template for template, _ in answerers(topology_of(GROUPS, [s.name for s in ALL]), ALL)}
    return {name for name in names if re.fullmatch(pattern, name)}


def test_objectives_are_about_the_routes_they_mean() -> None:
    assert matched(PRODUCT) == {"/{lang:str}/p/{slug:str}", "/v1/products/{ref:str}"}
    assert matched(BROWSING) == matched(PRODUCT) | {
        "/{lang:str}",
        "/{lang:str}/c/{slug:str}",
        "/{lang:str}/collections/{slug:str}",
        "/{lang:str}/search",
        "/v1/categories",
        "/v1/collections",
        "/v1/products",
        "/v1/suggest",
    }
    assert matched(BUYING) == {
        "/v1/checkout",
        "/v1/checkout/{order_id:str}/continue",
        "/{lang:str}/checkout/place",
        "/{lang:str}/checkout/return/{order_id:str}",
    }


def test_what_is_deployed_is_what_is_rendered() -> None:
    """After a change: `rialto render rules > deploy/observability/rules.yml`, and so on."""
    assert (RENDERED / "rules.yml").read_text("utf-8") == render_rules()
    kept = {file.name: file.read_text("utf-8") for file in (RENDERED / "grafana").iterdir()}
    assert kept == render_dashboards()


@needs_promtool
def test_promtool_takes_the_rules_and_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(render_rules(), encoding="utf-8")
    configuration = tmp_path / "prometheus.yml"
    targets = targets_of(
        {"sell": ("sell.example.internal:8001", "10.0.0.1:8001")}, own="127.0.0.1:8001", group="shop"
    )
    inside = ensure_local_ca(tmp_path / "inside", ("sell",), SystemClock())
    files = InternalFiles(certificate=inside.certificate, key=inside.key, ca=inside.ca)
    configuration.write_text(render_scraping(targets, tls=files), encoding="utf-8")
    done = promtool("check", "config", str(configuration))
    assert done.returncode == 0, done.stderr


def test_whoever_is_scraped_belongs_to_a_group() -> None:
    peers = {"sell": ("sell:1",), "shop": ("10.0.0.1:1", "10.0.0.2:1")}
    assert targets_of(peers, own="127.0.0.1:8001", group="shop") == [
        Target(address="sell:1", group="sell"),
        Target(address="10.0.0.1:1", group="shop"),
        Target(address="10.0.0.2:1", group="shop"),
    ]
    text = render_scraping([Target(address="localhost:1", group="one", name="shop-1")])
    assert "labels: {instance: 'shop-1'}" in text
    assert "{target_label: group, replacement: 'one'}" in text
    assert "dns_sd" not in text
    assert "https" not in text


def test_every_alert_is_tried_both_ways() -> None:
    names = [alert.name for alert in all_alerts()]
    assert len(names) == len(set(names))
    for fires in (0, 1):
        assert {case.alert for case in CASES if case.fires == fires} == set(names)


@needs_promtool
@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_alert_fires_when_it_should_only(case: Case, tmp_path: Path) -> None:
    # What the case is about, as often as it has samples: all rules, minute by minute, take the tool a minute for a day.
    slos = [slo for slo in SLOS if case.alert in {alert.name for alert in burn_alerts(slo)}]
    alerts = [alert for alert in all_alerts() if alert.name == case.alert]
    rules = rules_of(slos, alerts).replace("    interval: 1m\n", "")
    # In one group, so in this order: the tool takes groups in any, and what was recorded ten minutes ago is no value any more.
    for group in ("rialto-funnel", "rialto-alerts"):
        rules = rules.replace(f"  - name: {group}\n    rules:\n", "")
    (tmp_path / "rules.yml").write_text(rules, encoding="utf-8")
    test = tmp_path / "test.json"
    whole: dict[str, object] = {"rule_files": ["rules.yml"], "evaluation_interval": f"{case.step}m"}
    whole["tests"] = [case.as_promtool_test()]
    test.write_text(json.dumps(whole), encoding="utf-8")
    done = promtool("test", "rules", str(test))
    assert done.returncode == 0, done.stdout + done.stderr


def test_dashboards_have_names_of_their_own_and_no_panel_twice() -> None:
    assert len({dashboard.name for dashboard in DASHBOARDS}) == len(DASHBOARDS)
    for dashboard in DASHBOARDS:
        titles = [panel.title for panel in dashboard.panels]
        assert len(titles) == len(set(titles)), dashboard.name
