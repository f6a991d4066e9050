"""Tax rates and ways of delivery on the web."""

from __future__ import annotations

from typing import Any

from litestar import get, put
from litestar.params import JSONBody

from rialto.kernel.http import Injected, about, requires
from rialto.kernel.service import Nothing
from rialto.pricing.api import Pricing, PricingRules


@get(
    "/v1/admin/pricing/rules",
    guards=[requires("pricing.read")],
    **about("read_rules", "Read taxes and deliveries", tag="staff: prices"),
)
async def read_rules(pricing: Injected[Pricing]) -> PricingRules:
    """All tax rates and ways of delivery in force."""
    return await pricing.rules(Nothing())


@put(
    "/v1/admin/pricing/rules",
    guards=[requires("pricing.write")],
    **about("put_rules", "Set taxes and deliveries", tag="staff: prices"),
)
async def put_rules(data: JSONBody[PricingRules], pricing: Injected[Pricing]) -> PricingRules:
    """Add or replace rates by country and class, and methods by id; what is not named stays. Answers all rules."""
    return await pricing.put_rules(data)


ROUTES: list[Any] = [read_rules, put_rules]
