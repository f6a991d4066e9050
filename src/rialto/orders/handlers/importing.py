"""Orders from elsewhere, taken in as history. Nothing is reserved, charged, booked or mailed for them."""

from __future__ import annotations

from uuid import UUID

import msgspec

from rialto.kernel.address import check_address
from rialto.kernel.email import is_email
from rialto.kernel.errors import NotFound, VersionConflict, field_problem
from rialto.kernel.ids import ORDER, OrderId, bucket_of, derived_uuid
from rialto.orders import model
from rialto.orders.api import ImportedOrder, ImportOrder, NumberTaken
from rialto.orders.events import OrderImported
from rialto.orders.handlers.shared import OrderUseCase
from rialto.orders.store import importing
from rialto.orders.store.importing import Person

CREATED, CHANGED, UNCHANGED = (ImportedOrder(outcome=one) for one in ("created", "changed", "unchanged"))
# Meanwhile the order may be put into its account's list; more writers there are not.
TRIES = 3


class Importing(OrderUseCase):
    async def import_order(self, command: ImportOrder) -> ImportedOrder:
        for _ in range(TRIES):
            try:
                return await self._take_in(command)
            except VersionConflict:
                continue
        raise VersionConflict

    async def _take_in(self, command: ImportOrder) -> ImportedOrder:
        now = self.env.clock.now()
        model.check_imported(command, now)
        person = _person(command)
        order_id = await self._id_of(command)
        event = model.take_in(command, order_id, now)
        state = await self.saga.load(order_id)
        if state.version == 0:
            return await self._add(event, person, dry_run=command.dry_run)
        if state.started.number != event.number:
            raise NumberTaken("Another order has this id.")
        if state.imported is None:
            return UNCHANGED  # it began here, and here is known better what became of it
        before = await self._known_person(order_id)
        is_same_person = before is None or person is None or before == person
        if _is_the_same(state.imported, event) and is_same_person:
            return UNCHANGED
        if not command.dry_run:
            async with self.env.db.write() as session:
                await importing.change(
                    session,
                    event,
                    state.version + 1,
                    before=before,
                    after=person,
                    is_guests=state.account_id is None,
                )
            self.env.wake("orders.attach")
        return CHANGED

    async def _known_person(self, order_id: OrderId) -> Person | None:
        """None when they were erased, or never told."""
        _, kept = await self.details(order_id)
        if kept.email is None or kept.shipping is None or kept.billing is None:
            return None
        return Person(email=kept.email, shipping=kept.shipping, billing=kept.billing)

    async def _id_of(self, command: ImportOrder) -> OrderId:
        """Whose number it is, or the id it brings, or one that follows from its number. Raises NumberTaken, Invalid."""
        bucket = model.bucket_of_number(command.number)
        async with self.env.db.read() as session:
            owner = await importing.order_of_number(session, bucket, command.number)
        if command.id is None:
            return owner or _derived_id(command, bucket)
        wanted = _parsed(command.id)
        # Were they not in one place, nothing would keep two orders from having one number.
        if bucket_of(wanted) != bucket:
            raise field_problem("id", "not_valid", "This id does not go with the number.")
        if owner not in {None, wanted}:
            raise NumberTaken
        return wanted

    async def _add(self, event: OrderImported, person: Person | None, *, dry_run: bool) -> ImportedOrder:
        if dry_run:
            return CREATED
        state = model.fold([event])
        async with self.env.db.write() as session:
            key = self.env.ids.token()
            if not await importing.add(session, event, state, key=key, person=person):
                raise NumberTaken
        self.env.wake("orders.attach")
        return CREATED


def _person(command: ImportOrder) -> Person | None:
    """Raises Invalid for half of one: what has an address and no e-mail could never be erased by its owner."""
    if not command.email and command.shipping is None:
        return None
    if not command.email or command.shipping is None:
        raise field_problem("email", "required", "E-mail and address go together.")
    if not is_email(command.email.strip()):
        raise field_problem("email", "not_valid", "This is not an e-mail address.")
    shipping = check_address(command.shipping, path="shipping")
    billing = check_address(command.billing, path="billing") if command.billing else shipping
    return Person(email=command.email.strip(), shipping=shipping, billing=billing)


def _is_the_same(before: OrderImported, after: OrderImported) -> bool:
    """But for when it came in; and a country is not forgotten with the address."""
    country = before.country if after.country == model.NOWHERE else after.country
    return msgspec.structs.replace(after, imported_at=before.imported_at, country=country) == before


def _derived_id(command: ImportOrder, bucket: int) -> OrderId:
    """A UUIDv7 of when it began; the same for the same number and time."""
    milliseconds = int(command.started_at.timestamp() * 1000)
    moment = UUID(int=milliseconds << 80 | 7 << 76 | bucket << 64 | 0b10 << 62)
    return ORDER.of(derived_uuid(moment, "imported", command.number))


def _parsed(order_id: str) -> OrderId:
    try:
        return ORDER.parse(order_id)
    except NotFound:
        raise field_problem("id", "not_valid", "This is no order's id.") from None
