"""Prometheus' own configuration: whom it asks, and where its rules are."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence

from rialto.kernel.service import Frozen

RULES_FILE = "rules.yml"
EVERY = "15s"


class Target(Frozen):
    """An operations port, `host:port`. `name` is what graphs and alerts call it; without one, its address."""

    address: str
    group: str
    name: str | None = None


def targets_of(peers: Mapping[str, Sequence[str]], *, own: str, group: str) -> list[Target]:
    """Everything that RIALTO_PEERS names; a group that it does not name is this process, at `own`."""
    named = [Target(address=address, group=name) for name, found in peers.items() for address in found]
    return named if group in peers else [Target(address=own, group=group), *named]


def render_scraping(targets: Sequence[Target], *, rules: str = RULES_FILE, every: str = EVERY) -> str:
    """YAML. A host name is asked for all its addresses again and again; numbers and localhost are what they are."""
    fixed = [target for target in targets if _is_fixed(target.address)]
    named = [target for target in targets if not _is_fixed(target.address)]
    lines = [
        "# Made by `rialto render prometheus`.",
        "global:",
        f"  scrape_interval: {every}",
        f"  evaluation_interval: {every}",
        f"rule_files: ['{rules}']",
        "scrape_configs:",
        "  - job_name: rialto",
    ]
    if fixed:
        lines.append("    static_configs:")
        for target in fixed:
            name = f", instance: '{target.name}'" if target.name else ""
            lines.append(f"      - targets: ['{target.address}']")
            lines.append(f"        labels: {{group: '{target.group}'{name}}}")
    if named:
        lines.append("    dns_sd_configs:")
        for target in named:
            host, _, port = target.address.rpartition(":")
            lines.append(f"      - {{names: ['{host}'], type: A, port: {port}}}")
        # A looked-up target knows the name it was found by, not whose it is.
        lines.append("    relabel_configs:")
        for target in named:
            host = target.address.rpartition(":")[0]
            lines.append(
                f"      - {{source_labels: [__meta_dns_name], regex: '{host}', target_label: group,"
                f" replacement: '{target.group}'}}"
            )
    return "\n".join(lines) + "\n"


def _is_fixed(address: str) -> bool:
    host = address.rpartition(":")[0]
    if host == "localhost":
        return True
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
