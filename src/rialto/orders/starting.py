"""Starting orders by group commit: the client's key, the cart's claim and the first event stand or fall together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from rialto.kernel.address import Address
from rialto.kernel.batch import Batcher
from rialto.kernel.db import Database, WriteSession
from rialto.kernel.email import bucket_of_hash, email_hash
from rialto.kernel.errors import RialtoError, Unavailable
from rialto.kernel.events import NewEvent, append, caused_here
from rialto.kernel.faults import Faults
from rialto.kernel.ids import bucket_of, to_uuid
from rialto.kernel.service import Frozen
from rialto.orders import store
from rialto.orders.answers import scope_of
from rialto.orders.api import CheckoutInProgress
from rialto.orders.events import OrderStarted


class Start(Frozen):
    """One order to start. `key` is the order's own secret, `request_hash` of the client's request, `meta` says what caused it."""

    event: OrderStarted
    key: str
    request_hash: str
    email: str
    shipping: Address
    billing: Address
    saga_due_at: datetime
    meta: dict[str, str] = msgspec.field(default_factory=caused_here)


class KeyTaken(RialtoError):
    """The client's key has a row already: its answer is to be repeated."""

    code = "idempotency_key_taken"


class Starter:
    """The batcher of all starts in this process. `submit` raises KeyTaken or CheckoutInProgress."""

    def __init__(self, db: Database, faults: Faults) -> None:
        self._db = db
        self._batcher: Batcher[Start, bool] = Batcher(db, self._flush, self._recover, faults=faults)

    async def submit(self, start: Start) -> None:
        await self._batcher.submit(start)

    async def close(self) -> None:
        await self._batcher.close()

    async def _flush(self, session: WriteSession, starts: Sequence[Start]) -> Sequence[bool | RialtoError]:
        # Two workers' batches may name the same keys: everybody inserts in one order.
        ordered = sorted(
            starts, key=lambda s: (bucket_of(s.event.cart_id), _scope(s), s.event.idempotency_key)
        )
        claimed = await _claim(session, ordered)
        claimants = [start for start in ordered if _uuid(start) in claimed]
        losers = [start for start in claimants if not claimed[_uuid(start)]]
        if losers:
            await session.run(
                store.FORGET_KEYS,
                [bucket_of(start.event.cart_id) for start in losers],
                [to_uuid(_scope(start)) for start in losers],
                [start.event.idempotency_key for start in losers],
                [_uuid(start) for start in losers],
            )
        winners = [start for start in claimants if claimed[_uuid(start)]]
        if winners:
            await _add(session, winners)
        return [_answer(claimed.get(_uuid(start))) for start in starts]

    async def _recover(self, starts: Sequence[Start]) -> Sequence[bool | RialtoError]:
        async with self._db.read() as session:
            rows = await session.all(
                store.KEYS_OF,
                [bucket_of(start.event.cart_id) for start in starts],
                [to_uuid(_scope(start)) for start in starts],
                [start.event.idempotency_key for start in starts],
            )
        written = {row["order_id"] for row in rows}
        return [True if _uuid(start) in written else Unavailable() for start in starts]


async def _claim(session: WriteSession, starts: Sequence[Start]) -> dict[UUID, bool]:
    """Of the orders whose key was free: whether the cart was, too."""
    rows = await session.all(
        store.CLAIM,
        [bucket_of(start.event.cart_id) for start in starts],
        [to_uuid(_scope(start)) for start in starts],
        [start.event.idempotency_key for start in starts],
        [start.request_hash for start in starts],
        [_uuid(start) for start in starts],
        [start.event.started_at for start in starts],
        [to_uuid(start.event.cart_id) for start in starts],
    )
    return {row["order_id"]: row["has_cart"] for row in rows}


async def _add(session: WriteSession, winners: Sequence[Start]) -> None:
    events = [start.event for start in winners]
    buckets = [bucket_of(event.order_id) for event in events]
    ids = [to_uuid(event.order_id) for event in events]
    hashes = [email_hash(start.email) for start in winners]
    await append(
        session,
        [
            NewEvent(
                bucket=bucket,
                stream=stream,
                version=1,
                event=start.event,
                at=start.event.started_at,
                meta=start.meta,
            )
            for bucket, stream, start in zip(buckets, ids, winners, strict=True)
        ],
    )
    await session.run(
        store.ADD_ORDERS,
        buckets,
        ids,
        [event.number for event in events],
        [start.key for start in winners],
        [to_uuid(event.cart_id) for event in events],
        [event.currency for event in events],
        [event.total.amount for event in events],
        [event.started_at for event in events],
        [start.email for start in winners],
        [msgspec.json.encode(start.shipping).decode() for start in winners],
        [msgspec.json.encode(start.billing).decode() for start in winners],
        [start.saga_due_at for start in winners],
        [to_uuid(event.account_id) if event.account_id else None for event in events],
        [bucket_of_hash(digest) for digest in hashes],
        hashes,
    )


def _answer(has_cart: bool | None) -> bool | RialtoError:
    if has_cart is None:
        return KeyTaken()
    return True if has_cart else CheckoutInProgress()


def _scope(start: Start) -> str:
    return scope_of(start.event.account_id, start.event.cart_id)


def _uuid(start: Start) -> UUID:
    return to_uuid(start.event.order_id)
