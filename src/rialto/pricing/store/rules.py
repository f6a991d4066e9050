"""How the rules are kept: read whole, replaced by key."""

from __future__ import annotations

import msgspec

from rialto.kernel.db import ReadSession, WriteSession
from rialto.pricing.api import DeliveryMethod, PricingRules, TaxRate

# No limit on either: rates and methods are bounded by countries and by what staff enters.
RATES = "SELECT country, tax_class, trim_scale(rate)::text AS rate FROM tax_rates ORDER BY country, tax_class"
METHODS = "SELECT body FROM delivery_methods"
# Sorted, so that two who write at once wait for each other instead of deadlocking.
PUT_RATES = """
INSERT INTO tax_rates (country, tax_class, rate)
SELECT country, tax_class, rate::numeric FROM unnest($1::text[], $2::text[], $3::text[]) AS t(country, tax_class, rate)
ORDER BY country, tax_class
ON CONFLICT (country, tax_class) DO UPDATE SET rate = excluded.rate
"""
PUT_METHODS = """
INSERT INTO delivery_methods (id, body)
SELECT id, body::json FROM unnest($1::text[], $2::text[]) AS t(id, body) ORDER BY id
ON CONFLICT (id) DO UPDATE SET body = excluded.body
"""

_decode_method = msgspec.json.Decoder(DeliveryMethod).decode


async def read_rules(session: ReadSession) -> PricingRules:
    """All rates by country and class, all methods by position."""
    rates = [
        TaxRate(country=row["country"], tax_class=row["tax_class"], rate=row["rate"])
        for row in await session.all(RATES)
    ]
    methods = [_decode_method(row["body"]) for row in await session.all(METHODS)]
    return PricingRules(
        tax_rates=rates, delivery_methods=sorted(methods, key=lambda method: (method.position, method.id))
    )


async def put_rules(session: WriteSession, rules: PricingRules) -> None:
    """Add or replace by key. The rules have been checked."""
    rates, methods = rules.tax_rates, rules.delivery_methods
    await session.run(
        PUT_RATES,
        [rate.country for rate in rates],
        [rate.tax_class for rate in rates],
        [rate.rate for rate in rates],
    )
    await session.run(
        PUT_METHODS,
        [method.id for method in methods],
        [msgspec.json.encode(method).decode() for method in methods],
    )
