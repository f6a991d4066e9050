"""Codes of promotions on the web: made one by one or in batches, looked at, blocked."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from rialto.kernel.http import Injected, about, requires
from rialto.kernel.service import Frozen
from rialto.pricing.api import (
    BatchTaken,
    BlockVoucher,
    CodeUnknown,
    ListVouchers,
    MakeVouchers,
    Pricing,
    PromotionUnknown,
    PutVoucher,
    Voucher,
    Vouchers,
)

TAG = "staff: promotions"
READ = [requires("pricing.read")]
WRITE = [requires("pricing.write")]

BatchName = Annotated[str, msgspec.Meta(max_length=60)]
Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]


class CodeInput(Frozen):
    """`uses_max` orders may hold it in all, `customer_max` of one customer; null: any number."""

    batch: BatchName = ""
    uses_max: Count | None = None
    customer_max: Count | None = None
    ends_at: datetime | None = None
    active: bool = True


class NewBatch(Frozen):
    """`count` codes that nobody can guess, each good for one order; `batch` is a name not used before."""

    batch: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    count: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    ends_at: datetime | None = None


class Batch(Frozen):
    """What was made; the codes themselves are listed under its name."""

    promotion_id: str
    batch: str
    count: int


@get(
    "/v1/admin/promotions/{promotion_id:str}/codes",
    guards=READ,
    **about("list_promotion_codes", "List a promotion's codes", tag=TAG, refuses=[PromotionUnknown]),
)
async def list_codes(
    pricing: Injected[Pricing],
    promotion_id: FromPath[str],
    batch: Annotated[str | None, QueryParameter(max_length=60)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 100,
    cursor: Annotated[str | None, QueryParameter(max_length=200)] = None,
) -> Vouchers:
    """Its codes by batch and code, each with how many orders hold it."""
    return await pricing.vouchers(
        ListVouchers(promotion_id=promotion_id, batch=batch, cursor=cursor, limit=limit)
    )


@post(
    "/v1/admin/promotions/{promotion_id:str}/codes",
    guards=WRITE,
    **about(
        "make_promotion_codes",
        "Make a batch of single-use codes",
        tag=TAG,
        refuses=[PromotionUnknown, BatchTaken],
        example={"batch": "spring fair", "count": 500, "ends_at": "2027-06-01T00:00:00Z"},
    ),
)
async def make_codes(
    pricing: Injected[Pricing], promotion_id: FromPath[str], data: JSONBody[NewBatch]
) -> Response[Batch]:
    """Make codes. The same batch again makes no more: `batch_taken`."""
    made = await pricing.make_vouchers(
        MakeVouchers(promotion_id=promotion_id, batch=data.batch, count=data.count, ends_at=data.ends_at)
    )
    batch = Batch(promotion_id=promotion_id, batch=data.batch, count=len(made.items))
    return Response(
        batch, status_code=201, headers={"Location": f"/v1/admin/promotions/{promotion_id}/codes"}
    )


@put(
    "/v1/admin/promotions/{promotion_id:str}/codes/{code:str}",
    guards=WRITE,
    **about(
        "put_promotion_code",
        "Make or change a code",
        tag=TAG,
        refuses=[PromotionUnknown],
        example={"uses_max": 500, "customer_max": 1},
    ),
)
async def put_code(
    pricing: Injected[Pricing], promotion_id: FromPath[str], code: FromPath[str], data: JSONBody[CodeInput]
) -> Voucher:
    """A code with limits of its own; how often it was used stays."""
    voucher = Voucher(
        code=code,
        promotion_id=promotion_id,
        batch=data.batch,
        uses_max=data.uses_max,
        customer_max=data.customer_max,
        ends_at=data.ends_at,
        active=data.active,
    )
    return await pricing.put_voucher(PutVoucher(voucher=voucher))


@post(
    "/v1/admin/promotions/{promotion_id:str}/codes/{code:str}/block",
    guards=WRITE,
    status_code=200,
    **about("block_promotion_code", "Block a code", tag=TAG, refuses=[CodeUnknown]),
)
async def block_code(pricing: Injected[Pricing], promotion_id: FromPath[str], code: FromPath[str]) -> Voucher:
    """Nobody can use it from now on; orders that hold it keep it."""
    return await pricing.block_voucher(BlockVoucher(promotion_id=promotion_id, code=code))


ROUTES: list[Any] = [list_codes, make_codes, put_code, block_code]
