"""What nginx keeps: answers that are the same for everybody, for as long as they say themselves.

The addresses are the shop's own list (edge/cached.py), compared with what was asked as it stands, not as nginx tidies it up.
Such a request reaches the shop as one from nobody: of all its headers only those arrive that the answer may depend on, and
exactly those are in the key. So no answer can be kept that was made for somebody, and none be found by whom it is not for.

How long: `s-maxage` says how long an answer is fresh, `stale-while-revalidate` and `stale-if-error` how much longer it may be
shown while it is made anew or cannot be. nginx reads all three itself. One directive goes beyond them: while the shop answers
with a failure, the old answer is shown however old it is. Nothing is purged (docs/adr/0015). Everything else (carts, checkout, accounts, staff, whatever has a token) goes past the cache.
"""

from __future__ import annotations

from rialto.edge.cached import ANONYMOUS, QUERY_MAX
from rialto.proxy.site import Site
from rialto.proxy.words import block, told_always


def kept_maps(site: Site) -> list[str]:
    """`$kept`: this request may be answered from what is kept. The rest is what its answer may depend on."""
    origins = [f'"{origin}" "{origin}";' for origin in sorted(site.origins)]
    return [
        *block("map $raw_path $anonymous", ["default 0;", f'"~{ANONYMOUS.pattern.decode()}" 1;']),
        # A repetition stops at 65535, and nginx takes no longer line than 8 kB.
        *block("map $args $long_query", ["default 0;", f'"~^.{{{QUERY_MAX + 1}}}" 1;']),
        *block(
            'map "$request_method $anonymous $has_token $long_query" $kept',
            ["default 0;", '"~^(?:GET|HEAD) 1 0 0$" 1;'],
        ),
        *(line for name in ("currency", "language") for line in _cookie(name)),
        # Pages have their language in the address.
        *block("map $raw_path $kept_api", ["default 0;", '"~^/v1/" 1;']),
        *block(
            'map "$kept_api $http_accept_language" $kept_language',
            ['default "";', '"~^1 (?<asked_language>.{1,64})" $asked_language;'],
        ),
        *(
            block('map "$kept_api $http_origin" $kept_origin', ['default "";', *_for_api(origins)])
            if origins
            else []
        ),
    ]


def kept_location(site: Site) -> list[str]:
    """Where a location sends what `$kept` says, with `$group` set."""
    origin = "$kept_origin" if site.origins else ""
    release = "$release" if site.canary_percent and site.canary else ""
    return block(
        "location @kept",
        [
            "proxy_pass http://$group$request_uri;",
            "proxy_pass_request_headers off;",
            "proxy_pass_request_body off;",
            "proxy_set_header Host $http_host;",
            'proxy_set_header Connection "";',
            'proxy_set_header Content-Length "";',
            "proxy_set_header X-Request-Id $request_id;",
            "proxy_set_header X-Forwarded-For $remote_addr;",
            "proxy_set_header X-Forwarded-Proto $scheme;",
            "proxy_set_header Accept-Encoding gzip;  # kept once; unpacked for whoever cannot",
            "proxy_set_header Accept-Language $kept_language;",
            'proxy_set_header Cookie "$kept_currency$kept_preference";',
            *([f"proxy_set_header Origin {origin};"] if origin else []),
            "gunzip on;",
            "proxy_cache kept;",
            # What may hold anything stands last: no key can be written in two ways.
            f'proxy_cache_key "$http_host {release} {origin} $kept_currency $kept_preference $request_uri $kept_language";',
            "proxy_ignore_headers Vary;  # what an answer depends on is in the key",
            "proxy_cache_lock on;",
            "proxy_cache_lock_age 5s;",
            # Those who wait look twice a second: at most this long, since the shop makes an answer once as well.
            "proxy_cache_lock_timeout 100ms;",
            "proxy_cache_background_update on;",
            # The shop's own stale-if-error nginx applies to servers it cannot reach only.
            "proxy_cache_use_stale http_500 http_502 http_503 http_504;",
            "proxy_cache_revalidate on;",
            *told_always(site),
            "add_header X-Cache $upstream_cache_status always;",
        ],
    )


def _cookie(name: str) -> list[str]:
    """The cookie as the shop reads it, and nothing beside it."""
    variable = "kept_preference" if name == "language" else f"kept_{name}"
    pattern = rf'"~(?:^|;\s*){name}=(?<asked_{variable}>[A-Za-z-]{{2,8}})(?:;|$)"'
    return block(f"map $http_cookie ${variable}", ['default "";', f'{pattern} "{name}=$asked_{variable}; ";'])


def _for_api(origins: list[str]) -> list[str]:
    return [line.replace('"', '"1 ', 1) for line in origins]
