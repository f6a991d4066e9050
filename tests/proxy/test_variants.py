"""nginx takes what is rendered in every variant, and has nothing to say about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rialto.proxy.site import Rates, Server
from tests.proxy.running import NO_LIMITS, checked, needs_nginx
from tests.proxy.sites import TOPOLOGIES, a_site

pytestmark = needs_nginx

NEXT = (Server(address="127.0.0.1:8201"),)
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "without http": {"plain": None},
    "with a canary": {"canary_percent": 10, "canary": {}},
    "all to the canary": {"canary_percent": 100, "canary": {}},
    "without bursts": {"rates": Rates(guest_burst=0, token_burst=0, staff_burst=0, sign_in_burst=0)},
    "without limits": {"rates": NO_LIMITS},
    "for scripts elsewhere": {"origins": ("https://app.example", "http://localhost:3000")},
    "strict below, too": {"hsts_subdomains": True},
    "without strictness": {"hsts_s": 0},
    "by addresses": {"names": ("127.0.0.1", "[::1]"), "listen": "[::1]:8443"},
}


@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_nginx_takes_every_variant(topology: str, variant: str, tmp_path: Path) -> None:
    changes = dict(VARIANTS[variant])
    if "canary" in changes:
        changes["canary"] = {next(iter(a_site(topology).groups)): NEXT}
    done = checked(a_site(topology, **changes), tmp_path, topology)
    assert (done.returncode, "warn" in done.stderr) == (0, False), done.stderr
