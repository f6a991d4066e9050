"""What the routes of orders have in common: keys that clients make, amounts, the key of a guest's order."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

import msgspec
from litestar import Request
from litestar.datastructures import CacheControlHeader
from litestar.params import HeaderParameter, QueryParameter

from rialto.kernel.errors import Invalid
from rialto.kernel.money import Money, parse_currency
from rialto.kernel.service import Frozen
from rialto.orders.api import (
    KeyMissing,
)

AMOUNT_MAX = 10**12
PRIVATE = CacheControlHeader(no_store=True)
AnyRequest = Request[Any, Any, Any]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Key = Annotated[
    str | None,
    HeaderParameter(name="Idempotency-Key"),
]
OrderKey = Annotated[
    str | None,
    QueryParameter(max_length=200, description="The order's key, which its `status_url` holds."),
]
KEY_NOT_VALID = Invalid(
    "An Idempotency-Key has 1 to 255 visible ASCII characters.", code="idempotency_key_not_valid"
)


class Amount(Frozen):
    """Minor units of an ISO 4217 currency."""

    amount: Annotated[int, msgspec.Meta(ge=1, le=AMOUNT_MAX)]
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]

    def money(self, path: str) -> Money:
        return Money(self.amount, parse_currency(self.currency, path=f"{path}.currency"))


def required_key(key: str | None) -> str:
    """The client's key. Raises KeyMissing, or Invalid for one that is too long or not plain."""
    if key is None or not key.strip():
        raise KeyMissing
    if len(key) > 255 or not all("!" <= letter <= "~" for letter in key):
        raise Invalid(KEY_NOT_VALID.text, code=KEY_NOT_VALID.stable_code)
    return key


def step_of(key: str) -> str:
    """A step's name from the client's key: short, plain, and one per key."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]
