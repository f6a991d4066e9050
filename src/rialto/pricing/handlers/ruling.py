"""What staff do with one rule at a time. Whoever changes any holds the one row of all, so each sees what there is."""

from __future__ import annotations

from rialto.kernel.service import Nothing
from rialto.pricing.api import (
    AllDelivery,
    AllTaxes,
    CountryRef,
    CountryTaxes,
    DeliveryRef,
    DeliveryUnknown,
    MoveDelivery,
    PricingRules,
    PutDelivery,
    PutTaxes,
    RemoveDelivery,
    StoredDelivery,
)
from rialto.pricing.handlers.shared import PricingUseCase
from rialto.pricing.model.rules import checked_rules
from rialto.pricing.model.ruling import (
    as_looked_at,
    changed_keys,
    decide_delivery,
    decide_taxes,
    known_country,
    moved,
)
from rialto.pricing.store import rules


class Ruling(PricingUseCase):
    async def put_rules(self, command: PricingRules) -> PricingRules:
        checked = checked_rules(command)
        async with self.db.write() as session:
            await session.value(rules.LOCK)
            countries, methods = changed_keys(await rules.read_rules(session), checked)
            await rules.put_rules(session, checked)
            await rules.count(session, rules.TAXES, countries)
            await rules.count(session, rules.DELIVERY, methods)
            now_in_force = await rules.read_rules(session)
        self.forget_terms()
        return now_in_force

    async def rules(self, _command: Nothing) -> PricingRules:
        async with self.db.read() as session:
            return await rules.read_rules(session)

    async def all_taxes(self, _command: Nothing) -> AllTaxes:
        async with self.db.read() as session:
            return AllTaxes(items=await rules.read_taxes(session))

    async def country_taxes(self, command: CountryRef) -> CountryTaxes:
        country = known_country(command.country)
        async with self.db.read() as session:
            return await rules.read_country(session, country)

    async def put_taxes(self, command: PutTaxes) -> CountryTaxes:
        country = known_country(command.taxes.country)
        async with self.db.write() as session:
            await session.value(rules.LOCK)
            current = await rules.read_country(session, country)
            taxes = decide_taxes(current, command.taxes)
            if taxes is not current:
                await rules.replace_country(session, taxes)
                await rules.count(session, rules.TAXES, [country])
        self.forget_terms()
        return taxes

    async def all_delivery(self, _command: Nothing) -> AllDelivery:
        async with self.db.read() as session:
            return AllDelivery(items=await rules.read_delivery(session))

    async def delivery(self, command: DeliveryRef) -> StoredDelivery:
        async with self.db.read() as session:
            known = await rules.read_delivery(session)
        found = next((one for one in known if one.method.id == command.id), None)
        if found is None:
            raise DeliveryUnknown
        return found

    async def put_delivery(self, command: PutDelivery) -> StoredDelivery:
        method = command.method
        async with self.db.write() as session:
            await session.value(rules.LOCK)
            known = await rules.read_delivery(session)
            if decide_delivery(known, method, command.expected_version) is not None:
                await rules.put_rules(session, PricingRules(tax_rates=[], delivery_methods=[method]))
                await rules.count(session, rules.DELIVERY, [method.id])
                known = await rules.read_delivery(session)
        self.forget_terms()
        return next(one for one in known if one.method.id == method.id)

    async def remove_delivery(self, command: RemoveDelivery) -> Nothing:
        async with self.db.write() as session:
            await session.value(rules.LOCK)
            known = await rules.read_delivery(session)
            gone = as_looked_at(known, command.id, command.expected_version).method.id
            await session.run(rules.REMOVE_METHOD, gone)
            await rules.count(session, rules.DELIVERY, [gone])
        self.forget_terms()
        return Nothing()

    async def move_delivery(self, command: MoveDelivery) -> AllDelivery:
        async with self.db.write() as session:
            await session.value(rules.LOCK)
            known = await rules.read_delivery(session)
            methods = moved(known, command.id, command.before, command.expected_version)
            if methods:
                await rules.put_rules(session, PricingRules(tax_rates=[], delivery_methods=methods))
                await rules.count(session, rules.DELIVERY, [method.id for method in methods])
                known = await rules.read_delivery(session)
        self.forget_terms()
        return AllDelivery(items=known)
