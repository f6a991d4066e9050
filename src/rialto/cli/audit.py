"""`rialto audit`: the invariants, proved on the live database. Exit code 1 and the offending ids when one is broken."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from rialto.app import App


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Check that stock, money, orders and events agree. Changes nothing."


async def run(app: App, out: Callable[[str], None]) -> int:
    found = await app.audit()
    for finding in found:
        out(f"{finding.invariant}  {finding.subject}: {finding.text}")
    checks = sum(len(service.audits) for service in app.services)
    out(f"{checks} checks, {len(found)} findings." if found else f"{checks} checks, no finding.")
    return 1 if found else 0
