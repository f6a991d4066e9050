"""Promotions with their codes, and ways of delivery, as a source has them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from rialto.catalog.api import Catalog, ProductNotFound, ProductRef
from rialto.importing.model import CustomerRow, DeliveryRow, NotImported, PastOrderRow, Problem, PromotionRow
from rialto.kernel.errors import RialtoError, Unavailable
from rialto.kernel.service import Frozen, Nothing
from rialto.pricing.api import (
    ListVouchers,
    Pricing,
    PricingRules,
    Promotion,
    PutPromotion,
    PutVoucher,
    Voucher,
)


@dataclass(kw_only=True)
class Came:
    """What came of rows: an outcome per row (created, changed, unchanged or refused), and why those refused."""

    outcomes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    left_out: list[NotImported] = field(default_factory=list)

    def refuse(self, row: CustomerRow | PastOrderRow | PromotionRow | DeliveryRow, reason: str) -> None:
        self.outcomes.append("refused")
        self.problems.append(Problem(file=row.file, line=row.line, reason=reason))


async def put_promotions(
    pricing: Pricing, catalog: Catalog, rows: Sequence[PromotionRow], *, dry_run: bool
) -> Came:
    """Promotions by id and codes by code. A dry run takes it that products which are not there will be made."""
    came = Came()
    stored = (await pricing.promotions(Nothing())).items if rows else []
    known = {one.promotion.id: one.promotion for one in stored}
    for row in rows:
        ids = {slug: await _product_id(catalog, slug) for slug in row.slugs}
        missing = [slug for slug, found in ids.items() if found is None]
        if missing and not dry_run:
            came.refuse(row, f"promotion {row.promotion.id}: there is no product {missing[0][:120]}.")
            continue
        promotion = _for_products(row.promotion, [found for found in ids.values() if found is not None])
        outcome = await _outcome(pricing, known.get(promotion.id), promotion, vouchers=row.vouchers)
        save = _saving(pricing, promotion, row.vouchers)
        await _settle(came, row, outcome, save=None if dry_run else save)
    return came


async def put_delivery(pricing: Pricing, rows: Sequence[DeliveryRow], *, dry_run: bool) -> Came:
    """Ways of delivery by id; those that the source does not name stay as they are."""
    came = Came()
    stored = (await pricing.rules(Nothing())).delivery_methods if rows else []
    known = {one.id: one for one in stored}
    for row in rows:
        rules = PricingRules(tax_rates=[], delivery_methods=[row.method])
        outcome = _difference(known.get(row.method.id), row.method)
        save = None if dry_run else lambda rules=rules: pricing.put_rules(rules)
        await _settle(came, row, outcome, save=save)
    return came


async def _product_id(catalog: Catalog, slug: str) -> str | None:
    try:
        return (await catalog.get_product(ProductRef(ref=slug))).id
    except ProductNotFound:
        return None


def _for_products(promotion: Promotion, ids: Sequence[str]) -> Promotion:
    meant = promotion.applies_to
    meant = msgspec.structs.replace(meant, products=[*meant.products, *ids])
    return msgspec.structs.replace(promotion, applies_to=meant)


async def _outcome(
    pricing: Pricing, before: Promotion | None, after: Promotion, *, vouchers: Sequence[Voucher]
) -> str:
    outcome = _difference(before, after)
    if outcome != "unchanged" or not vouchers:
        return outcome
    known = {one.code: msgspec.structs.replace(one, uses=0) for one in await _codes(pricing, after.id)}
    return "unchanged" if all(known.get(one.code) == one for one in vouchers) else "changed"


async def _codes(pricing: Pricing, promotion_id: str) -> list[Voucher]:
    found: list[Voucher] = []
    cursor: str | None = None
    while True:
        page = await pricing.vouchers(ListVouchers(promotion_id=promotion_id, cursor=cursor))
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


def _saving(
    pricing: Pricing, promotion: Promotion, vouchers: Sequence[Voucher]
) -> Callable[[], Awaitable[object]]:
    async def save() -> None:
        await pricing.put_promotion(PutPromotion(promotion=promotion))
        for voucher in vouchers:
            await pricing.put_voucher(PutVoucher(voucher=voucher))

    return save


def _difference(before: Frozen | None, after: Frozen) -> str:
    if before is None:
        return "created"
    return "unchanged" if before == after else "changed"


async def _settle(
    came: Came,
    row: PromotionRow | DeliveryRow,
    outcome: str,
    *,
    save: Callable[[], Awaitable[object]] | None,
) -> None:
    """Save what is not there yet, if it is to be saved, and note what came of it."""
    if outcome == "unchanged" or save is None:
        came.outcomes.append(outcome)
        return
    try:
        await save()
    except Unavailable:
        raise
    except RialtoError as refused:
        fields = "; ".join(f"{problem.path}: {problem.message}" for problem in refused.fields[:5])
        came.refuse(row, f"{refused.text} {fields}".strip())
    else:
        came.outcomes.append(outcome)
