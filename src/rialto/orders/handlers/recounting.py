"""What staff see of an order beside the order: what happened to it, and what they wrote down about it."""

from __future__ import annotations

from rialto.kernel.errors import field_problem
from rialto.kernel.ids import OrderId, derived_uuid, to_uuid
from rialto.kernel.text import is_plain
from rialto.orders import store
from rialto.orders.api import AddNote, Note, Notes, OrderNotFound, OrderRef, Timeline
from rialto.orders.handlers.shared import OrderUseCase
from rialto.orders.model import OrderState
from rialto.orders.store import notes
from rialto.orders.views import timeline_of

NOTE_LENGTH_MAX = 2000
NOTES_MAX = 200


class Recounting(OrderUseCase):
    async def timeline(self, command: OrderRef) -> Timeline:
        await self.admitted(command.order_id, command.key, account_id=command.account_id, staff=command.staff)
        async with self.env.db.read() as session:
            events = await store.load_events(session, command.order_id)
        return Timeline(items=timeline_of(events))

    async def notes(self, command: OrderRef) -> Notes:
        await self._require(command.order_id)
        async with self.env.db.read() as session:
            return Notes(items=await notes.load(session, [command.order_id]))

    async def add_note(self, command: AddNote) -> Note:
        text = command.text.strip()
        if not text or len(text) > NOTE_LENGTH_MAX or not is_plain(text, lines=True):
            raise field_problem("text", "not_valid", f"A note has 1 to {NOTE_LENGTH_MAX:,} plain letters.")
        await self._require(command.order_id)
        note_id = derived_uuid(to_uuid(command.order_id), "note", command.step)
        async with self.env.db.write() as session:
            return await notes.add(
                session,
                command,
                note_id=note_id,
                text=text,
                now=self.env.clock.now(),
                at_most=NOTES_MAX,
            )

    async def _require(self, order_id: OrderId) -> None:
        """Raises OrderNotFound."""
        state: OrderState = await self.saga.load(order_id)
        if state.version == 0:
            raise OrderNotFound
