"""A door for people to what stands on the operations port of processes that take certificates only: the mail viewer.

For a platform on one machine, on loopback and without TLS of its own; the sites that operators render have none.
"""

from __future__ import annotations

from rialto.proxy.site import Inside
from rialto.proxy.words import block


def inside_door(inside: Inside) -> list[str]:
    """An upstream and a server that knows one page and what is below it."""
    return [
        *block("upstream inside", [f"server {address};" for address in inside.servers]),
        *block(
            "server",
            [
                f"listen {inside.listen};",
                "access_log off;",
                f"proxy_ssl_certificate {inside.certificate};",
                f"proxy_ssl_certificate_key {inside.key};",
                f"proxy_ssl_trusted_certificate {inside.ca};",
                "proxy_ssl_verify on;",
                f"proxy_ssl_name {inside.name};",
                "proxy_ssl_protocols TLSv1.2 TLSv1.3;",
                'location ~ "^/mail(?:[./]|$)" { proxy_pass https://inside; }',
                "location / { return 404; }",
            ],
        ),
    ]
