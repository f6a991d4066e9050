"""How long a request may take by its class, whatever it waits for. Every call that it makes takes at most what is left.

Each operation has its own limit (kernel/service.py), but a page asks several of them, one after the other; while something
hangs their limits would add up. What takes longer on purpose (imports, exports, staff's pages) has the longest class.
"""

from __future__ import annotations

import re

BROWSE_S = 2.0
CART_S = 5.0
CHECKOUT_S = 15.0
OTHERS_S = 60.0

_READING = frozenset({"GET", "HEAD"})
# The first that fits, by method and path.
_BROWSE = re.compile(
    r"/(?:v1/(?:products|categories|collections|suggest)(?:/|$)|sitemap\.xml$|$"
    r"|[a-z]{2}(?:/(?:$|c/|p/|collections/|search$|pages/|recent$)|$))"
)
_CHECKOUT = re.compile(r"/(?:v1/checkout|[a-z]{2}/checkout)(?:/|$)")
_CART = re.compile(r"/(?:v1/carts|[a-z]{2}/cart)(?:/|$)")


def seconds_for(method: str, path: str) -> float:
    """The class of a request; it is told by its address, since a deadline begins before the request is understood."""
    if method in _READING and _BROWSE.match(path):
        return BROWSE_S
    if _CHECKOUT.match(path):
        return CHECKOUT_S
    return CART_S if _CART.match(path) else OTHERS_S
