"""The access log: one JSON object a line, with what an operator needs and nothing about people.

No client address, cookie, query or user agent. A path may hold what opens something (a guest's cart, a voucher's code), so its
segments with digits, or long ones, are written as `*`, except where the address is the same for everybody.
"""

from __future__ import annotations

from rialto.proxy.words import block

MASKED_MAX = 4
FIELDS = (
    ("at", '"$time_iso8601"'),
    ("request_id", '"$request_id"'),
    ("method", '"$request_method"'),
    ("path", '"$shown_path"'),
    ("protocol", '"$server_protocol"'),
    ("status", "$status"),
    ("bytes", "$body_bytes_sent"),
    ("seconds", "$request_time"),
    ("cache", '"$upstream_cache_status"'),
    ("upstream", '"$upstream_addr"'),
    ("upstream_status", '"$upstream_status"'),
    ("upstream_seconds", '"$upstream_response_time"'),
)


def log_maps() -> list[str]:
    """Needs `$raw_path` and `$anonymous`."""
    lines: list[str] = []
    for number in range(MASKED_MAX):
        before = f"$masked_{number - 1}" if number else "$raw_path"
        # Possessive: `v1` has a digit and is to be read.
        first = rf"(?<a{number}>(?:/v1(?=/|$))?+(?:/[^/0-9@%]{{0,23}}(?=/|$))*+)"
        pattern = rf'"~^{first}/(?:[^/]*[0-9@%][^/]*|[^/]{{24,}})(?<b{number}>/.*)?$"'
        lines += block(
            f"map {before} $masked_{number}", [f"default {before};", f'{pattern} "$a{number}/*$b{number}";']
        )
    lines += block("map $anonymous $shown_path", [f"default $masked_{MASKED_MAX - 1};", "1 $raw_path;"])
    fields = ",".join(f'"{name}":{value}' for name, value in FIELDS)
    return [*lines, f"log_format requests escape=json '{{{fields}}}';"]
