"""Placing an order: check, quote, start, drive; and answering the same request twice alike."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import msgspec

from rialto.cart.api import CartForCheckout, CartNotFound, CartOrdered, CartRef, Carts, CloseCart
from rialto.inventory.api import OutOfStock
from rialto.kernel.address import Address
from rialto.kernel.errors import Conflict, Invalid, Unavailable
from rialto.kernel.ids import ORDER, bucket_of, to_uuid
from rialto.kernel.money import Money, total
from rialto.kernel.text import clean_text
from rialto.orders import store
from rialto.orders.answers import Answered, scope_of
from rialto.orders.api import (
    AddressMissing,
    CartEmpty,
    CheckoutAnswer,
    CheckoutInProgress,
    ContinueCheckout,
    DeliveryMissing,
    KeyReused,
    OrderCancelledMeanwhile,
    PaymentMissing,
    PlaceOrder,
    PriceChanged,
    RequestInProgress,
    Tender,
)
from rialto.orders.events import OrderStarted, StartedDiscount, StartedLine, StartedTax, StartedTender
from rialto.orders.handlers.shared import OrderUseCase
from rialto.orders.model import OrderState, fold, order_number
from rialto.orders.saga import GRACE_S, Progress
from rialto.orders.starting import KeyTaken, Start
from rialto.orders.views import return_url
from rialto.payments.api import CardNumberRefused, ProviderUnknown, looks_like_card_number
from rialto.pricing.api import CodeRefused, NotFirstOrder

PAYMENT_DEADLINE = timedelta(minutes=13)
WAIT_S = 2.0
POLL_S = 0.05
LOOK_AGAIN_S = 2.0
TENDERS_MAX = 5
# Payments was asked for something it does not do: nobody declined, the request was wrong.
REFUSALS: dict[str | None, type[Invalid]] = {kind.code: kind for kind in (ProviderUnknown, CardNumberRefused)}


class Checkout(OrderUseCase):
    async def checkout(self, command: PlaceOrder) -> CheckoutAnswer:
        known = await self._known(command)
        if known is not None:
            return await self._repeat(command, known)
        try:
            start = await self._prepare(command)
        except (Conflict, Invalid):
            # The same request may have been faster by another way: what it took (the last unit, the cart) is
            # missing now, and its answer is the answer.
            known = await self._known(command)
            if known is None:
                raise
            return await self._repeat(command, known)
        try:
            await self.starter.submit(start)
        except KeyTaken:
            known = await self._known(command)
            if known is None:
                raise Unavailable from None
            return await self._repeat(command, known)
        except CheckoutInProgress:
            await self._refuse_second_checkout(command)
            raise
        self.env.faults.reach("orders.saga.after_start")
        progress = await self._drive(fold([start.event]))
        if progress.waiting or progress.state.closed or self.env.clock.now() >= start.saga_due_at:
            # Somebody else may have been first to answer (the worker, staff who cancelled), and an order that
            # ended has gone on since it was answered: a repeat will hear what stands in the record, so this does.
            known = await self._known(command)
            if known is None:
                raise Unavailable
            return await self._repeat(command, known)
        contact = store.Contact(email=start.email, shipping=start.shipping, billing=start.billing)
        return self._present(progress, (start.key, contact))

    async def resume(self, command: ContinueCheckout) -> CheckoutAnswer:
        details = await self.admitted(command.order_id, command.key, account_id=command.account_id)
        return self._present(await self._drive(await self.saga.load(command.order_id)), details)

    async def _drive(self, state: OrderState) -> Progress:
        """Go as far as it goes now. What a failing dependency interrupts stays pending: the worker goes on."""
        order_id = state.started.order_id
        try:
            progress = await self.saga.drive(order_id, state)
        except Unavailable:
            progress = Progress(state=await self.saga.load(order_id), waiting=True)
        if progress.waiting:
            await self.leave_to_worker(progress, LOOK_AGAIN_S)
        if progress.state.account_id is not None and state.placed_at is None:
            await self.show_at_once(progress.state)
            await self._end_cart(progress.state)
        return progress

    async def _end_cart(self, state: OrderState) -> None:
        """An account asks for its open cart again: not for the one it has just bought."""
        start = state.started
        if state.placed_at is None:
            return
        command = CloseCart(cart_id=start.cart_id, order_id=start.order_id, skus=state.ordered())
        with suppress(
            Unavailable, CartNotFound, CartOrdered
        ):  # the reaction to the order does it in any case
            await self.env[Carts].close(command)

    def _present(self, progress: Progress, details: tuple[str, store.Contact]) -> CheckoutAnswer:
        """What is to be told about how far the order came."""
        outcome = Answered.read(Answered.of(progress.state, progress.action_url))
        return self._answer(outcome, progress.state, details)

    async def _known(self, command: PlaceOrder) -> store.KnownKey | None:
        async with self.env.db.read() as session:
            return await store.load_key(session, scope_of(command.account_id, command.cart_id), command.key)

    async def _repeat(self, command: PlaceOrder, known: store.KnownKey) -> CheckoutAnswer:
        """The same answer again. Waits up to two seconds for one that is being worked on."""
        if known.request_hash != command.request_hash:
            raise KeyReused
        waited_s = 0.0
        while not known.done:
            if waited_s >= WAIT_S:
                raise RequestInProgress(retry_after_s=2)
            await self.env.clock.sleep(POLL_S)
            waited_s += POLL_S
            known = await self._known(command) or known
        order_id = ORDER.of(known.order_id)
        outcome = Answered.read(known.answer or b"")
        async with self.env.db.read() as session:
            state = await store.load_order_at(session, order_id, outcome.version)
        return self._answer(outcome, state, await self.details(order_id))

    def _answer(
        self, outcome: Answered, state: OrderState, details: tuple[str, store.Contact]
    ) -> CheckoutAnswer:
        start = state.started
        if outcome.outcome == "out_of_stock":
            wanted = {line.sku: line.quantity for line in start.lines}
            items = [
                {"sku": sku, "requested": wanted.get(sku, 0), "available": left}
                for sku, left in state.short.items()
            ]
            raise OutOfStock(extra={"items": items})
        if outcome.outcome == "code_not_valid":
            raise CodeRefused(extra={"codes": start.codes()})
        if outcome.outcome == "not_first_order":
            raise NotFirstOrder
        if outcome.outcome == "cancelled":
            raise OrderCancelledMeanwhile(extra={"reason": state.cancel_reason})
        if outcome.outcome == "declined" and state.decline_code in REFUSALS:
            raise REFUSALS[state.decline_code]
        return CheckoutAnswer(
            outcome=outcome.outcome,
            order=self.view(state, details),
            next_action_url=outcome.action_url,
            decline_code=state.decline_code,
        )

    async def _refuse_second_checkout(self, command: PlaceOrder) -> None:
        """Tell a cart that is ordered from one that is being ordered."""
        async with self.env.db.read() as session:
            row = await session.value(
                store.ORDER_OF_CART, bucket_of(command.cart_id), to_uuid(command.cart_id)
            )
            state = await store.load_order(session, ORDER.of(row)) if row else None
        if state is not None and state.status != "pending":
            raise CartOrdered(extra={"order_id": state.started.order_id})

    async def _prepare(self, command: PlaceOrder) -> Start:
        prepared = await self.env[Carts].for_checkout(_cart(command))
        await self._check(command, prepared)
        return self._start_of(command, prepared)

    async def _check(self, command: PlaceOrder, prepared: CartForCheckout) -> None:
        """Refuse what cannot become an order, before anything is stored."""
        cart = prepared.cart
        if not cart.lines:
            raise CartEmpty
        # First, since no delivery is offered for a cart of nothing but such lines: choosing one would not help.
        if any(line.problem == "not_sold" for line in cart.lines):
            raise Conflict("Some of this is not sold any more.", code="not_sold")
        if cart.email is None or cart.shipping is None:
            raise AddressMissing
        if prepared.quote.delivery is None:
            raise DeliveryMissing
        short = [line for line in cart.lines if line.available < line.quantity]
        if short:
            items = [
                {"sku": line.sku, "requested": line.quantity, "available": line.available} for line in short
            ]
            raise OutOfStock(extra={"items": items})
        expected = prepared.seen_total if command.expected_total is None else command.expected_total
        if expected is not None and expected != prepared.quote.totals.total:
            await self.env[Carts].accept_total(_cart(command))
            raise PriceChanged(extra={"totals": msgspec.to_builtins(prepared.quote.totals)})
        if not command.tenders:
            raise PaymentMissing

    def _start_of(self, command: PlaceOrder, prepared: CartForCheckout) -> Start:
        """Everything the order will ever be, copied: no later change of cart or catalogue reaches it."""
        cart, quote, delivery = prepared.cart, prepared.quote, prepared.quote.delivery
        assert delivery is not None
        assert cart.shipping is not None
        ids, now = self.env.ids, self.env.clock.now()
        bucket = bucket_of(cart.id)
        order_id, key = ORDER.new(ids, bucket), ids.token()
        event = OrderStarted(
            order_id=order_id,
            number=order_number(bucket, ids.below(2**35)),
            cart_id=cart.id,
            idempotency_key=command.key,
            currency=cart.currency,
            language=cart.language,
            channel=cart.channel,
            country=cart.shipping.country,
            lines=_lines(prepared),
            taxes=[StartedTax(rate=tax.rate, net=tax.net, tax=tax.tax) for tax in quote.taxes],
            items=quote.totals.items,
            discount=quote.totals.discount,
            delivery=quote.totals.delivery,
            delivery_tax=delivery.tax,
            tax=quote.totals.tax,
            total=quote.totals.total,
            tax_included=quote.tax_included,
            delivery_option_id=delivery.option_id,
            delivery_title=cart.delivery.title if cart.delivery else delivery.option_id,
            delivered_on_from=cart.delivery.delivered_on_from if cart.delivery else None,
            delivered_on_to=cart.delivery.delivered_on_to if cart.delivery else None,
            tenders=_tenders(command.tenders, quote.totals.total),
            return_url=return_url(
                prepared.shop_url or self.env.settings.public_url, cart.language, order_id, key
            ),
            payment_deadline=now + PAYMENT_DEADLINE,
            started_at=now,
            account_id=command.account_id,
            discounts=_discounts(prepared),
            shop_url=prepared.shop_url,
        )
        return Start(
            event=event,
            key=key,
            request_hash=command.request_hash,
            email=cart.email or "",
            shipping=cart.shipping,
            billing=_billing(cart.billing, cart.shipping),
            saga_due_at=now + timedelta(seconds=GRACE_S),
        )


def _cart(command: PlaceOrder) -> CartRef:
    return CartRef(cart_id=command.cart_id, account_id=command.account_id)


def _billing(billing: Address | None, shipping: Address) -> Address:
    return billing or shipping


def _lines(prepared: CartForCheckout) -> list[StartedLine]:
    quoted = {line.key: line for line in prepared.quote.lines}
    return [
        StartedLine(
            id=line.id,
            sku=line.sku,
            quantity=line.quantity,
            unit_price=quoted[line.id].unit_price,
            total=quoted[line.id].total,
            tax=quoted[line.id].tax,
            tax_rate=quoted[line.id].tax_rate,
            title=line.title,
            product_id=line.product_id,
            slug=line.slug,
            options=line.options,
            image=msgspec.to_builtins(line.image) if line.image else None,
        )
        for line in prepared.cart.lines
    ]


def _discounts(prepared: CartForCheckout) -> list[StartedDiscount]:
    return [
        StartedDiscount(
            promotion_id=given.promotion_id,
            title=shown.title,
            amount=given.amount,
            code=given.code,
            first_order=given.first_order,
        )
        for given, shown in zip(prepared.quote.given, prepared.cart.discounts, strict=True)
    ]


def _tenders(asked: list[Tender], whole: Money) -> list[StartedTender]:
    """Tenders with their amounts: one without pays what the others leave. Raises Invalid when they do not fit."""
    if len(asked) > TENDERS_MAX or sum(tender.amount is None for tender in asked) > 1:
        raise Invalid("At most five payments, and one of them without an amount.", code="payments_not_valid")
    if any(looks_like_card_number(tender.token) for tender in asked):
        raise CardNumberRefused
    if not all(clean_text(tender.provider) and clean_text(tender.token) for tender in asked):
        raise Invalid("A provider and its token are plain text.", code="payments_not_valid")
    named = [tender.amount for tender in asked if tender.amount is not None]
    if any(amount.currency != whole.currency or amount.amount <= 0 for amount in named):
        raise Invalid("The payments' amounts do not fit the order.", code="payments_not_valid")
    rest = whole - total(named, whole.currency)
    has_open = any(tender.amount is None for tender in asked)
    if rest.amount < 0 or (rest.amount > 0) != has_open:
        raise Invalid("The payments do not sum to the order's total.", code="payments_not_valid")
    return [StartedTender(provider=t.provider, token=t.token, amount=t.amount or rest) for t in asked]
