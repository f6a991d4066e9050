"""`rialto audit`: the invariants, proved on the live database. Exit code 1 and the offending ids when one is broken,
3 when none is but something could not be looked at."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from rialto.app import App


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Check that stock, money, orders and events agree. Changes nothing."


async def run(app: App, out: Callable[[str], None]) -> int:
    found = await app.audit()
    for finding in found:
        out(
            f"{finding.invariant}  {finding.subject}: {'' if finding.checked else 'not checked. '}{finding.text}"
        )
    broken = sum(finding.checked for finding in found)
    parts = [f"{sum(len(service.audits) for service in app.services)} checks"]
    parts.append(f"{broken} finding{'' if broken == 1 else 's'}" if broken else "no finding")
    if len(found) > broken:
        parts.append(f"{len(found) - broken} not checked")
    out(f"{', '.join(parts)}.")
    return 1 if broken else 3 if found else 0
