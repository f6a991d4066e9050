"""Pricing on the web: staff see and set rules, promotions and codes. Shoppers meet pricing through their cart."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from rialto.kernel.http import IfMatch, Injected, about, etag, if_match, requires
from rialto.kernel.service import Frozen, Nothing
from rialto.pricing.api import (
    Benefit,
    Conditions,
    DeliveryUnavailable,
    ListVouchers,
    MakeVouchers,
    Preview,
    PreviewFor,
    Pricing,
    PricingRules,
    Promotion,
    PromotionChanged,
    Promotions,
    PromotionUnknown,
    PutPromotion,
    PutVoucher,
    Selection,
    StoredPromotion,
    Voucher,
    Vouchers,
)

TAG = "staff: promotions"
READ = [requires("pricing.read")]
WRITE = [requires("pricing.write")]


class PromotionDraft(Frozen):
    """A promotion without its id, which stands in the address."""

    title: dict[str, str]
    benefit: Benefit
    applies_to: Selection = Selection()
    conditions: Conditions = Conditions()
    needs_code: bool = False
    position: int = 0
    exclusive: bool = False
    not_with: list[str] = []
    active: bool = True


class CodeDraft(Frozen):
    """The limits of a code: of how many orders, of how many of one customer, until when."""

    batch: str = ""
    uses_max: int | None = None
    customer_max: int | None = None
    ends_at: datetime | None = None
    active: bool = True


class NewCodes(Frozen):
    batch: str
    count: int
    ends_at: datetime | None = None


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


@get(
    "/v1/admin/promotions",
    guards=READ,
    **about("list_promotions", "List promotions", tag=TAG),
)
async def list_promotions(pricing: Injected[Pricing]) -> Promotions:
    """All promotions in the order in which they are looked at, each with its version."""
    return await pricing.promotions(Nothing())


@put(
    "/v1/admin/promotions/{promotion_id:str}",
    guards=WRITE,
    **about("put_promotion", "Set a promotion", tag=TAG, refuses=[PromotionChanged], tagged=True),
)
async def put_promotion(
    pricing: Injected[Pricing],
    promotion_id: FromPath[str],
    data: JSONBody[PromotionDraft],
    based_on: IfMatch = None,
) -> Response[StoredPromotion]:
    """Replace a promotion as a whole; without If-Match it is a new one, and there must be none of this id yet.

    One that is not wanted any more is set inactive: orders name it.
    """
    promotion = Promotion(id=promotion_id, **msgspec.structs.asdict(data))
    version = 0 if based_on is None else if_match(based_on)
    stored = await pricing.put_promotion(PutPromotion(promotion=promotion, expected_version=version))
    return Response(stored, headers={"ETag": etag(stored.version)})


@post(
    "/v1/admin/promotions/preview",
    guards=READ,
    status_code=200,
    **about("preview_promotions", "Try promotions on a cart", tag=TAG, refuses=[DeliveryUnavailable]),
)
async def preview_promotions(pricing: Injected[Pricing], data: JSONBody[PreviewFor]) -> Preview:
    """What a cart would cost, and for each promotion whether it is given and why not. Changes nothing."""
    return await pricing.preview(data)


@get(
    "/v1/admin/promotions/{promotion_id:str}/codes",
    guards=READ,
    **about("list_codes", "List the codes of a promotion", tag=TAG),
)
async def list_codes(
    pricing: Injected[Pricing],
    promotion_id: FromPath[str],
    limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 100,
    cursor: Annotated[str | None, QueryParameter(max_length=200)] = None,
) -> Vouchers:
    """Codes by batch and code, with how often each is used."""
    return await pricing.vouchers(ListVouchers(promotion_id=promotion_id, cursor=cursor, limit=limit))


@put(
    "/v1/admin/promotions/{promotion_id:str}/codes/{code:str}",
    guards=WRITE,
    **about("put_code", "Set a code", tag=TAG, refuses=[PromotionUnknown]),
)
async def put_code(
    pricing: Injected[Pricing], promotion_id: FromPath[str], code: FromPath[str], data: JSONBody[CodeDraft]
) -> Voucher:
    """Make a code of one's own choice, or change its limits; how often it was used stays."""
    voucher = Voucher(code=code, promotion_id=promotion_id, **msgspec.structs.asdict(data))
    return await pricing.put_voucher(PutVoucher(voucher=voucher))


@post(
    "/v1/admin/promotions/{promotion_id:str}/codes",
    guards=WRITE,
    **about("make_codes", "Make single-use codes", tag=TAG, refuses=[PromotionUnknown]),
)
async def make_codes(
    pricing: Injected[Pricing], promotion_id: FromPath[str], data: JSONBody[NewCodes]
) -> Vouchers:
    """A batch of codes that nobody can guess, each good for one order."""
    return await pricing.make_vouchers(
        MakeVouchers(promotion_id=promotion_id, **msgspec.structs.asdict(data))
    )


ROUTES: list[Any] = [
    read_rules,
    put_rules,
    list_promotions,
    put_promotion,
    preview_promotions,
    list_codes,
    put_code,
    make_codes,
]
