"""Codes on their way through a checkout: looked at, held by an order, given back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rialto.kernel.db import WriteSession
from rialto.kernel.errors import InvariantBroken
from rialto.kernel.ids import to_uuid
from rialto.kernel.service import Nothing
from rialto.pricing.api import CodeRef, CodesOf, HoldCodes, NotFirstOrder, Voucher
from rialto.pricing.handlers.shared import PricingUseCase
from rialto.pricing.model.codes import (
    CODES_OF_CART_MAX,
    customer_key,
    normalised_code,
    refuse_unusable,
    refused,
)
from rialto.pricing.store import first_orders
from rialto.pricing.store import promotions as store


class Codes(PricingUseCase):
    async def check_code(self, command: CodeRef) -> Voucher:
        code = normalised_code(command.code)
        if code is None:
            raise refused(command.code[:40], "unknown")
        async with self.db.read() as session:
            known = await store.vouchers_named(session, [code])
        return refuse_unusable(known.get(code), code, self.clock.now())

    async def hold_codes(self, command: HoldCodes) -> Nothing:
        codes = _codes(command.codes)
        order_id, customer = to_uuid(command.order_id), customer_key(command.customer)
        async with self.db.write() as session:
            if not await session.run(store.BEGIN_HOLD, order_id, customer, self.clock.now()):
                if await session.value(store.HOLD_OF, order_id) != "held":
                    raise refused(codes[0] if codes else "", "ended")
                return Nothing()
            known = await store.lock_vouchers(session, codes)
            held = await store.held_by_customer(session, codes, customer)
            self._check(codes, known, held)
            if command.first_order and not await first_orders.hold(session, customer, order_id):
                raise NotFirstOrder
            await session.run(store.ADD_USES, order_id, codes)
            await _take(session, codes)
        return Nothing()

    async def free_codes(self, command: CodesOf) -> Nothing:
        async with self.db.write() as session:
            await store.free(session, to_uuid(command.order_id), self.clock.now())
            await first_orders.forget(session, [to_uuid(command.order_id)])
        return Nothing()

    def _check(self, codes: Sequence[str], known: Mapping[str, Voucher], held: Mapping[str, int]) -> None:
        for code in codes:
            voucher = refuse_unusable(known.get(code), code, self.clock.now())
            if voucher.customer_max is not None and held.get(code, 0) >= voucher.customer_max:
                raise refused(code, "used_by_you")


async def _take(session: WriteSession, codes: Sequence[str]) -> None:
    if await session.run(store.TAKE, list(codes)) != len(codes):
        raise InvariantBroken("codes did not admit what was read under their lock")


def _codes(texts: Sequence[str]) -> list[str]:
    """Each once, in the order of locks. Raises CodeRefused for what is no code."""
    found: set[str] = set()
    for text in texts[: CODES_OF_CART_MAX + 1]:
        code = normalised_code(text)
        if code is None or len(found) == CODES_OF_CART_MAX:
            raise refused(text[:40], "unknown")
        found.add(code)
    return sorted(found)
