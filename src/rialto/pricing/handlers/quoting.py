"""What a cart costs, by the rules, the promotions and the codes that are good at this moment."""

from __future__ import annotations

from rialto.catalog.api import Offer, OffersOf
from rialto.identity.api import AccountRef
from rialto.kernel.errors import field_problem
from rialto.kernel.ids import AccountId
from rialto.kernel.money import Money
from rialto.pricing.api import (
    CodeRefused,
    Considered,
    DeliveryOptions,
    ItemToPrice,
    Preview,
    PreviewFor,
    Quote,
    QuoteFor,
    WantedItem,
)
from rialto.pricing.handlers.shared import PricingUseCase
from rialto.pricing.model import quotes
from rialto.pricing.model.codes import CODES_OF_CART_MAX, customer_key, normalised_code, refuse_unusable
from rialto.pricing.model.previews import checked_preview
from rialto.pricing.model.promotions import Buyer, consider
from rialto.pricing.model.rules import Rules
from rialto.pricing.store import first_orders, promotions


class Quoting(PricingUseCase):
    async def quote(self, command: QuoteFor) -> Quote:
        known, channel = await self.in_force(command.channel)
        return quotes.quote(
            known, channel, command, self.clock.now(), buyer=await self._buyer(known, command)
        )

    async def delivery_options(self, command: QuoteFor) -> DeliveryOptions:
        known, channel = await self.in_force(command.channel)
        buyer = await self._buyer(known, command)
        return quotes.delivery_options(known, channel, command, self.clock.now(), buyer=buyer)

    async def preview(self, command: PreviewFor) -> Preview:
        request = await self._as_request(checked_preview(command))
        known, channel = await self.in_force(command.channel)
        at = command.at or self.clock.now()
        buyer = Buyer(
            codes=await self._good_codes(request),
            groups=frozenset(command.groups),
            first_order=command.first_order,
        )
        quote = quotes.quote(known, channel, request, at, buyer=buyer)
        occasion = quotes.occasion_of(channel, request, at, buyer=buyer)
        outcome = consider(known.offers, request.items, occasion)
        considered = [
            Considered(
                promotion_id=one.promotion.id,
                title=one.promotion.title,
                given=one.given,
                amount=Money(sum(one.amounts), quote.currency),
                reason=one.reason,
                by=one.by,
                missing=one.missing,
            )
            for one in outcome.considered
        ]
        return Preview(quote=quote, considered=considered)

    async def _as_request(self, command: PreviewFor) -> QuoteFor:
        skus = [item.sku for item in command.items]
        asked = OffersOf(skus=skus, currency=command.currency, channel=command.channel)
        offers = (await self.catalog.offers(asked)).items
        return QuoteFor(
            items=[_priced(index, item, offers.get(item.sku)) for index, item in enumerate(command.items)],
            currency=command.currency,
            country=command.country,
            channel=command.channel,
            delivery_option_id=command.delivery_option_id,
            codes=command.codes,
        )

    async def _buyer(self, known: Rules, command: QuoteFor) -> Buyer:
        """Groups and earlier orders are asked for only where a promotion goes by them."""
        codes, account_id = await self._good_codes(command), command.account_id
        if account_id is None:
            return Buyer(codes=codes)
        groups: list[str] = []
        if known.asks_for_groups:
            groups = (await self.identity.groups_of(AccountRef(account_id=account_id))).names
        first = known.asks_for_first_orders and not await self._has_ordered(account_id)
        return Buyer(codes=codes, groups=frozenset(groups), first_order=first)

    async def _has_ordered(self, account_id: AccountId) -> bool:
        async with self.db.read() as session:
            return await first_orders.has_ordered(session, customer_key(account_id))

    async def _good_codes(self, command: QuoteFor) -> dict[str, str]:
        """By promotion: the first of the cart's codes that can be used now. Carts without codes ask nothing."""
        codes = [code for text in command.codes[:CODES_OF_CART_MAX] if (code := normalised_code(text))]
        if not codes:
            return {}
        async with self.db.read() as session:
            known = await promotions.vouchers_named(session, codes)
        good: dict[str, str] = {}
        for code in codes:
            try:
                voucher = refuse_unusable(known.get(code), code, self.clock.now())
            except CodeRefused:
                continue
            good.setdefault(voucher.promotion_id, code)
        return good


def _priced(index: int, item: WantedItem, offer: Offer | None) -> ItemToPrice:
    if offer is None or offer.price is None or not offer.on_sale:
        raise field_problem(f"items.{index}.sku", "sku_not_sold", "This article is not sold there.")
    return ItemToPrice(
        key=str(index),
        sku=item.sku,
        quantity=item.quantity,
        unit_price=offer.price,
        tax_class=offer.tax_class,
        weight_g=offer.weight_g,
        product_id=offer.product_id,
        category=offer.category,
        collections=offer.collections,
    )
