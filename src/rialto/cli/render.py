"""`rialto render`: the configuration of what stands in front of the shop or watches it. Nothing of the shop is changed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from rialto.app import ALL
from rialto.cli.run import refuse
from rialto.kernel.settings import Settings
from rialto.observability.dashboards import render_dashboards
from rialto.observability.rules import render_rules
from rialto.observability.scraping import render_scraping, targets_of
from rialto.proxy.nginx import render
from rialto.proxy.routes import routes_of
from rialto.proxy.site import site_of
from rialto.topology import ONE, topology_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        choices=["nginx", "prometheus", "rules", "dashboards"],
        metavar="WHAT",
        help="nginx: the proxy; prometheus: whom it asks; rules: objectives and alerts; dashboards: Grafana's",
    )
    parser.add_argument(
        "--to", metavar="FOLDER", help="where dashboards are written, one file each; needed for them"
    )


def run(options: argparse.Namespace, settings: Settings, out: Callable[[str], None]) -> int:
    """Raises SettingWrong."""
    if options.what == "dashboards":
        return _write(options.to, render_dashboards(), out)
    texts: dict[str, Callable[[], str]] = {
        "nginx": lambda: _nginx(settings),
        "prometheus": lambda: _prometheus(settings),
        "rules": render_rules,
    }
    out(texts[options.what]().removesuffix("\n"))
    return 0


def _nginx(settings: Settings) -> str:
    topology = topology_of(settings.topology, [service.name for service in ALL])
    routes = routes_of(topology, ALL)
    site = site_of(settings, {route.group for route in routes})
    if not settings.trusted_proxies:
        sys.stderr.write(
            "RIALTO_TRUSTED_PROXIES is not set: a shop with these settings takes all clients of the proxy for one.\n"
        )
    return render(site, routes)


def _prometheus(settings: Settings) -> str:
    topology = topology_of(settings.topology, [service.name for service in ALL])
    own = f"{settings.ops_host}:{settings.ops_port}"
    peers = {**topology.peers, **settings.peers}
    targets = targets_of(peers, own=own, group=settings.group or ONE)
    return render_scraping(targets, tls=settings.internal)


def _write(folder: str | None, files: Mapping[str, str], out: Callable[[str], None]) -> int:
    if folder is None:
        return refuse("Dashboards are several files: say where with --to FOLDER.", 2)
    try:
        for name, text in files.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
            out(name)
    except OSError as problem:
        return refuse(f"{folder} cannot be written to ({problem.strerror}).")
    return 0
