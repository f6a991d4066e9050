"""`rialto render nginx`: the configuration of the proxy in front, on standard output. Nothing is changed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from rialto.app import ALL
from rialto.kernel.settings import Settings
from rialto.proxy.nginx import render
from rialto.proxy.routes import routes_of
from rialto.proxy.site import site_of
from rialto.topology import topology_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["nginx"], metavar="nginx", help="the proxy that is configured")


def run(settings: Settings, out: Callable[[str], None]) -> int:
    """Raises SettingWrong."""
    topology = topology_of(settings.topology, [service.name for service in ALL])
    routes = routes_of(topology, ALL)
    site = site_of(settings, {route.group for route in routes})
    if not settings.trusted_proxies:
        sys.stderr.write(
            "RIALTO_TRUSTED_PROXIES is not set: a shop with these settings takes all clients of the proxy for one.\n"
        )
    out(render(site, routes).removesuffix("\n"))
    return 0
