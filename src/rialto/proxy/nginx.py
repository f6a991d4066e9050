"""The nginx configuration, whole: `render(site, routes)` is the text of one file, and the same for the same site.

What it is meant to do is said where each part is written (kept.py, limits.py, answers.py) and in docs/operations.md.
Nothing needs a module that Debian's nginx-light lacks.
"""

from __future__ import annotations

from collections.abc import Sequence

from rialto.kernel.http import BODY_BYTES_MAX
from rialto.proxy.answers import answers, audience_maps, errors, hidden, problem
from rialto.proxy.inside import inside_door
from rialto.proxy.kept import kept_location, kept_maps
from rialto.proxy.limits import limit_zones, limits
from rialto.proxy.logged import log_maps
from rialto.proxy.routes import Match, Route
from rialto.proxy.site import Server, Site
from rialto.proxy.words import block, hosts_pattern, told_always

# Mozilla's intermediate list without its DHE suites, which would need parameters of our own and serve no browser of today.
CIPHERS = (
    *("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"),
    *("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"),
    *("ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"),
)
TEXTS = (
    *("text/plain", "text/css", "text/javascript", "application/javascript", "application/json"),
    *("application/problem+json", "application/xml", "application/manifest+json", "image/svg+xml"),
)
HTTPS_PORT = "443"


def render(site: Site, routes: Sequence[Route]) -> str:
    """The configuration. Its certificate's files and the folder must exist when nginx reads it."""
    http = [
        *_writing(site),
        "",
        *_serving(),
        "",
        *_asked(site),
        *kept_maps(site),
        *log_maps(),
        *audience_maps(),
        *limit_zones(site.rates),
        "",
        *(line for name in sorted(site.groups) for line in _upstreams(site, name)),
        *_canary(site),
        "",
        *_strangers(site),
        *(_redirects(site) if site.plain else ()),
        *_shop(site, routes),
        *(inside_door(site.inside) if site.inside else ()),
    ]
    lines = [
        "# Rendered by rialto; changes belong into its settings.",
        "daemon off;  # whoever starts it watches it",
        *([f"user {site.user};"] if site.user else []),
        f"pid {site.folder}/nginx.pid;",
        # A line there holds address and query of the request it is about; what failed stands in the access log without.
        f"error_log {site.folder}/error.log crit;",
        "worker_processes auto;",
        "worker_rlimit_nofile 16384;",
        "worker_shutdown_timeout 30s;",
        *block("events", ["worker_connections 4096;"]),
        *block("http", http),
    ]
    return "\n".join(lines) + "\n"


def _writing(site: Site) -> list[str]:
    """Everything that is written goes into one folder."""
    kept = f"max_size={site.cache_mb}m inactive=1h use_temp_path=off"
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    return [
        *(f"{kind}_temp_path {site.folder}/temp-{kind};" for kind in kinds),
        f"proxy_cache_path {site.folder}/cache levels=1:2 keys_zone=kept:16m {kept};",
    ]


def _serving() -> list[str]:
    return [
        "default_type application/octet-stream;",
        "server_tokens off;",
        "sendfile on;",
        "tcp_nopush on;",
        "merge_slashes off;",
        "",
        "# Who is slow to ask or to listen has his place taken by others.",
        "client_header_timeout 10s;",
        "client_body_timeout 10s;",
        "send_timeout 10s;",
        "keepalive_timeout 30s;",
        "keepalive_requests 1000;",
        "reset_timedout_connection on;",
        "lingering_time 5s;  # a body that was refused is not listened to for long",
        "lingering_timeout 2s;",
        "client_header_buffer_size 1k;",
        "large_client_header_buffers 4 8k;",
        "client_body_buffer_size 64k;",
        f"client_max_body_size {BODY_BYTES_MAX};",
        "http2_max_concurrent_streams 64;",
        "",
        "ssl_protocols TLSv1.2 TLSv1.3;",
        f"ssl_ciphers {':'.join(CIPHERS)};",
        "ssl_prefer_server_ciphers off;",
        "ssl_ecdh_curve X25519:prime256v1:secp384r1;",
        "ssl_session_cache shared:tls:10m;",
        "ssl_session_timeout 1h;",
        "ssl_session_tickets off;  # their key would live as long as the process",
        "",
        "gzip on;",
        "gzip_comp_level 5;",
        "gzip_min_length 500;",
        "gzip_proxied any;",
        "gzip_vary on;",
        f"gzip_types {' '.join(TEXTS)};",
        "",
        "proxy_http_version 1.1;",
        "proxy_connect_timeout 1s;",
        "proxy_send_timeout 10s;",
        "proxy_read_timeout 60s;",
        "proxy_buffer_size 16k;",
        "proxy_buffers 16 16k;",
        "proxy_busy_buffers_size 32k;",
        "proxy_max_temp_file_size 64m;",
        "# Another replica is asked once, soon, and only by what was not sent yet; reading may be asked for again.",
        "proxy_next_upstream error timeout;",
        "proxy_next_upstream_tries 2;",
        "proxy_next_upstream_timeout 5s;",
        "proxy_hide_header X-Request-Id;",
    ]


