"""How much one client may ask for, by what kind of asking it is.

A client is an address, of IPv6 its network: whoever has one address there has all of them. It is never a token. nginx cannot
tell a token from a made-up one, so each made-up one would be a client of its own; and what nginx counts by stands in memory
that all its processes share, where secrets have no business. What an account may do is the shop's to count.
"""

from __future__ import annotations

from rialto.proxy.site import Rates
from rialto.proxy.words import block

# Addresses where passwords, codes and tokens can be tried. A session's renewal is none: every page of a day needs it.
SIGNING_IN = (
    r"^POST /(?:v1/auth/(?!refresh|logout)|v1/account/(?:password|email|erasure)|v1/gift-cards/"
    r"|[a-z]{2}/account/(?:sign-in|register|forgot|reset|verify|take-back|security/|profile/(?:email|password)|data/)"
    r"|admin/(?:sign-in|me/))"
)
STAFF = r"^0 /admin(?:/|$)"


def limit_zones(rates: Rates) -> list[str]:
    """Needs `$raw_path` and `$has_token`."""
    return [
        *block(
            "map $binary_remote_addr $client",
            ["default $binary_remote_addr;", '"~(?s)^(?<client_network>.{8}).{8}$" $client_network;'],
        ),
        *block(
            'map "$has_token $raw_path" $client_kind',
            ["default guest;", '"~^1 " token;', f'"~{STAFF}" staff;'],
        ),
        *(
            line
            for kind in ("guest", "token", "staff")
            for line in block(f"map $client_kind $client_{kind}", ['default "";', f"{kind} $client;"])
        ),
        *block(
            'map "$request_method $raw_path" $client_sign_in',
            ['default "";', f'"~{SIGNING_IN}" $client;'],
        ),
        *(f"limit_req_zone $client_{kind} zone={kind}:10m rate={rate};" for kind, rate, _ in _limited(rates)),
        "limit_req_status 429;",
        "limit_req_log_level info;  # such a line would hold the client's address",
        "limit_conn_zone $client zone=at_once:10m;",
        "limit_conn_status 429;",
        "limit_conn_log_level info;",
    ]


def limits(rates: Rates) -> list[str]:
    return [
        *(f"limit_req zone={kind}{_burst(burst)};" for kind, _, burst in _limited(rates)),
        f"limit_conn at_once {rates.requests_at_once};",
    ]


def _burst(count: int) -> str:
    return f" burst={count} nodelay" if count else ""  # nginx takes no 0


def _limited(rates: Rates) -> list[tuple[str, str, int]]:
    kinds = [
        ("guest", rates.guest_per_s, "r/s", rates.guest_burst),
        ("token", rates.token_per_s, "r/s", rates.token_burst),
        ("staff", rates.staff_per_s, "r/s", rates.staff_burst),
        ("sign_in", rates.sign_in_per_min, "r/m", rates.sign_in_burst),
    ]
    return [(kind, f"{rate}{unit}", burst) for kind, rate, unit, burst in kinds if rate]
