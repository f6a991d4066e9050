"""What staff do with promotions and their codes."""

from __future__ import annotations

import base64
import binascii

import msgspec

from rialto.kernel.db import WriteSession
from rialto.kernel.errors import field_problem
from rialto.kernel.service import Nothing
from rialto.kernel.text import is_plain
from rialto.pricing.api import (
    BatchTaken,
    BlockVoucher,
    CodeUnknown,
    EndPromotion,
    ListVouchers,
    MakeVouchers,
    Promotion,
    PromotionChanged,
    PromotionInUse,
    PromotionRef,
    Promotions,
    PromotionTaken,
    PromotionUnknown,
    PutPromotion,
    PutVoucher,
    RemovePromotion,
    StoredPromotion,
    Voucher,
    Vouchers,
)
from rialto.pricing.handlers.shared import PricingUseCase
from rialto.pricing.model.campaigns import checked_promotion
from rialto.pricing.model.codes import checked_batch, checked_voucher, new_code, normalised_code
from rialto.pricing.model.rules import CODE
from rialto.pricing.store import promotions as store

PROMOTIONS_MAX = 500
PAGE_MAX = 1000


class Promoting(PricingUseCase):
    async def promotions(self, _command: Nothing) -> Promotions:
        async with self.db.read() as session:
            return Promotions(items=await store.all_promotions(session))

    async def promotion(self, command: PromotionRef) -> StoredPromotion:
        promotion_id = _known_form(command.id)
        async with self.db.read() as session:
            found = await store.load_promotion(session, promotion_id)
        if found is None:
            raise PromotionUnknown
        return found

    async def put_promotion(self, command: PutPromotion) -> StoredPromotion:
        promotion, expected = checked_promotion(command.promotion), command.expected_version
        async with self.db.write() as session:
            present = await store.lock_promotion(session, promotion.id)
            if expected == 0 and present is not None and present.promotion == promotion:
                return present  # asked again
            if expected and present is None:
                raise PromotionUnknown
            if await session.value(store.COUNT, promotion.id) >= PROMOTIONS_MAX:
                raise field_problem("id", "too_many", f"There are {PROMOTIONS_MAX} promotions; reuse one.")
            version = await store.put_promotion(session, promotion, expected, self.clock.now())
            if version is None:
                raise PromotionChanged if expected else PromotionTaken
        self.forget_terms()
        return StoredPromotion(promotion=promotion, version=version)

    async def end_promotion(self, command: EndPromotion) -> StoredPromotion:
        async with self.db.write() as session:
            promotion = await _as_looked_at(session, command.id, command.expected_version)
            ended = msgspec.structs.replace(promotion, active=False)
            version = await store.put_promotion(session, ended, command.expected_version, self.clock.now())
            assert version is not None  # it is locked
        self.forget_terms()
        return StoredPromotion(promotion=ended, version=version)

    async def remove_promotion(self, command: RemovePromotion) -> Nothing:
        async with self.db.write() as session:
            await _as_looked_at(session, command.id, command.expected_version)
            if not await store.remove(session, command.id):
                raise PromotionInUse
        self.forget_terms()
        return Nothing()

    async def put_voucher(self, command: PutVoucher) -> Voucher:
        voucher = checked_voucher(command.voucher)
        async with self.db.write() as session:
            await self._must_exist(session, voucher.promotion_id)
            if not await store.add_vouchers(session, [voucher.code], voucher, self.clock.now()):
                limits = (voucher.uses_max, voucher.customer_max, voucher.ends_at, voucher.active)
                changed = await session.run(
                    store.CHANGE_VOUCHER, voucher.code, voucher.promotion_id, voucher.batch, *limits
                )
                if not changed:
                    raise field_problem(
                        "voucher",
                        "not_valid",
                        "This code belongs to another promotion, or was used more often.",
                    )
            return (await store.vouchers_named(session, [voucher.code]))[voucher.code]

    async def make_vouchers(self, command: MakeVouchers) -> Vouchers:
        checked_batch(command)
        like = Voucher(
            code="",
            promotion_id=command.promotion_id,
            batch=command.batch,
            uses_max=1,
            ends_at=command.ends_at,
        )
        made: list[str] = []
        async with self.db.write() as session:
            await self._must_exist(session, command.promotion_id)
            if command.batch and await session.value(store.HAS_BATCH, command.promotion_id, command.batch):
                raise BatchTaken
            while len(made) < command.count:  # a drawn code that exists already is drawn again
                drawn = sorted({new_code(self.ids) for _ in range(command.count - len(made))})
                made += await store.add_vouchers(session, drawn, like, self.clock.now())
            known = await store.vouchers_named(session, made)
        return Vouchers(items=[known[code] for code in sorted(made)])

    async def block_voucher(self, command: BlockVoucher) -> Voucher:
        code = normalised_code(command.code)
        if code is None or not is_plain(command.promotion_id):
            raise CodeUnknown
        async with self.db.write() as session:
            if not await session.run(store.BLOCK, code, command.promotion_id):
                raise CodeUnknown
            return (await store.vouchers_named(session, [code]))[code]

    async def vouchers(self, command: ListVouchers) -> Vouchers:
        if not 1 <= command.limit <= PAGE_MAX:
            raise field_problem("limit", "out_of_range", f"Between 1 and {PAGE_MAX}.")
        after, batch = _read_cursor(command.cursor), command.batch
        if batch is not None and not is_plain(batch):
            raise field_problem("batch", "not_valid", "This is no name of a batch.")
        await self.promotion(PromotionRef(id=command.promotion_id))
        async with self.db.read() as session:
            rows = await session.all(
                store.OF_PROMOTION, command.promotion_id, *after, command.limit + 1, batch
            )
        items = [store.voucher_of(row) for row in rows[: command.limit]]
        return Vouchers(items=items, next_cursor=_cursor(items[-1]) if len(rows) > command.limit else None)

    async def _must_exist(self, session: WriteSession, promotion_id: str) -> None:
        if await session.value(store.VERSION, _known_form(promotion_id)) is None:
            raise PromotionUnknown


def _known_form(promotion_id: str) -> str:
    """Raises PromotionUnknown for what no promotion can be called."""
    if CODE.fullmatch(promotion_id) is None:
        raise PromotionUnknown
    return promotion_id


async def _as_looked_at(session: WriteSession, promotion_id: str, version: int) -> Promotion:
    """The promotion, locked. Raises PromotionUnknown, PromotionChanged for another version."""
    found = await store.lock_promotion(session, _known_form(promotion_id))
    if found is None:
        raise PromotionUnknown
    if found.version != version:
        raise PromotionChanged
    return found.promotion


def _cursor(voucher: Voucher) -> str:
    return base64.urlsafe_b64encode(f"{voucher.code}/{voucher.batch}".encode()).decode().rstrip("=")


def _read_cursor(cursor: str | None) -> tuple[str, str]:
    """Batch and code after which to go on. Raises Invalid for a cursor that is none of ours."""
    if cursor is None:
        return "", ""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (ValueError, binascii.Error):
        raise field_problem("cursor", "not_valid", "This cursor is not one of ours.") from None
    code, slash, batch = text.partition("/")
    if not slash or not text.isprintable():
        raise field_problem("cursor", "not_valid", "This cursor is not one of ours.")
    return batch, code