def _asked(site: Site) -> list[str]:
    """What is asked for, as the shop reads it: nginx's own `$uri` is decoded and tidied up."""
    return [
        *block("map $request_uri $raw_path", ['"~^(?<asked_path>[^?]*)" $asked_path;']),
        # Two readings of one address are one too many: caches and limits would go by the other.
        *block(
            "map $raw_path $crooked",
            ["default 0;", r'"~*(?:%2f|%5c|%00|//|/(?:\.|%2e){1,2}(?:/|$))" 1;'],
        ),
        *block(
            "map $http_host $stranger", ["default 1;", f'"~*^{hosts_pattern(site.names)}(?::[0-9]+)?$" 0;']
        ),
        *block("map $request_method $once", ["default 0;", "PUT 1;", "DELETE 1;"]),
        *block("map $http_authorization $has_token", ['"" 0;', "default 1;"]),
    ]


def _upstreams(site: Site, name: str) -> list[str]:
    lines = _upstream(name, site.groups[name])
    if site.canary_percent and name in site.canary:
        # When the new release is nowhere to be reached, its clients get the present one.
        lines += _upstream(f"{name}.next", site.canary[name], behind=site.groups[name])
    return lines


def _upstream(name: str, servers: Sequence[Server], *, behind: Sequence[Server] = ()) -> list[str]:
    return block(
        f"upstream {name}",
        [
            f"zone {name} 128k;",
            "least_conn;",
            *(_server(server) for server in servers),
            *(_server(server, " backup") for server in behind),
            "keepalive 64;",
            "keepalive_timeout 2s;  # shorter than the shop's own, so that it is never the shop that closes",
            "keepalive_requests 10000;",
        ],
    )


def _server(server: Server, role: str = "") -> str:
    down = " down" if server.down else ""
    return f"server {server.address} weight={server.weight} max_fails=2 fail_timeout=5s{down}{role};"


def _canary(site: Site) -> list[str]:
    if not (site.canary_percent and site.canary):
        return []
    parts = {100: ['* ".next";']}.get(site.canary_percent, [f'{site.canary_percent}% ".next";', '* "";'])
    return block('split_clients "$remote_addr $http_user_agent" $release', parts)


def _tls(site: Site, extra: str = "") -> list[str]:
    return [
        f"listen {site.listen} ssl http2{extra};",
        f"ssl_certificate {site.certificate};",
        f"ssl_certificate_key {site.key};",
    ]


def _strangers(site: Site) -> list[str]:
    """Names that are not ours are answered nothing that could be kept or believed under them."""
    lines = [
        *_tls(site, " default_server backlog=4096"),
        "server_name _;",
        *_refusing_strangers(),
        "access_log off;",
    ]
    return block("server", lines)


def _refusing_strangers() -> list[str]:
    return ["default_type application/problem+json;", f"return 421 '{problem(421)}';"]


def _redirects(site: Site) -> list[str]:
    port = site.listen.rpartition(":")[2]
    shown = "" if port == HTTPS_PORT else f":{port}"
    return [
        *block(
            "server",
            [
                f"listen {site.plain} default_server;",
                "server_name _;",
                "access_log off;",
                *_refusing_strangers(),
            ],
        ),
        *block(
            "server",
            [
                f"listen {site.plain};",
                f"server_name {' '.join(site.names)};",
                "access_log off;",
                f"return 308 https://$host{shown}$request_uri;",
            ],
        ),
    ]


def _shop(site: Site, routes: Sequence[Route]) -> list[str]:
    return block(
        "server",
        [
            *_tls(site),
            f"server_name {' '.join(site.names)};",
            f"access_log {site.folder}/access.log requests;",
            *told_always(site),
            *limits(site.rates),
            *_passed(),
            *errors(),
            f"if ($stranger) {{ return 421 '{problem(421)}'; }}",
            f"if ($crooked) {{ return 400 '{problem(400)}'; }}",
            "default_type application/problem+json;  # of those two",
            "",
            *hidden(),
            *(line for route in routes for line in _location(site, route)),
            "",
            *kept_location(site),
            *block(
                "location @once",
                [
                    "proxy_next_upstream off;  # twice may not be what was asked for",
                    "proxy_pass http://$group$request_uri;",
                ],
            ),
            *answers(site),
        ],
    )


def _passed() -> list[str]:
    """What the shop is told of the client, and nothing that the client says of itself in our words."""
    return [
        "proxy_set_header Host $http_host;",
        'proxy_set_header Connection "";',
        "proxy_set_header X-Request-Id $request_id;",
        "proxy_set_header X-Forwarded-For $remote_addr;",
        "proxy_set_header X-Forwarded-Proto $scheme;",
        *(
            f'proxy_set_header {name} "";'
            for name in ("Forwarded", "X-Forwarded-Host", "X-Real-IP", "Upgrade", "traceparent", "tracestate")
        ),
    ]


def _location(site: Site, route: Route) -> list[str]:
    address = f'"{route.address}"' if route.match is Match.PATTERN else route.address
    head = " ".join(("location", *([route.match.value] if route.match.value else []), address))
    group = f"{route.group}$release" if site.canary_percent and route.group in site.canary else route.group
    larger = route.body_bytes_max != BODY_BYTES_MAX
    return block(
        head,
        [
            *([f"client_max_body_size {route.body_bytes_max};"] if larger else []),
            f'set $group "{group}";',
            "if ($kept) { return 418; }",
            "if ($once) { return 419; }",
            f"proxy_pass http://{group};" if "$" not in group else "proxy_pass http://$group$request_uri;",
        ],
    )
