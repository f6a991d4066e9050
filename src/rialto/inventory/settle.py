"""Settling a batch of changes against locked rows: pure until `write`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from rialto.inventory import store
from rialto.inventory.api import Allocation, Reservation, ReservationGone
from rialto.inventory.model import allocate
from rialto.kernel.db import WriteSession
from rialto.kernel.ids import ORDER
from rialto.kernel.service import Frozen

# What a step does to a shelf per unit: (on hand, reserved).
EFFECTS: Mapping[str, tuple[int, int]] = {
    "reserve": (0, 1),
    "consume": (-1, -1),
    "release": (0, -1),
    "restock": (1, 0),
}


class Change(Frozen):
    """One member of a batch. `kind`: reserve, consume, release, expire."""

    kind: str
    order_id: UUID
    expires_at: datetime
    wanted: dict[str, int] = {}
    country: str | None = None


class Settlement:
    """The states of the batch's reservations while its changes are applied in arrival order."""

    def __init__(
        self,
        shelves: store.Shelves,
        reservations: Mapping[UUID, Reservation],
        fresh: set[UUID],
        *,
        at: datetime,
    ) -> None:
        """`fresh` are orders whose row this transaction has just inserted; they count as not reserved yet."""
        self._shelves = shelves
        self._fresh = fresh
        self._at = at
        self._stored: dict[UUID, str] = {key: known.state for key, known in reservations.items()}
        self._now: dict[UUID, Reservation | None] = {
            key: None if key in fresh else known for key, known in reservations.items()
        }
        self._allocated: list[tuple[UUID, Allocation]] = []

    def settle(self, change: Change, places: Sequence[str]) -> Reservation | None:
        """Apply one change. Raises OutOfStock or ReservationGone; then nothing of it was applied."""
        known = self._now.get(change.order_id)
        if change.kind == "reserve":
            return self._reserve(change, known, places)
        if change.kind == "consume":
            return self._consume(change, known)
        if known is None:
            if change.kind == "release":
                self._leave_tombstone(change)
            return None
        if known.state == "held":
            return self._end(change, known, step="release", state="released")
        if known.state == "consumed" and change.kind == "release":
            return self._end(change, known, step="restock", state="restocked")
        return known

    def _reserve(self, change: Change, known: Reservation | None, places: Sequence[str]) -> Reservation:
        if known is not None:
            if known.state in {"held", "consumed"}:
                return known
            raise ReservationGone
        taken = allocate(change.wanted, places, self._shelves.available())
        made = Reservation(
            order_id=ORDER.of(change.order_id), state="held", expires_at=change.expires_at, allocations=taken
        )
        self._move(change.order_id, "reserve", taken)
        self._allocated += [(change.order_id, part) for part in taken]
        self._now[change.order_id] = made
        return made

    def _consume(self, change: Change, known: Reservation | None) -> Reservation:
        if known is not None and known.state == "consumed":
            return known
        if known is None or known.state != "held":
            raise ReservationGone
        return self._end(change, known, step="consume", state="consumed")

    def _leave_tombstone(self, change: Change) -> None:
        self._now[change.order_id] = Reservation(
            order_id=ORDER.of(change.order_id), state="released", expires_at=change.expires_at, allocations=[]
        )

    def _end(self, change: Change, known: Reservation, *, step: str, state: str) -> Reservation:
        self._move(change.order_id, step, known.allocations)
        ended = Reservation(
            order_id=known.order_id, state=state, expires_at=known.expires_at, allocations=known.allocations
        )
        self._now[change.order_id] = ended
        return ended

    def _move(self, order_id: UUID, step: str, parts: Sequence[Allocation]) -> None:
        on_hand, reserved = EFFECTS[step]
        for part in parts:
            self._shelves.move(
                store.Movement(
                    sku=part.sku,
                    warehouse=part.warehouse,
                    cause=f"{ORDER.of(order_id)}:{step}",
                    order_id=order_id,
                    kind=step,
                    on_hand=on_hand * part.quantity,
                    reserved=reserved * part.quantity,
                )
            )

    async def write(self, session: WriteSession) -> None:
        """Store what changed: reservation states, allocations, shelves and movements."""
        ended = [
            (order_id, self._stored[order_id], known.state)
            for order_id, known in self._now.items()
            if known is not None and known.state != self._stored[order_id]
        ]
        if ended:
            await session.run(
                store.END_RESERVATIONS, *[list(column) for column in zip(*ended, strict=True)], self._at
            )
        if self._allocated:
            await session.run(
                store.ADD_ALLOCATIONS,
                [order_id for order_id, _ in self._allocated],
                [part.sku for _, part in self._allocated],
                [part.warehouse for _, part in self._allocated],
                [part.quantity for _, part in self._allocated],
            )
        refused = [order_id for order_id in self._fresh if self._now[order_id] is None]
        if refused:
            await session.run(store.FORGET_RESERVATIONS, refused)
        await store.write_movements(session, self._shelves, self._at)
