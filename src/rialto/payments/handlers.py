"""What happens when payments are asked: note the intention, ask the provider outside any transaction, note the answer.

The order of those three is what makes every call repeatable: whatever dies in between, the same call again finds
the intention in the stream and asks the provider with the same key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rialto.kernel.clock import Clock
from rialto.kernel.db import Database
from rialto.kernel.errors import InvariantBroken, Unavailable, VersionConflict
from rialto.kernel.events import Event
from rialto.kernel.faults import Faults
from rialto.kernel.ids import Ids, OrderId, PaymentId, bucket_of, to_uuid
from rialto.kernel.money import Money
from rialto.kernel.service import Nothing
from rialto.kernel.streams import StreamWriter
from rialto.payments import model, store
from rialto.payments.api import (
    Authorise,
    Capture,
    CardNumberRefused,
    HostedPage,
    HostedPageAt,
    OfPaidOrder,
    Payment,
    PaymentList,
    PaymentNotFound,
    PaymentStateWrong,
    ProviderUnknown,
    Refund,
    Webhook,
    looks_like_card_number,
)
from rialto.payments.events import PaymentCaptured, PaymentRefunded, PaymentStarted
from rialto.payments.ledger import Entry, Transaction, between
from rialto.payments.model import PaymentState
from rialto.payments.origins import Origins
from rialto.payments.provider import Answer, Provider, TokenRefused

RACES_MAX = 20


class PaymentHandlers:
    """Implements `Payments`."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        faults: Faults,
        *,
        providers: Mapping[str, Provider],
        origins: Origins | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._faults = faults
        self._providers = providers
        self._origins = origins
        self._streams: StreamWriter[store.Projection] = StreamWriter(
            db, store.ALSO, ids=ids, faults=faults, within=store.WITHIN
        )

    async def tell_origins(self) -> int:
        """Where shop fronts are, to providers that have to know; how many were told."""
        return 0 if self._origins is None else await self._origins.tell()

    async def authorise(self, command: Authorise) -> Payment:
        self._provider(command.provider)
        if looks_like_card_number(command.token):
            raise CardNumberRefused
        payment_id = store.payment_id(command.order_id, command.tender)
        started = PaymentStarted(
            payment_id=payment_id,
            order_id=command.order_id,
            tender=command.tender,
            amount=command.amount,
            provider=command.provider,
            token=command.token,
            return_url=command.return_url,
            deadline=command.deadline,
        )
        # Most payments are new: written at once, and read only where the version says that it was there.
        state = await self._change(payment_id, PaymentState(), lambda now: model.start(now, started))
        if state.unsettled:
            state = await self._ask(payment_id, state)
        return _given_up(command, payment_id) if state.never_began else state.view()

    async def refresh(self, command: OfPaidOrder) -> PaymentList:
        found = []
        for state in await self._of_order(command.order_id):
            asked = await self._ask(_id(state), state) if state.unsettled else state
            found.append(asked.view())
        return PaymentList(items=found)

    async def of_order(self, command: OfPaidOrder) -> PaymentList:
        return PaymentList(items=[state.view() for state in await self._of_order(command.order_id)])

    async def void(self, command: OfPaidOrder) -> PaymentList:
        found = [await self._give_up(command.order_id, tender) for tender in range(command.tenders)]
        return PaymentList(items=[state.view() for state in found if state.amount is not None])

    async def capture(self, command: Capture) -> PaymentList:
        return await self._spread(command.order_id, command.amount, f"capture:{command.step}")

    async def refund(self, command: Refund) -> PaymentList:
        return await self._spread(command.order_id, command.amount, f"refund:{command.step}")

    async def webhook(self, command: Webhook) -> Nothing:
        provider = self._provider(command.provider)
        now = self._clock.now()
        message = provider.read_webhook(command.headers, command.body, now)
        if message is None:
            return Nothing()
        seen = store.WebhookSeen(provider=provider.name, message_id=message.message_id, received_at=now)
        async with self._db.read() as session:
            state = await store.load_payment(session, message.payment_id)
            if not model.learn(state, message.answer):
                return Nothing()  # what most messages say is known by then
            if await store.webhook_seen(session, message.payment_id, provider.name, message.message_id):
                return Nothing()
        await self._change(
            message.payment_id, state, lambda now: model.learn(now, message.answer), webhook=seen
        )
        return Nothing()

    async def hosted_page(self, command: HostedPage) -> HostedPageAt:
        url = await self._provider(command.provider).hosted_page(
            amount=command.amount,
            return_url=command.return_url,
            cancel_url=command.cancel_url,
            language=command.language,
        )
        return HostedPageAt(url=url)

    async def finish(self) -> None:
        """Let what was accepted be written before the process ends."""
        await self._streams.close()

    async def _ask(self, payment_id: PaymentId, state: PaymentState) -> PaymentState:
        """Ask the provider and note the answer; without an answer the payment stays as it is.

        A payment never confirmed is asked for by repeating the authorisation under its key: that pins the outcome
        even when the first request is still on its way.
        """
        provider = self._provider(state.provider)
        self._faults.reach("payments.before_provider")
        try:
            answer = await self._authorise_or_get(provider, payment_id, state)
        except TokenRefused as refused:
            answer = _declined(state, refused.code)
        except Unavailable:  # OutcomeUnknown is one: nobody guesses, the saga asks again
            return state
        self._faults.reach("payments.after_provider")
        return await self._change(payment_id, state, lambda now: model.learn(now, answer))

    async def _authorise_or_get(
        self, provider: Provider, payment_id: PaymentId, state: PaymentState
    ) -> Answer:
        if state.reference is None:
            answer = await provider.authorise(
                key=f"{payment_id}:authorise",
                payment_id=payment_id,
                amount=_amount(state),
                token=state.token,
                return_url=state.return_url,
            )
            if answer.state not in {"processing", "requires_action"} or state.status == "started":
                return answer
            return await provider.get(answer.reference)
        return await provider.get(state.reference)

    async def _give_up(self, order_id: OrderId, tender: int) -> PaymentState:
        payment_id = store.payment_id(order_id, tender)
        state = await self._load(payment_id)
        state = await self._change(
            payment_id, state, lambda now: model.give_up(now, payment_id, order_id, tender=tender)
        )
        if state.status == "voiding":
            state = await self._void(payment_id, state)
        if model.refundable(state):
            return await self._refund(state, Money(model.refundable(state), _amount(state).currency), "void")
        return state

    async def _void(self, payment_id: PaymentId, state: PaymentState) -> PaymentState:
        """Release at the provider, pinning first what may still be on its way to it. Raises Unavailable."""
        provider = self._provider(state.provider)
        reference = state.reference
        if reference is None:
            self._faults.reach("payments.before_provider")
            try:
                pinned = await provider.authorise(
                    key=f"{payment_id}:authorise",
                    payment_id=payment_id,
                    amount=_amount(state),
                    token=state.token,
                    return_url=state.return_url,
                )
            except TokenRefused as refused:
                pinned = _declined(state, refused.code)
            reference = pinned.reference
            if pinned.state in {"declined", "voided"}:
                return await self._change(payment_id, state, lambda now: model.learn(now, pinned))
        answer = await provider.void(key=f"{payment_id}:void", reference=reference)
        self._faults.reach("payments.after_provider")
        if answer.captured.amount > state.captured:
            return await self._note_capture(state, answer)
        state = await self._change(payment_id, state, lambda now: model.learn(now, answer))
        if state.status == "voiding":
            raise Unavailable("The payment provider has not released the payment yet.")
        return state

    async def _note_capture(self, state: PaymentState, answer: Answer) -> PaymentState:
        """Book what the provider took although its answer never reached us; then it can be given back."""
        amount = Money(answer.captured.amount - state.captured, _amount(state).currency)
        event = PaymentCaptured(
            payment_id=_id(state), order_id=_order(state), step="unnoticed", amount=amount
        )
        entries = between(f"provider:{state.provider}", "customers", amount)
        return await self._move(state, event, "capture:unnoticed", entries=entries)

    async def _spread(self, order_id: OrderId, amount: Money, step: str) -> PaymentList:
        """Capture or refund over the order's payments; each keeps what it did under the step.

        A step that died half way goes on with the payments it did not reach, for what they then owe to it.
        """
        states = await self._of_order(order_id)
        if not states:
            raise PaymentNotFound
        if any(_amount(state).currency != amount.currency for state in states) or amount.amount <= 0:
            raise PaymentStateWrong("The amount does not fit the payment.")
        rest = amount.amount - sum(state.steps.get(step, 0) for state in states)
        if rest < 0:  # answered with success, whoever asks would note less than what was moved
            raise PaymentStateWrong("This step has moved more than is asked now.")
        if rest > 0:
            limit = model.capturable if step.startswith("capture:") else model.refundable
            parts = model.share(rest, [0 if step in state.steps else limit(state) for state in states])
            moves = self._capture if step.startswith("capture:") else self._refund
            name = step.partition(":")[2]
            states = [
                await moves(state, Money(part, amount.currency), name) if part else state
                for state, part in zip(states, parts, strict=True)
            ]
        return PaymentList(items=[state.view() for state in states])

    async def _capture(self, state: PaymentState, amount: Money, step: str) -> PaymentState:
        payment_id, provider = _id(state), self._provider(state.provider)
        await provider.capture(
            key=f"{payment_id}:capture:{step}", reference=state.reference or "", amount=amount
        )
        self._faults.reach("payments.after_provider")
        event = PaymentCaptured(payment_id=payment_id, order_id=_order(state), step=step, amount=amount)
        entries = between(f"provider:{provider.name}", "customers", amount)
        return await self._move(state, event, f"capture:{step}", entries=entries)

    async def _refund(self, state: PaymentState, amount: Money, step: str) -> PaymentState:
        payment_id, provider = _id(state), self._provider(state.provider)
        await provider.refund(
            key=f"{payment_id}:refund:{step}", reference=state.reference or "", amount=amount
        )
        self._faults.reach("payments.after_provider")
        event = PaymentRefunded(payment_id=payment_id, order_id=_order(state), step=step, amount=amount)
        entries = between("customers", f"provider:{provider.name}", amount)
        return await self._move(state, event, f"refund:{step}", entries=entries)

    async def _move(
        self, state: PaymentState, event: Event, step: str, *, entries: list[Entry]
    ) -> PaymentState:
        payment_id = _id(state)
        booking = Transaction(
            bucket=bucket_of(payment_id),
            cause=f"{payment_id}:{step}",
            order_id=to_uuid(_order(state)),
            kind=step.partition(":")[0],
            entries=entries,
            at=self._clock.now(),
        )
        return await self._change(
            payment_id, state, lambda now: [] if step in now.steps else [event], bookings=[booking]
        )

    async def _change(
        self,
        payment_id: PaymentId,
        state: PaymentState,
        decide: Callable[[PaymentState], Sequence[Event]],
        *,
        bookings: Sequence[Transaction] = (),
        webhook: store.WebhookSeen | None = None,
    ) -> PaymentState:
        """Write what `decide` says, deciding anew on what others wrote first. The state afterwards."""
        for _ in range(RACES_MAX):
            events = list(decide(state))
            if not events:
                return state
            after = model.fold(events, state)
            projection = store.Projection(
                id=payment_id,
                order_id=_order(after),
                tender=after.tender,
                state=after,
                bookings=list(bookings),
                webhook=webhook,
            )
            try:
                await self._streams.write(
                    bucket=bucket_of(payment_id),
                    stream=to_uuid(payment_id),
                    version=state.version,
                    events=events,
                    at=self._clock.now(),
                    projection=projection,
                )
            except VersionConflict:
                state = await self._load(payment_id)
                continue
            return after
        raise Unavailable("Too many write to this payment at once.")

    async def _load(self, payment_id: PaymentId) -> PaymentState:
        async with self._db.read() as session:
            return await store.load_payment(session, payment_id)

    async def _of_order(self, order_id: OrderId) -> list[PaymentState]:
        async with self._db.read() as session:
            return await store.load_of_order(session, order_id)

    def _provider(self, name: str) -> Provider:
        provider = self._providers.get(name)
        if provider is None:
            raise ProviderUnknown
        return provider


def _declined(state: PaymentState, code: str) -> Answer:
    """What a refused token amounts to."""
    nothing = Money.zero(_amount(state).currency)
    return Answer(reference="", state="declined", captured=nothing, refunded=nothing, decline_code=code)


def _given_up(command: Authorise, payment_id: PaymentId) -> Payment:
    """A payment that was given up before it began, to whoever would begin it now."""
    nothing = Money.zero(command.amount.currency)
    return Payment(
        id=payment_id,
        order_id=command.order_id,
        tender=command.tender,
        status="voided",
        amount=command.amount,
        captured=nothing,
        refunded=nothing,
        provider=command.provider,
    )


def _id(state: PaymentState) -> PaymentId:
    if state.id is None:
        raise InvariantBroken("a payment without events was used")
    return state.id


def _order(state: PaymentState) -> OrderId:
    if state.order_id is None:
        raise InvariantBroken("a payment without an order was used")
    return state.order_id


def _amount(state: PaymentState) -> Money:
    if state.amount is None:
        raise InvariantBroken("a payment that never started was used")
    return state.amount
