"""Which requests matter more than others when not all can be served, and how long each may take, whatever it waits for.

Each operation has its own limit (kernel/service.py), but a page asks several of them, one after the other; while something
hangs their limits would add up.

Buying, the payment providers' messages and staff come first; then what somebody has begun (a cart, an account, an
order); then looking around, and beginning a cart; then what nobody waits for: robots, feeds, lists for programs, guesses while
somebody types. Whoever has begun is let finish before others begin, as a visit that ends half-way has cost its work and
sold nothing (Cherkasova and Phaal, "Session-Based Admission Control", IEEE Transactions on Computers 51(6), 2002).

A robot is one that says so. One that does not is a customer like any other, and has the rate limit.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rialto.edge.cached import Scope
from rialto.kernel.importance import Importance


class Class(NamedTuple):
    """`importance` is None for what is never refused. `seconds` is how long such a request may take."""

    name: str
    importance: Importance | None
    seconds: float


WATCHING = Class("watching", None, 5)
BUYING = Class("buying", Importance.BUYING, 15)
STAFF = Class("staff", Importance.BUYING, 60)
STEPS = Class("steps", Importance.OWN, 15)
CART = Class("cart", Importance.OWN, 5)
OWN = Class("own", Importance.OWN, 10)
OWN_DATA = Class("own_data", Importance.OWN, 60)
BEGINNING = Class("beginning", Importance.BROWSING, 5)
BROWSING = Class("browsing", Importance.BROWSING, 2)
SPARE = Class("spare", Importance.SPARE, 2)
CLASSES = (WATCHING, BUYING, STAFF, STEPS, CART, OWN, OWN_DATA, BEGINNING, BROWSING, SPARE)

PAGE = r"/[a-z]{2}"
# The first that fits counts. What fits none is BROWSING when it is read and OWN when it changes something.
BY_ADDRESS: tuple[tuple[str, Class], ...] = (
    (r"/health/|/\.well-known/", WATCHING),
    (r"/v1/admin(?:/|$)|/admin(?:/|$)", STAFF),
    (rf"/v1/checkout(?:/|$)|/v1/payments/webhooks/|{PAGE}/checkout/(?:place|payment|return)(?:/|$)", BUYING),
    (rf"/v1/account/export$|/v1/account/erasure$|{PAGE}/account/data(?:/|$)", OWN_DATA),
    # Beginning a cart: everything after it has its own address.
    (rf"/v1/carts$|{PAGE}/cart/add$", BEGINNING),
    (rf"/v1/carts/|{PAGE}/cart(?:/|$)", CART),
    (rf"{PAGE}/checkout(?:/|$)", STEPS),
    (rf"/v1/(?:account|auth|orders)(?:/|$)|{PAGE}/(?:account|orders)(?:/|$)", OWN),
    # Small, and a page without them is none.
    (r"/assets/", OWN),
    (
        r"/v1/(?:products|categories|collections|suggest)$|/sitemap|/robots\.txt$|/openapi\.json$|/docs$",
        SPARE,
    ),
)
_address = re.compile("|".join(f"({pattern})" for pattern, _ in BY_ADDRESS))
_robot = re.compile(rb"bot\b|crawl|spider|slurp|preview|scrape|monitor", re.IGNORECASE)
READING = frozenset({"GET", "HEAD", "OPTIONS"})


def class_of(scope: Scope) -> Class:
    """A request's class, by its address and, for those who read, by what it says it is."""
    found = _address.match(scope["path"])
    if found is not None and found.lastindex is not None:
        known = BY_ADDRESS[found.lastindex - 1][1]
        return SPARE if known is BEGINNING and _is_robot(scope) else known
    if scope["method"] not in READING:
        return OWN
    return SPARE if _is_robot(scope) else BROWSING


def _is_robot(scope: Scope) -> bool:
    return any(name == b"user-agent" and _robot.search(value) is not None for name, value in scope["headers"])
