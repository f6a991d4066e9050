"""Pricing on a real database: what a fresh shop goes by, and how rules are replaced."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from rialto.kernel.money import EUR, Money
from rialto.kernel.service import Nothing
from rialto.pricing.api import DeliveryUnavailable, PricingRules, TaxRate
from rialto.pricing.handlers import PricingHandlers
from rialto.pricing.handlers.shared import REMEMBERED_S
from rialto.pricing.service import SERVICE
from tests.pricing.peers import ChannelsOnly, a_method, a_request, an_item
from tests.support.env import TestEnv, open_service

pytestmark = pytest.mark.anyio

NOTHING = Nothing()


@pytest.fixture
def catalog() -> ChannelsOnly:
    return ChannelsOnly()


@pytest.fixture
async def env(postgres: DatabaseAddress, catalog: ChannelsOnly) -> AsyncIterator[TestEnv]:
    async with open_service(SERVICE, postgres, peers=dict.fromkeys(SERVICE.needs, catalog)) as env:
        yield env


@pytest.fixture
def pricing(env: TestEnv) -> PricingHandlers:
    handlers = env.handlers
    assert isinstance(handlers, PricingHandlers)
    return handlers


async def test_a_fresh_shop_taxes_every_country_of_the_union(pricing: PricingHandlers) -> None:
    rules = await pricing.rules(NOTHING)
    standard = {rate.country: rate.rate for rate in rules.tax_rates if rate.tax_class == "standard"}
    assert len(standard) == 27
    assert (standard["DE"], standard["FI"], standard["FR"]) == ("0.19", "0.255", "0.2")
    assert "CH" not in standard


@pytest.mark.parametrize(
    ("country", "options"),
    [("DE", ["de_standard", "de_express"]), ("FR", ["eu_standard"]), ("JP", ["world_standard"])],
)
async def test_a_fresh_shop_delivers_by_zone(
    pricing: PricingHandlers, country: str, options: list[str]
) -> None:
    found = await pricing.delivery_options(a_request(an_item(), country=country))
    assert [option.id for option in found.items] == options


async def test_a_quote_goes_by_the_stored_rules(pricing: PricingHandlers) -> None:
    answer = await pricing.quote(a_request(an_item(1190), option="de_standard"))
    assert answer.totals.total == Money(1680, EUR)
    assert answer.delivery is not None
    assert answer.delivery.title["de"] == "Standardversand"


async def test_a_channel_without_tax_adds_it(pricing: PricingHandlers) -> None:
    answer = await pricing.quote(a_request(an_item(1000), channel="trade"))
    assert (answer.tax_included, answer.totals.total) == (False, Money(1190, EUR))


async def test_an_unknown_channel_is_refused(pricing: PricingHandlers) -> None:
    with pytest.raises(Invalid) as refused:
        await pricing.quote(a_request(an_item(), channel="nowhere"))
    assert [problem.path for problem in refused.value.fields] == ["channel"]


async def test_new_rules_count_at_once(pricing: PricingHandlers) -> None:
    await pricing.quote(a_request(an_item(11_900)))
    rate = TaxRate(country="DE", tax_class="standard", rate="0.16")
    answer = await pricing.put_rules(PricingRules(tax_rates=[rate], delivery_methods=[]))
    assert rate in answer.tax_rates
    assert (await pricing.quote(a_request(an_item(11_600)))).totals.tax == Money(1600, EUR)


async def test_setting_rules_leaves_the_others_as_they_are(pricing: PricingHandlers) -> None:
    before = await pricing.rules(NOTHING)
    bike = a_method("bike", position=1)
    after = await pricing.put_rules(PricingRules(tax_rates=[], delivery_methods=[bike]))
    assert after.tax_rates == before.tax_rates
    assert after.delivery_methods == [bike, *before.delivery_methods]
    assert await pricing.put_rules(PricingRules(tax_rates=[], delivery_methods=[bike])) == after


async def test_a_method_withdrawn_from_all_countries_is_not_available(pricing: PricingHandlers) -> None:
    withdrawn = a_method("de_express", countries=[])
    await pricing.put_rules(PricingRules(tax_rates=[], delivery_methods=[withdrawn]))
    with pytest.raises(DeliveryUnavailable):
        await pricing.quote(a_request(an_item(), option="de_express"))


async def test_bad_rules_change_nothing(pricing: PricingHandlers) -> None:
    before = await pricing.rules(NOTHING)
    good = TaxRate(country="CH", tax_class="standard", rate="0.081")
    bad = TaxRate(country="GB", tax_class="standard", rate="20")
    with pytest.raises(Invalid):
        await pricing.put_rules(PricingRules(tax_rates=[good, bad], delivery_methods=[]))
    assert await pricing.rules(NOTHING) == before


async def test_rules_are_read_once_however_many_ask(
    env: TestEnv, pricing: PricingHandlers, catalog: ChannelsOnly
) -> None:
    request = a_request(an_item())
    await asyncio.gather(*[pricing.quote(request) for _ in range(20)])
    assert catalog.asked == 1
    env.clock.advance(REMEMBERED_S)
    await pricing.quote(request)
    assert catalog.asked == 2


async def test_delivery_days_count_from_the_clocks_today(env: TestEnv, pricing: PricingHandlers) -> None:
    first = await pricing.delivery_options(a_request(an_item()))
    env.clock.advance(24 * 3600)
    later = await pricing.delivery_options(a_request(an_item()))
    assert first.items[0].delivered_on_from < later.items[0].delivered_on_from
