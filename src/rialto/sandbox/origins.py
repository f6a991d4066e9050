"""Where the sandbox may send a browser: to the shop's own origins and nowhere else."""

from __future__ import annotations

import re
from urllib.parse import urlencode, urlsplit, urlunsplit

from rialto.sandbox.errors import Refused

URL_LENGTH_MAX = 2000
_ORIGIN = re.compile(r"https?://[a-z0-9.\-]+(:\d{1,5})?|https?://\[[0-9a-f:]+\](:\d{1,5})?", re.ASCII)
# Browsers drop tabs and newlines and read a backslash as a slash; no honest URL has any of them.
_PLAIN = re.compile(r"[!-\[\]-~]+", re.ASCII)
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def parse_origin(text: str) -> str:
    """An origin as browsers write it: lower case, no path, no default port. Raises ValueError."""
    origin = text.strip().lower().removesuffix("/")
    if not _ORIGIN.fullmatch(origin):
        raise ValueError(f"{text[:80]!r} is not an origin such as http://localhost:8000")
    scheme = origin.partition(":")[0]
    return origin.removesuffix(_DEFAULT_PORTS[scheme])


def check_shop_url(url: str, shop_origins: tuple[str, ...]) -> str:
    """Answer `url` if it lies on one of the shop's origins; raise `return_url_refused` otherwise."""
    if len(url) <= URL_LENGTH_MAX and _PLAIN.fullmatch(url):
        scheme, slashes, rest = url.partition("://")
        host = re.split(r"[/?#]", rest, maxsplit=1)[0]
        try:
            if slashes and parse_origin(f"{scheme}://{host}") in shop_origins:
                return url
        except ValueError:
            pass
    raise Refused("return_url_refused", "The address is not on the shop's own origin.")


def with_parameters(url: str, **parameters: str) -> str:
    """`url` with query parameters added behind those it has."""
    parts = urlsplit(url)
    query = "&".join(filter(None, (parts.query, urlencode(parameters))))
    return urlunsplit(parts._replace(query=query))
