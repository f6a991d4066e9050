"""How the rules are kept: read whole, replaced by key, each with how often it was changed."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from rialto.kernel.db import ReadSession, WriteSession
from rialto.pricing.api import CountryTaxes, DeliveryMethod, PricingRules, StoredDelivery, TaxRate

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
# Held by whoever changes rules, from before they are read until the change is stored.
LOCK = "SELECT version FROM rule_versions WHERE kind = 'all' FOR UPDATE"
VERSIONS = "SELECT key, version FROM rule_versions WHERE kind = $1"
COUNT = """
INSERT INTO rule_versions (kind, key, version) SELECT $1, key, 1 FROM unnest($2::text[]) AS t(key) ORDER BY key
ON CONFLICT (kind, key) DO UPDATE SET version = rule_versions.version + 1
"""
DROP_RATES = "DELETE FROM tax_rates WHERE country = $1 AND tax_class <> ALL ($2::text[])"
REMOVE_METHOD = "DELETE FROM delivery_methods WHERE id = $1"

TAXES = "taxes"
DELIVERY = "delivery"

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


async def count(session: WriteSession, kind: str, keys: Sequence[str]) -> None:
    """These have changed once more. LOCK is held."""
    if keys:
        await session.run(COUNT, kind, keys)


async def read_taxes(session: ReadSession) -> list[CountryTaxes]:
    """The rates by country, of those that have any."""
    versions = await _versions(session, TAXES)
    found: dict[str, dict[str, str]] = {}
    for row in await session.all(RATES):
        found.setdefault(row["country"], {})[row["tax_class"]] = row["rate"]
    return [
        CountryTaxes(country=country, rates=rates, version=versions.get(country, 0))
        for country, rates in found.items()
    ]


async def read_country(session: ReadSession, country: str) -> CountryTaxes:
    """Also of a country without rates: its version tells whether it had some."""
    known = next((one for one in await read_taxes(session) if one.country == country), None)
    if known is not None:
        return known
    version = (await _versions(session, TAXES)).get(country, 0)
    return CountryTaxes(country=country, rates={}, version=version)


async def replace_country(session: WriteSession, taxes: CountryTaxes) -> None:
    """Exactly these rates. LOCK is held and they have been checked."""
    rates = [
        TaxRate(country=taxes.country, tax_class=tax_class, rate=rate)
        for tax_class, rate in taxes.rates.items()
    ]
    await session.run(DROP_RATES, taxes.country, [rate.tax_class for rate in rates])
    await put_rules(session, PricingRules(tax_rates=rates, delivery_methods=[]))


async def read_delivery(session: ReadSession) -> list[StoredDelivery]:
    """All ways of delivery in the order of offering, each with its version."""
    versions = await _versions(session, DELIVERY)
    methods = (await read_rules(session)).delivery_methods
    return [StoredDelivery(method=method, version=versions.get(method.id, 0)) for method in methods]


async def _versions(session: ReadSession, kind: str) -> dict[str, int]:
    return {row["key"]: row["version"] for row in await session.all(VERSIONS, kind)}
