"""What the parts of the configuration are written with."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rialto.proxy.site import Site


def block(head: str, lines: Sequence[str]) -> list[str]:
    return [f"{head} {{", *(f"    {line}" if line else "" for line in lines), "}"]


def hosts_pattern(names: Sequence[str]) -> str:
    return f"(?:{'|'.join(re.escape(name) for name in names)})"


def told_always(site: Site) -> list[str]:
    """Headers of every answer. A location that adds one of its own must repeat these: nginx inherits all or none."""
    below = "; includeSubDomains" if site.hsts_subdomains else ""
    strict = f'add_header Strict-Transport-Security "max-age={site.hsts_s}{below}" always;'
    return [*([strict] if site.hsts_s else []), "add_header X-Request-Id $request_id always;"]
