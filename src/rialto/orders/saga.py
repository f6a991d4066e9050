"""The checkout saga: whatever state an order is in, take the next step, until it rests or must wait.

Every step is idempotent by (order, step), so it does not matter who drives (the request, a webhook, the worker),
how many do at once, or where the last one died: the stream says what is certain, each service is asked again
for the rest, and the optimistic lock lets one writer through.

    reserve stock → hold codes → authorise each tender → use the stock up → placed
    cancelled → void payments → give the stock back → free codes → closed
    shipped → capture → captured
    refund decided → refund → refunded
    goods received → put into stock → restocked

Stock is used up before the order is placed: from then on no sweeper can take it away, and a success that
arrives after the reservation's time finds it gone and is voided.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from rialto.inventory.api import Inventory, OfOrder, OutOfStock, ReservationGone, Reserve, StockLine
from rialto.kernel.clock import Clock
from rialto.kernel.db import Database
from rialto.kernel.email import normalised_email
from rialto.kernel.errors import Unavailable, VersionConflict
from rialto.kernel.events import Event
from rialto.kernel.faults import Faults
from rialto.kernel.ids import Ids, OrderId, bucket_of, to_uuid
from rialto.kernel.service import Frozen
from rialto.kernel.streams import StreamWriter
from rialto.orders import model, store
from rialto.orders.answers import Answered
from rialto.orders.events import (
    OrderAwaitsCustomer,
    OrderCaptured,
    OrderClosed,
    OrderNeedsAttention,
    OrderPlaced,
    OrderRefunded,
)
from rialto.orders.model import OrderState
from rialto.orders.restocking import restock
from rialto.payments.api import (
    Authorise,
    Capture,
    CardNumberRefused,
    OfPaidOrder,
    Payment,
    Payments,
    ProviderUnknown,
    Refund,
)
from rialto.pricing.api import CodeRefused, CodesOf, HoldCodes, NotFirstOrder, Pricing

STEPS_MAX = 30
# How long the worker leaves an order to the request that is working on it.
GRACE_S = 20.0
# The reservation outlives the payment's deadline by this much, so that the payment is voided first.
RESERVATION_EXTRA = timedelta(minutes=2)

Decide = Callable[[OrderState, datetime], Sequence[Event]]


class Progress(Frozen):
    """How far an order came. `action_url` is where the customer must go."""

    state: OrderState
    action_url: str | None = None
    waiting: bool = False


class _CheckoutFailed(Exception):
    """Why a checkout must be given up."""

    def __init__(
        self, reason: str, *, decline_code: str | None = None, short: dict[str, int] | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.decline_code = decline_code
        self.short = short


class Saga:
    """Drives orders."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        faults: Faults,
        *,
        inventory: Inventory,
        payments: Payments,
        pricing: Pricing,
    ) -> None:
        self._db = db
        self._clock = clock
        self._faults = faults
        self._inventory = inventory
        self._payments = payments
        self._pricing = pricing
        self._streams: StreamWriter[store.Projection] = StreamWriter(db, store.ALSO, ids=ids, faults=faults)

    async def drive(self, order_id: OrderId, state: OrderState | None = None) -> Progress:
        """Go on until the order rests or waits for somebody. Raises Unavailable where it must be tried again."""
        progress = Progress(state=state or await self.load(order_id))
        for _ in range(STEPS_MAX):
            if progress.state.at_rest or progress.waiting:
                return progress
            progress = await self._step(progress.state)
        raise Unavailable("The order is being changed by too many at once.")

    async def load(self, order_id: OrderId) -> OrderState:
        async with self._db.read() as session:
            return await store.load_order(session, order_id)

    async def change(self, state: OrderState, decide: Decide) -> OrderState:
        """Append what `decide` says about the state, deciding anew on what others wrote first."""
        for _ in range(STEPS_MAX):
            events = list(decide(state, self._clock.now()))
            if not events:
                return state
            order_id = state.started.order_id
            after = model.fold(events, state)
            try:
                await self._streams.write(
                    bucket=bucket_of(order_id),
                    stream=to_uuid(order_id),
                    version=state.version,
                    events=events,
                    at=self._clock.now(),
                    projection=self._projection(state, after),
                )
            except VersionConflict:
                state = await self.load(order_id)
                continue
            return after
        raise Unavailable("Too many write to this order at once.")

    async def close(self) -> None:
        await self._streams.close()

    def _projection(self, before: OrderState, after: OrderState) -> store.Projection:
        due_at = None if after.at_rest else self._clock.now() + timedelta(seconds=GRACE_S)
        cancelled = after.status == "cancelled" and before.status != "cancelled"
        # Waiting for the customer keeps the row that is there: its time was set by whoever waits.
        saga = None if after.awaits_customer and not before.awaits_customer else store.Saga(due_at=due_at)
        return store.Projection(
            state=after,
            saga=saga,
            answer=Answered.of(after)
            if after.status in {"placed", "cancelled", "needs_attention"} and not after.shipments
            else None,
            free_cart=cancelled,
        )

    async def _step(self, state: OrderState) -> Progress:
        if state.status == "pending":
            return await self._place(state)
        if state.status == "cancelled":
            return await self._give_back(state)
        if state.unstocked:
            put_back = await restock(self._inventory, state)
            self._faults.reach("orders.receive.after_stock")
            return Progress(state=await self.change(state, put_back))
        if state.uncaptured:
            return await self._take_money(state)
        return await self._return_money(state)

    async def _place(self, state: OrderState) -> Progress:
        try:
            await self._reserve(state)
            await self._hold_codes(state)
            payments = await self._authorise(state)
            action = next((payment for payment in payments if payment.status == "action_required"), None)
            if action is not None:
                state = await self.change(state, _await_customer)
                return Progress(
                    state=state, action_url=action.next_action_url, waiting=state.status == "pending"
                )
            if any(payment.status == "pending" for payment in payments):
                return Progress(state=state, waiting=True)
            await self._consume(state)
        except _CheckoutFailed as failed:
            return await self._cancel(state, failed)
        state = await self.change(state, _place)
        self._faults.reach("orders.saga.after_placed")
        return Progress(state=state)

    async def _reserve(self, state: OrderState) -> None:
        start = state.started
        if self._clock.now() >= start.payment_deadline:
            raise _CheckoutFailed("abandoned")
        try:
            await self._inventory.reserve(
                Reserve(
                    order_id=start.order_id,
                    lines=[StockLine(sku=line.sku, quantity=line.quantity) for line in start.lines],
                    expires_at=start.payment_deadline + RESERVATION_EXTRA,
                    country=start.country,
                )
            )
        except OutOfStock as refused:
            short = {str(item["sku"]): int(item["available"]) for item in refused.extra["items"]}
            raise _CheckoutFailed("out_of_stock", short=short) from None
        except ReservationGone:
            raise _CheckoutFailed("abandoned") from None
        self._faults.reach("orders.saga.after_reserve")

    async def _hold_codes(self, state: OrderState) -> None:
        """Most orders hold nothing. A guest is known by the e-mail, which stands in no event."""
        start = state.started
        if not start.codes() and not start.is_given_as_first():
            return
        customer: str = start.account_id or ""
        if not customer:
            async with self._db.read() as session:
                details = await store.load_details(session, start.order_id)
            customer = normalised_email((details[1].email if details else None) or start.order_id)
        try:
            await self._pricing.hold_codes(
                HoldCodes(
                    order_id=start.order_id,
                    codes=start.codes(),
                    customer=customer,
                    first_order=start.is_given_as_first(),
                )
            )
        except CodeRefused:
            raise _CheckoutFailed("code_not_valid") from None
        except NotFirstOrder:
            raise _CheckoutFailed("not_first_order") from None
        self._faults.reach("orders.saga.after_codes")

    async def _authorise(self, state: OrderState) -> list[Payment]:
        """Every tender asked for, in order; the first refusal ends it."""
        payments = []
        for number in range(len(state.started.tenders)):
            payment = await self._authorise_tender(state, number)
            if payment.status not in _HOPEFUL:
                raise _CheckoutFailed("payment_declined", decline_code=payment.decline_code or "declined")
            payments.append(payment)
        self._faults.reach("orders.saga.after_authorise")
        return payments

    async def _consume(self, state: OrderState) -> None:
        try:
            await self._inventory.consume(OfOrder(order_id=state.started.order_id))
        except ReservationGone:
            raise _CheckoutFailed("abandoned") from None
        self._faults.reach("orders.saga.after_consume")

    async def _authorise_tender(self, state: OrderState, number: int) -> Payment:
        start = state.started
        tender = start.tenders[number]
        command = Authorise(
            order_id=start.order_id,
            tender=number,
            amount=tender.amount,
            provider=tender.provider,
            token=tender.token,
            return_url=start.return_url,
            deadline=start.payment_deadline,
        )
        try:
            return await self._payments.authorise(command)
        except (ProviderUnknown, CardNumberRefused) as refused:
            raise _CheckoutFailed("payment_declined", decline_code=refused.stable_code) from None

    async def _cancel(self, state: OrderState, failed: _CheckoutFailed) -> Progress:
        def decide(now: OrderState, at: datetime) -> Sequence[Event]:
            if now.status != "pending":
                return []
            return model.cancel(now, failed.reason, at, decline_code=failed.decline_code, short=failed.short)

        state = await self.change(state, decide)
        self._faults.reach("orders.saga.after_cancel")
        return Progress(state=state)

    async def _give_back(self, state: OrderState) -> Progress:
        start = state.started
        await self._payments.void(OfPaidOrder(order_id=start.order_id, tenders=len(start.tenders)))
        self._faults.reach("orders.saga.after_void")
        await self._inventory.release(OfOrder(order_id=start.order_id))
        self._faults.reach("orders.saga.after_release")
        if start.codes() or start.is_given_as_first():
            await self._pricing.free_codes(CodesOf(order_id=start.order_id))
        return Progress(state=await self.change(state, _close))

    async def _take_money(self, state: OrderState) -> Progress:
        shipment = state.uncaptured[0]
        if shipment.amount:
            await self._payments.capture(
                Capture(order_id=state.started.order_id, amount=shipment.amount, step=shipment.step)
            )
        self._faults.reach("orders.ship.after_capture")

        def decide(now: OrderState, at: datetime) -> Sequence[Event]:
            if all(event.step != shipment.step for event in now.uncaptured):
                return []
            return [
                OrderCaptured(
                    order_id=now.started.order_id, step=shipment.step, amount=shipment.amount, captured_at=at
                )
            ]

        return Progress(state=await self.change(state, decide))

    async def _return_money(self, state: OrderState) -> Progress:
        decided = state.unrefunded[0]
        await self._payments.refund(
            Refund(
                order_id=state.started.order_id,
                amount=decided.amount,
                step=decided.step,
                reason=decided.reason,
            )
        )
        self._faults.reach("orders.refund.after_payment")

        def decide(now: OrderState, at: datetime) -> Sequence[Event]:
            if all(event.step != decided.step for event in now.unrefunded):
                return []
            return [
                OrderRefunded(
                    order_id=now.started.order_id,
                    step=decided.step,
                    amount=decided.amount,
                    reason=decided.reason,
                    refunded_at=at,
                )
            ]

        return Progress(state=await self.change(state, decide))

    async def give_up(self, order_id: OrderId, cause: str) -> None:
        """Hand an order over to a person, once. Money still owed, to the shop or to the customer, is asked for all the same."""

        def decide(now: OrderState, at: datetime) -> Sequence[Event]:
            if now.at_rest or now.status == "needs_attention":
                return []
            return [OrderNeedsAttention(order_id=order_id, cause=cause, noticed_at=at)]

        await self.change(await self.load(order_id), decide)


_HOPEFUL = frozenset({"pending", "action_required", "authorised", "captured"})


def _await_customer(state: OrderState, at: datetime) -> Sequence[Event]:
    if state.awaits_customer or state.status != "pending":
        return []
    return [OrderAwaitsCustomer(order_id=state.started.order_id, awaited_at=at)]


def _place(state: OrderState, at: datetime) -> Sequence[Event]:
    if state.status != "pending":
        return []
    start = state.started
    return [
        OrderPlaced(
            order_id=start.order_id,
            number=start.number,
            cart_id=start.cart_id,
            language=start.language,
            total=start.total,
            skus=state.ordered(),
            placed_at=at,
            account_id=start.account_id,
        ),
        *model.far_from_account(start, at),
    ]


def _close(state: OrderState, at: datetime) -> Sequence[Event]:
    if state.closed or state.status != "cancelled":
        return []
    return [OrderClosed(order_id=state.started.order_id, closed_at=at)]
