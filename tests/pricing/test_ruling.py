"""Rules one at a time: changed, removed and put in order, and never over somebody else's change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from rialto.kernel.money import EUR, Money
from rialto.kernel.service import Nothing
from rialto.pricing.api import (
    CountryRef,
    CountryTaxes,
    DeliveryRef,
    DeliveryTaken,
    DeliveryUnavailable,
    DeliveryUnknown,
    MoveDelivery,
    PricingRules,
    PutDelivery,
    PutTaxes,
    RemoveDelivery,
    RulesChanged,
    TaxRate,
)
from rialto.pricing.handlers import PricingHandlers
from rialto.pricing.service import SERVICE
from tests.pricing.peers import ChannelsOnly, a_method, a_request, an_item
from tests.support.env import open_service

pytestmark = pytest.mark.anyio

NOTHING = Nothing()


@pytest.fixture
async def pricing(postgres: DatabaseAddress) -> AsyncIterator[PricingHandlers]:
    async with open_service(SERVICE, postgres, peers=dict.fromkeys(SERVICE.needs, ChannelsOnly())) as env:
        assert isinstance(env.handlers, PricingHandlers)
        yield env.handlers


def taxes(version: int, country: str = "DE", **rates: str) -> PutTaxes:
    return PutTaxes(taxes=CountryTaxes(country=country, rates=rates, version=version))


async def offered(pricing: PricingHandlers) -> list[str]:
    return [one.method.id for one in (await pricing.all_delivery(NOTHING)).items]


async def test_the_rates_of_a_country_are_replaced_as_a_whole_and_count_at_once(
    pricing: PricingHandlers,
) -> None:
    before = await pricing.country_taxes(CountryRef(country="DE"))
    assert (before.rates, before.version) == ({"standard": "0.19", "reduced": "0.07"}, 0)
    after = await pricing.put_taxes(taxes(0, standard="0.160", books="0.05"))
    assert (after.rates, after.version) == ({"standard": "0.16", "books": "0.05"}, 1)
    assert await pricing.country_taxes(CountryRef(country="DE")) == after
    assert (await pricing.quote(a_request(an_item(11_600)))).totals.tax == Money(1600, EUR)
    others = {one.country: one for one in (await pricing.all_taxes(NOTHING)).items}
    assert (others["DE"], others["FR"].version) == (after, 0)


async def test_a_country_without_rates_is_not_taxed_and_comes_back_with_a_new_version(
    pricing: PricingHandlers,
) -> None:
    gone = await pricing.put_taxes(taxes(0))
    assert (gone.rates, gone.version) == ({}, 1)
    assert "DE" not in {one.country for one in (await pricing.all_taxes(NOTHING)).items}
    assert (await pricing.quote(a_request(an_item()))).totals.tax == Money(0, EUR)
    with pytest.raises(RulesChanged):
        await pricing.put_taxes(taxes(0, standard="0.19"))
    assert (await pricing.put_taxes(taxes(1, standard="0.19"))).version == 2


async def test_of_two_who_change_a_country_the_second_is_refused(pricing: PricingHandlers) -> None:
    outcomes = await asyncio.gather(
        pricing.put_taxes(taxes(0, standard="0.2")),
        pricing.put_taxes(taxes(0, standard="0.21")),
        return_exceptions=True,
    )
    assert sorted(type(one) is RulesChanged for one in outcomes) == [False, True]
    stored = await pricing.country_taxes(CountryRef(country="DE"))
    assert stored in outcomes
    again = await pricing.put_taxes(PutTaxes(taxes=msgspec.structs.replace(stored, version=0)))
    assert again == stored, "the same again changes nothing"
    await pricing.put_taxes(taxes(0, "FR", standard="0.2"))


async def test_rates_that_cannot_be_are_refused_by_class(pricing: PricingHandlers) -> None:
    for refused, path in (
        (taxes(0, standard="19"), "rates.standard"),
        (taxes(0, **{"Not a class": "0.1"}), "rates.Not a class"),
        (taxes(0, "XX", standard="0.1"), "country"),
        (taxes(0, **{f"c{number}": "0.1" for number in range(21)}), "rates"),
    ):
        with pytest.raises(Invalid) as error:
            await pricing.put_taxes(refused)
        assert [fault.path for fault in error.value.fields] == [path]
    assert (await pricing.country_taxes(CountryRef(country="DE"))).version == 0
    with pytest.raises(Invalid):
        await pricing.country_taxes(CountryRef(country="de"))


async def test_rules_put_together_count_as_changes_where_they_change_something(
    pricing: PricingHandlers,
) -> None:
    rate = TaxRate(country="DE", tax_class="standard", rate="0.16")
    same = TaxRate(country="FR", tax_class="standard", rate="0.2")
    bike = a_method("bike")
    rules = PricingRules(tax_rates=[rate, same], delivery_methods=[bike])
    for _ in range(2):
        await pricing.put_rules(rules)
    versions = {one.country: one.version for one in (await pricing.all_taxes(NOTHING)).items}
    assert (versions["DE"], versions["FR"]) == (1, 0)
    assert (await pricing.delivery(DeliveryRef(id="bike"))).version == 1
    with pytest.raises(RulesChanged):
        await pricing.put_taxes(taxes(0, standard="0.19"))


async def test_a_way_of_delivery_is_made_changed_and_removed(pricing: PricingHandlers) -> None:
    bike = a_method("bike", position=1)
    assert (await pricing.put_delivery(PutDelivery(method=bike))).version == 1
    assert (await pricing.put_delivery(PutDelivery(method=bike))).version == 1
    dearer = a_method("bike", position=1, prices={"EUR": 990})
    with pytest.raises(DeliveryTaken):
        await pricing.put_delivery(PutDelivery(method=dearer))
    assert (await pricing.put_delivery(PutDelivery(method=dearer, expected_version=1))).version == 2
    with pytest.raises(RulesChanged):
        await pricing.put_delivery(PutDelivery(method=bike, expected_version=1))
    quote = await pricing.quote(a_request(an_item(1000), option="bike"))
    assert quote.totals.delivery == Money(990, EUR)
    with pytest.raises(RulesChanged):
        await pricing.remove_delivery(RemoveDelivery(id="bike", expected_version=1))
    await pricing.remove_delivery(RemoveDelivery(id="bike", expected_version=2))
    for refused in (
        pricing.remove_delivery(RemoveDelivery(id="bike", expected_version=3)),
        pricing.put_delivery(PutDelivery(method=bike, expected_version=2)),
        pricing.delivery(DeliveryRef(id="bike")),
    ):
        with pytest.raises(DeliveryUnknown):
            await refused
    with pytest.raises(DeliveryUnavailable):
        await pricing.quote(a_request(an_item(1000), option="bike"))
    assert (await pricing.put_delivery(PutDelivery(method=bike))).version == 4, "no version comes back"


async def test_a_way_that_cannot_be_is_refused_by_its_field(pricing: PricingHandlers) -> None:
    with pytest.raises(Invalid) as refused:
        await pricing.put_delivery(PutDelivery(method=a_method("Not an id", days_max=0)))
    assert {fault.path for fault in refused.value.fields} == {"id", "days_max"}


async def test_the_order_of_offering_is_changed_one_by_one(pricing: PricingHandlers) -> None:
    assert await offered(pricing) == ["de_standard", "de_express", "eu_standard", "world_standard"]
    await pricing.move_delivery(MoveDelivery(id="eu_standard", before="de_standard", expected_version=0))
    assert await offered(pricing) == ["eu_standard", "de_standard", "de_express", "world_standard"]
    moved = {
        one.method.id: (one.method.position, one.version)
        for one in (await pricing.all_delivery(NOTHING)).items
    }
    assert moved["eu_standard"] == (10, 1)
    assert moved["world_standard"] == (40, 0), "it stayed where it was"
    with pytest.raises(RulesChanged):
        await pricing.move_delivery(MoveDelivery(id="eu_standard", before=None, expected_version=0))
    await pricing.move_delivery(MoveDelivery(id="eu_standard", before=None, expected_version=1))
    assert (await offered(pricing))[-1] == "eu_standard"
    with pytest.raises(DeliveryUnknown):
        await pricing.move_delivery(MoveDelivery(id="world_standard", before="none", expected_version=1))


@pytest.mark.parametrize(("amount", "fits"), [(999, False), (1000, True), (5000, True), (5001, False)])
async def test_a_way_takes_goods_within_its_limits_of_worth(
    pricing: PricingHandlers, amount: int, fits: bool
) -> None:
    letter = a_method("letter", items_min={"EUR": 1000}, items_max={"EUR": 5000}, free_from={})
    await pricing.put_delivery(PutDelivery(method=letter))
    options = (await pricing.delivery_options(a_request(an_item(amount)))).items
    assert ("letter" in {option.id for option in options}) is fits
    if not fits:
        with pytest.raises(DeliveryUnavailable):
            await pricing.quote(a_request(an_item(amount), option="letter"))
