"""Prometheus' own configuration: whom it asks, and where its rules are."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence

from rialto.kernel.service import Frozen
from rialto.kernel.settings import InternalFiles

RULES_FILE = "rules.yml"
EVERY = "15s"


class Target(Frozen):
    """An operations port, `host:port`. `name` is what graphs and alerts call it; without one, its address."""

    address: str
    group: str
    name: str | None = None


def targets_of(peers: Mapping[str, Sequence[str]], *, own: str, group: str) -> list[Target]:
    """Everything that RIALTO_PEERS names; a group that it does not name is this process, at `own`."""
    own = own.replace("0.0.0.0:", "127.0.0.1:")
    named = [Target(address=address, group=name) for name, found in peers.items() for address in found]
    return named if group in peers else [Target(address=own, group=group), *named]


def render_scraping(
    targets: Sequence[Target],
    *,
    tls: InternalFiles | None = None,
    rules: str = RULES_FILE,
    every: str = EVERY,
) -> str:
    """YAML. A host name is asked for all its addresses again and again; numbers and localhost are what they are.

    With `tls` Prometheus proves who it is by that certificate, and takes a group's processes for it by the group's name.
    """
    lines = [
        "# Made by `rialto render prometheus`.",
        "global:",
        f"  scrape_interval: {every}",
        f"  evaluation_interval: {every}",
        f"rule_files: ['{rules}']",
        "scrape_configs:",
    ]
    for group in dict.fromkeys(target.group for target in targets):
        lines += _of_group(group, [target for target in targets if target.group == group], tls)
    return "\n".join(lines) + "\n"


def _of_group(group: str, targets: Sequence[Target], tls: InternalFiles | None) -> Iterator[str]:
    """A job of its own: certificates are held against one name per job."""
    yield f"  - job_name: rialto-{group}"
    if tls is not None:
        yield "    scheme: https"
        yield "    tls_config:"
        yield f"      server_name: '{group}'"
        yield f"      ca_file: '{tls.ca}'"
        yield f"      cert_file: '{tls.certificate}'"
        yield f"      key_file: '{tls.key}'"
    fixed = [target for target in targets if _is_fixed(target.address)]
    named = [target for target in targets if not _is_fixed(target.address)]
    if fixed:
        yield "    static_configs:"
    for target in fixed:
        yield f"      - targets: ['{target.address}']"
        if target.name:
            yield f"        labels: {{instance: '{target.name}'}}"
    if named:
        yield "    dns_sd_configs:"
    for target in named:
        host, _, port = target.address.rpartition(":")
        yield f"      - {{names: ['{host}'], type: A, port: {port}}}"
    yield "    relabel_configs:"
    yield f"      - {{target_label: group, replacement: '{group}'}}"


def _is_fixed(address: str) -> bool:
    host = address.rpartition(":")[0]
    if host == "localhost":
        return True
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
