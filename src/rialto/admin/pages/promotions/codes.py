"""A promotion's codes: listed with their uses, made one by one or in batches, blocked."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from rialto.admin.desk import HOME, AnyRequest, Desk
from rialto.admin.forms import Reading, Values, read_values
from rialto.admin.problems import problems_of, status_of
from rialto.admin.rendering import PAGE, go, page
from rialto.admin.tables import Column, read_listing
from rialto.kernel.errors import RialtoError
from rialto.kernel.http import Injected, requires
from rialto.pricing.api import (
    BlockVoucher,
    ListVouchers,
    MakeVouchers,
    Pricing,
    PromotionRef,
    PutVoucher,
    Voucher,
    Vouchers,
)

CODES = f"{HOME}/promotions/{{promotion_id:str}}/codes"
READ = [requires("pricing.read")]
WRITE = [requires("pricing.write")]
PAGE_SIZE = 50


@get(CODES, guards=READ)
async def list_codes(desk: Injected[Desk], pricing: Injected[Pricing], promotion_id: FromPath[str]) -> PAGE:
    """Raises PromotionUnknown."""
    return await _page(desk, pricing, promotion_id)


@post(CODES, guards=WRITE, status_code=200)
async def put_code(
    request: AnyRequest, desk: Injected[Desk], pricing: Injected[Pricing], promotion_id: FromPath[str]
) -> PAGE | Redirect:
    """One code, as it was typed."""
    values = await read_values(request)
    reading = Reading(values)
    try:
        voucher = Voucher(
            code=reading.text("code"),
            promotion_id=promotion_id,
            uses_max=reading.number_or_none("uses_max"),
            customer_max=reading.number_or_none("customer_max"),
            ends_at=reading.moment("ends_at"),
        )
        reading.end()
        await pricing.put_voucher(PutVoucher(voucher=voucher))
    except RialtoError as error:
        return await _page(desk, pricing, promotion_id, values=values, error=error)
    return go(f"{HOME}/promotions/{promotion_id}/codes?done=code_saved")


@post(f"{CODES}/batch", guards=WRITE, status_code=200)
async def make_batch(
    request: AnyRequest, desk: Injected[Desk], pricing: Injected[Pricing], promotion_id: FromPath[str]
) -> PAGE | Redirect:
    """Single-use codes under a name; pressed twice they are made once."""
    values = await read_values(request)
    reading = Reading(values)
    try:
        if not reading.text("batch"):
            reading.refuse("batch", "required", "Please fill this in.")
        command = MakeVouchers(
            promotion_id=promotion_id,
            batch=reading.text("batch"),
            count=reading.number("count"),
            ends_at=reading.moment("batch_ends_at"),
        )
        reading.end()
        await pricing.make_vouchers(command)
    except RialtoError as error:
        return await _page(desk, pricing, promotion_id, values=values, error=error)
    return go(f"{HOME}/promotions/{promotion_id}/codes?done=batch_made")


@post(f"{CODES}/{{code:str}}/block", guards=WRITE, status_code=200)
async def block_code(
    pricing: Injected[Pricing], promotion_id: FromPath[str], code: FromPath[str]
) -> Redirect:
    """Raises CodeUnknown."""
    await pricing.block_voucher(BlockVoucher(promotion_id=promotion_id, code=code))
    return go(f"{HOME}/promotions/{promotion_id}/codes?done=code_blocked")


async def _page(
    desk: Desk,
    pricing: Pricing,
    promotion_id: str,
    *,
    values: Values | None = None,
    error: RialtoError | None = None,
) -> PAGE:
    stored = await pricing.promotion(PromotionRef(id=promotion_id))
    listing = read_listing(desk, ["batch"], sorts=["batch"])
    found = await _found(pricing, promotion_id, listing.value("batch") or None, listing.cursor)
    texts = desk.texts
    fields = {
        "voucher.code": "code", "voucher.uses_max": "uses_max", "voucher.customer_max": "customer_max",
        "voucher.ends_at": "ends_at", "voucher": "code", "ends_at": "batch_ends_at",
    }  # fmt: skip
    return page(
        desk,
        "pages/promotions/codes.html",
        section="promotions",
        status=200 if error is None else status_of(error),
        promotion=stored.promotion,
        listing=listing,
        codes=found.items,
        next_cursor=found.next_cursor,
        columns=[Column(label=texts(f"codes.{name}"), numeric=name == "uses") for name in _COLUMNS],
        values=values or {},
        problems=[] if error is None else problems_of(error, texts, fields=fields),
    )


async def _found(pricing: Pricing, promotion_id: str, batch: str | None, cursor: str | None) -> Vouchers:
    """A cursor that is none of ours leads to the beginning."""
    command = ListVouchers(promotion_id=promotion_id, batch=batch, cursor=cursor, limit=PAGE_SIZE)
    try:
        return await pricing.vouchers(command)
    except RialtoError:
        if cursor is None:
            raise
        return await _found(pricing, promotion_id, batch, None)


_COLUMNS = ("code", "batch", "uses", "ends_at", "state", "action")
ROUTES: list[Any] = [list_codes, put_code, make_batch, block_code]
