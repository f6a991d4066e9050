"""Codes: who may use them, how often, and that no race changes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from rialto.kernel.ids import ORDER, OrderId
from rialto.kernel.money import EUR, Money
from rialto.kernel.service import Nothing
from rialto.pricing.api import (
    BatchTaken,
    BlockVoucher,
    CodeRef,
    CodeRefused,
    CodesOf,
    CodeUnknown,
    EndPromotion,
    HoldCodes,
    ListVouchers,
    MakeVouchers,
    PercentOff,
    PromotionChanged,
    PromotionInUse,
    PromotionRef,
    PromotionTaken,
    PromotionUnknown,
    PutPromotion,
    PutVoucher,
    RemovePromotion,
    Voucher,
)
from rialto.pricing.audit import codes_keep_their_limits
from rialto.pricing.handlers import PricingHandlers
from rialto.pricing.model.codes import new_code, normalised_code
from rialto.pricing.service import SERVICE
from tests.pricing.peers import ChannelsOnly, a_request, an_item
from tests.pricing.promotions import a_promotion
from tests.support.env import open_service
from tests.support.values import seeded_ids

pytestmark = pytest.mark.anyio


class Counter:
    """Pricing with one promotion of 10 % that needs a code, and orders that use it."""

    def __init__(self, env: Any) -> None:
        self.env = env
        self.pricing: PricingHandlers = env.handlers

    async def put(self, code: str = "SPRING", **limits: Any) -> Voucher:
        return await self.pricing.put_voucher(
            PutVoucher(voucher=Voucher(code=code, promotion_id="winter", **limits))
        )

    def an_order(self) -> OrderId:
        return ORDER.new(self.env.ids, 5)

    async def hold(self, *codes: str, order_id: OrderId | None = None, customer: str = "ada") -> OrderId:
        order_id = order_id or self.an_order()
        await self.pricing.hold_codes(HoldCodes(order_id=order_id, codes=list(codes), customer=customer))
        return order_id

    async def free(self, order_id: OrderId) -> None:
        await self.pricing.free_codes(CodesOf(order_id=order_id))

    async def uses(self, code: str = "SPRING") -> int:
        async with self.env.db.read() as session:
            count: int = await session.value("SELECT uses FROM vouchers WHERE code = $1", code)
        return count

    async def discount(self, *codes: str) -> int:
        request = a_request(an_item(10_000))
        quote = await self.pricing.quote(type(request)(items=request.items, currency=EUR, codes=list(codes)))
        return quote.totals.discount.amount

    async def audit(self) -> list[tuple[str, str]]:
        return [(one.invariant, one.subject) for one in await codes_keep_their_limits(self.env)]


@pytest.fixture
async def counter(postgres: DatabaseAddress) -> AsyncIterator[Counter]:
    async with open_service(SERVICE, postgres, peers=dict.fromkeys(SERVICE.needs, ChannelsOnly())) as env:
        counter = Counter(env)
        await counter.pricing.put_promotion(
            PutPromotion(promotion=a_promotion("winter", needs_code=True), expected_version=0)
        )
        yield counter


async def reason_of(doing: Any) -> str:
    with pytest.raises(CodeRefused) as refused:
        await doing
    return str(refused.value.extra["reason"])


async def test_a_code_is_read_as_people_type_it(counter: Counter) -> None:
    await counter.put()
    assert (await counter.pricing.check_code(CodeRef(code=" spr ing "))).code == "SPRING"
    assert await counter.discount("spring") == 1000
    assert await counter.discount() == 0
    assert await counter.discount("AUTUMN") == 0


@pytest.mark.parametrize("code", ["", "ab", "-AB", "A_B", "Ä-BC", "A" * 41, "A\x00BC"])
async def test_what_can_be_no_code_is_unknown(counter: Counter, code: str) -> None:
    assert await reason_of(counter.pricing.check_code(CodeRef(code=code))) == "unknown"
    assert await reason_of(counter.hold(code)) == "unknown"
    with pytest.raises(Invalid):
        await counter.put(code)


async def test_a_code_that_cannot_be_used_now_gives_nothing_and_says_why(counter: Counter) -> None:
    await counter.put("OVER", ends_at=counter.env.clock.now())
    await counter.put("OFF", active=False)
    await counter.put("ONCE", uses_max=1)
    await counter.hold("ONCE")
    for code, reason in (("OVER", "ended"), ("OFF", "unknown"), ("ONCE", "used_up"), ("NEVER", "unknown")):
        assert await reason_of(counter.pricing.check_code(CodeRef(code=code))) == reason
        assert await counter.discount(code) == 0
        assert await reason_of(counter.hold(code)) == reason


async def test_an_end_comes_by_itself(counter: Counter) -> None:
    await counter.put(ends_at=counter.env.clock.now() + timedelta(hours=1))
    assert await counter.discount("SPRING") == 1000
    counter.env.clock.advance(3600)
    assert await counter.discount("SPRING") == 0


async def test_holding_again_for_the_order_changes_nothing(counter: Counter) -> None:
    await counter.put(uses_max=1)
    order_id = await counter.hold("SPRING")
    await counter.hold("SPRING", order_id=order_id)
    assert await counter.uses() == 1


async def test_what_is_given_back_can_be_used_by_others(counter: Counter) -> None:
    await counter.put(uses_max=1, customer_max=1)
    order_id = await counter.hold("SPRING")
    await counter.free(order_id)
    await counter.free(order_id)
    assert await counter.uses() == 0
    await counter.hold("SPRING")
    assert await counter.audit() == []


async def test_an_order_that_gave_up_its_codes_holds_none_any_more(counter: Counter) -> None:
    await counter.put()
    early, late = counter.an_order(), await counter.hold("SPRING")
    await counter.free(early)
    await counter.free(late)
    for order_id in (early, late):
        assert await reason_of(counter.hold("SPRING", order_id=order_id)) == "ended"
    assert await counter.uses() == 0


async def test_all_codes_are_held_or_none(counter: Counter) -> None:
    await counter.put("FIRST")
    await counter.put("SECOND", uses_max=1)
    await counter.hold("SECOND")
    assert await reason_of(counter.hold("FIRST", "SECOND")) == "used_up"
    assert await counter.uses("FIRST") == 0
    assert await counter.audit() == []


async def test_no_customer_uses_a_code_more_often_than_allowed(counter: Counter) -> None:
    await counter.put(customer_max=2)
    await counter.hold("SPRING")
    freed = await counter.hold("SPRING")
    assert await reason_of(counter.hold("SPRING")) == "used_by_you"
    await counter.hold("SPRING", customer="bob")
    await counter.free(freed)
    await counter.hold("SPRING")
    assert await counter.audit() == []


async def test_of_a_hundred_who_race_for_a_single_code_one_wins(counter: Counter) -> None:
    await counter.put(uses_max=1)
    answers = await asyncio.gather(
        *(counter.hold("SPRING", customer=str(n)) for n in range(100)), return_exceptions=True
    )
    assert sum(not isinstance(answer, BaseException) for answer in answers) == 1
    assert {type(answer) for answer in answers if isinstance(answer, BaseException)} == {CodeRefused}
    assert (await counter.uses(), await counter.audit()) == (1, [])


async def test_of_one_customers_orders_at_once_as_many_win_as_are_allowed(counter: Counter) -> None:
    await counter.put(customer_max=3)
    answers = await asyncio.gather(*(counter.hold("SPRING") for _ in range(20)), return_exceptions=True)
    assert sum(not isinstance(answer, BaseException) for answer in answers) == 3
    assert await counter.audit() == []


async def test_orders_that_want_the_same_codes_do_not_stand_in_each_others_way(counter: Counter) -> None:
    for code in ("ONE", "TWO", "THREE"):
        await counter.put(code)
    orders = await asyncio.gather(
        *(
            counter.hold(*codes, customer=str(n))
            for n in range(10)
            for codes in (("ONE", "THREE", "TWO"), ("TWO", "ONE"))
        )
    )
    await asyncio.gather(*(counter.free(order_id) for order_id in orders))
    assert [await counter.uses(code) for code in ("ONE", "TWO", "THREE")] == [0, 0, 0]


async def test_limits_can_be_changed_but_not_below_what_was_used(counter: Counter) -> None:
    await counter.put(uses_max=5)
    for _ in range(2):
        await counter.hold("SPRING")
    assert (await counter.put(uses_max=2)).uses == 2
    with pytest.raises(Invalid):
        await counter.put(uses_max=1)
    await counter.pricing.put_promotion(PutPromotion(promotion=a_promotion("other"), expected_version=0))
    with pytest.raises(Invalid):
        await counter.pricing.put_voucher(PutVoucher(voucher=Voucher(code="SPRING", promotion_id="other")))


async def test_a_batch_of_codes_is_made_and_listed_in_pages(counter: Counter) -> None:
    made = await counter.pricing.make_vouchers(MakeVouchers(promotion_id="winter", batch="fair", count=25))
    assert len({voucher.code for voucher in made.items}) == 25
    assert all(voucher.uses_max == 1 for voucher in made.items)
    await counter.put("ANOTHER", batch="zoo")
    found, cursor = [], None
    for _ in range(3):
        page = await counter.pricing.vouchers(ListVouchers(promotion_id="winter", cursor=cursor, limit=10))
        found += [voucher.code for voucher in page.items]
        cursor = page.next_cursor
    assert cursor is None
    assert found == [*(voucher.code for voucher in made.items), "ANOTHER"]


@pytest.mark.parametrize("cursor", ["x", "!!!!", "AAAA", "Y29kZQ"])
async def test_a_made_up_cursor_is_refused(counter: Counter, cursor: str) -> None:
    with pytest.raises(Invalid):
        await counter.pricing.vouchers(ListVouchers(promotion_id="winter", cursor=cursor))


async def test_codes_need_a_promotion(counter: Counter) -> None:
    with pytest.raises(PromotionUnknown):
        await counter.pricing.make_vouchers(MakeVouchers(promotion_id="none", batch="", count=1))
    with pytest.raises(PromotionUnknown):
        await counter.pricing.put_voucher(PutVoucher(voucher=Voucher(code="ABC", promotion_id="none")))


async def test_of_two_who_change_a_promotion_the_second_hears_of_the_first(counter: Counter) -> None:
    cheaper = a_promotion("winter", PercentOff(percent="20"), needs_code=True)
    assert (
        await counter.pricing.put_promotion(PutPromotion(promotion=cheaper, expected_version=1))
    ).version == 2
    other = a_promotion("winter", PercentOff(percent="30"), needs_code=True)
    for expected, refusal in ((0, PromotionTaken), (1, PromotionChanged), (3, PromotionChanged)):
        with pytest.raises(refusal):
            await counter.pricing.put_promotion(PutPromotion(promotion=other, expected_version=expected))
    again = await counter.pricing.put_promotion(PutPromotion(promotion=cheaper, expected_version=0))
    assert again.version == 2, "making the same once more changes nothing"
    await counter.put()
    assert await counter.discount("SPRING") == 2000
    found = await counter.pricing.promotions(Nothing())
    assert [(one.promotion, one.version) for one in found.items] == [(cheaper, 2)]


async def test_of_two_who_make_a_promotion_one_is_told_of_the_other(counter: Counter) -> None:
    drafts = [a_promotion("sale", PercentOff(percent=percent)) for percent in ("10", "20", "30")]
    outcomes = await asyncio.gather(
        *(counter.pricing.put_promotion(PutPromotion(promotion=one, expected_version=0)) for one in drafts),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in outcomes) == [
        "PromotionTaken", "PromotionTaken", "StoredPromotion"
    ]  # fmt: skip


async def test_an_ended_promotion_gives_nothing_and_keeps_its_codes(counter: Counter) -> None:
    await counter.put()
    await counter.hold("SPRING")
    ended = await counter.pricing.end_promotion(EndPromotion(id="winter", expected_version=1))
    assert (ended.promotion.active, ended.version) == (False, 2)
    assert await counter.discount("SPRING") == 0
    assert await counter.uses() == 1
    with pytest.raises(PromotionChanged):
        await counter.pricing.end_promotion(EndPromotion(id="winter", expected_version=1))
    for missing in ("none", "\x00"):
        with pytest.raises(PromotionUnknown):
            await counter.pricing.end_promotion(EndPromotion(id=missing, expected_version=1))
        with pytest.raises(PromotionUnknown):
            await counter.pricing.promotion(PromotionRef(id=missing))


async def test_a_promotion_is_removed_with_its_codes_unless_one_was_used(counter: Counter) -> None:
    await counter.put()
    remove = RemovePromotion(id="winter", expected_version=1)
    order_id = await counter.hold("SPRING")
    await counter.free(order_id)
    with pytest.raises(PromotionInUse):
        await counter.pricing.remove_promotion(remove)
    await counter.pricing.put_promotion(PutPromotion(promotion=a_promotion("other", needs_code=True)))
    await counter.pricing.put_voucher(PutVoucher(voucher=Voucher(code="OTHER", promotion_id="other")))
    with pytest.raises(PromotionChanged):
        await counter.pricing.remove_promotion(RemovePromotion(id="other", expected_version=7))
    await counter.pricing.remove_promotion(RemovePromotion(id="other", expected_version=1))
    with pytest.raises(PromotionUnknown):
        await counter.pricing.promotion(PromotionRef(id="other"))
    with pytest.raises(CodeRefused):
        await counter.hold("OTHER")
    assert await counter.audit() == []


async def test_a_blocked_code_is_good_for_nobody_from_then_on(counter: Counter) -> None:
    await counter.put()
    await counter.hold("SPRING")
    blocked = await counter.pricing.block_voucher(BlockVoucher(promotion_id="winter", code=" spring "))
    assert (blocked.active, blocked.uses) == (False, 1)
    with pytest.raises(CodeRefused):
        await counter.hold("SPRING")
    for promotion_id, code in (
        ("other", "SPRING"),
        ("winter", "NONE"),
        ("winter", "\x00"),
        ("\x00", "SPRING"),
    ):
        with pytest.raises(CodeUnknown):
            await counter.pricing.block_voucher(BlockVoucher(promotion_id=promotion_id, code=code))


async def test_a_batch_asked_for_twice_is_made_once(counter: Counter) -> None:
    fair = MakeVouchers(promotion_id="winter", batch="fair", count=3)
    made = await counter.pricing.make_vouchers(fair)
    with pytest.raises(BatchTaken):
        await counter.pricing.make_vouchers(fair)
    await counter.put("ANOTHER")
    found = await counter.pricing.vouchers(ListVouchers(promotion_id="winter", batch="fair"))
    assert found.items == made.items
    with pytest.raises(PromotionUnknown):
        await counter.pricing.vouchers(ListVouchers(promotion_id="none"))
    with pytest.raises(Invalid):
        await counter.pricing.vouchers(ListVouchers(promotion_id="winter", batch="\x00"))


async def test_the_audit_finds_what_does_not_add_up(counter: Counter) -> None:
    await counter.put("COUNTED")
    await counter.put("SHARED", customer_max=1)
    await counter.hold("COUNTED", "SHARED")
    async with counter.env.db.write() as session:
        await session.run("UPDATE vouchers SET uses = 7 WHERE code = 'COUNTED'")
        await session.run("UPDATE vouchers SET customer_max = NULL WHERE code = 'SHARED'")
    await counter.hold("SHARED")
    async with counter.env.db.write() as session:
        await session.run("UPDATE vouchers SET customer_max = 1 WHERE code = 'SHARED'")
    assert await counter.audit() == [("I12", "COUNTED"), ("I12", "SHARED")]


@pytest.mark.fast
def test_made_codes_are_legible_and_codes() -> None:
    ids = seeded_ids(7)
    codes = {new_code(ids) for _ in range(1000)}
    assert len(codes) == 1000
    assert all(normalised_code(code) == code and not set(code) & set("AEIOU01L") for code in codes)


async def test_a_quote_names_the_code_that_gave_its_discount(counter: Counter) -> None:
    await counter.put("FIRST")
    await counter.put("SECOND")
    request = a_request(an_item(10_000))
    quote = await counter.pricing.quote(
        type(request)(items=request.items, currency=EUR, codes=["second", "FIRST"])
    )
    assert [(one.code, one.amount) for one in quote.given] == [("SECOND", Money(1000, EUR))]
