"""What happens when stock is asked for. All changes for orders go through one group commit per process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from rialto.inventory import store
from rialto.inventory.api import (
    Levels,
    LevelsOf,
    OfOrder,
    PutStock,
    PutStockMany,
    Reservation,
    ReservationGone,
    Reserve,
    StockChanged,
    StockLevels,
    TakeBack,
    TakenBack,
    UnknownSku,
    UnknownWarehouse,
    Warehouse,
    Warehouses,
)
from rialto.inventory.events import AvailabilityChanged
from rialto.inventory.listing import StockLists
from rialto.inventory.model import LINES_MAX, QUANTITY_MAX, Shelf, merged, warehouses_for
from rialto.inventory.settle import Change, Settlement
from rialto.inventory.taking_back import movements_of, not_made_yet, taken_of
from rialto.kernel.batch import Batcher
from rialto.kernel.clock import Clock
from rialto.kernel.db import Database, Row, WriteSession
from rialto.kernel.errors import Conflict, Invalid, RialtoError, Unavailable, field_problem
from rialto.kernel.events import NewEvent, append
from rialto.kernel.faults import Faults
from rialto.kernel.ids import Ids, bucket_of_key, to_uuid
from rialto.kernel.service import Nothing
from rialto.kernel.text import clean_text

SWEEP_MAX = 100


class InventoryHandlers(StockLists):
    """Implements `Inventory`."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, faults: Faults) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._faults = faults
        self._warehouses: list[tuple[str, str]] = []
        self._changes: Batcher[Change, Reservation | None] = Batcher(
            db, self._flush, self._recover, faults=faults
        )

    async def reserve(self, command: Reserve) -> Reservation:
        await self._known_warehouses()
        change = Change(
            kind="reserve",
            order_id=to_uuid(command.order_id),
            wanted=merged(command.lines),
            expires_at=command.expires_at,
            country=command.country,
        )
        return _present(await self._changes.submit(change))

    async def consume(self, command: OfOrder) -> Reservation:
        return _present(await self._changes.submit(self._change("consume", command)))

    async def release(self, command: OfOrder) -> Reservation | None:
        return await self._changes.submit(self._change("release", command))

    async def reservation(self, command: OfOrder) -> Reservation | None:
        order_id = to_uuid(command.order_id)
        async with self._db.read() as session:
            return (await store.load_reservations(session, [order_id])).get(order_id)

    async def take_back(self, command: TakeBack) -> TakenBack:
        """A transaction of its own and no member of a batch: it is rare, and nobody waits in line."""
        wanted, order_id = movements_of(command), to_uuid(command.order_id)
        if command.warehouse not in {code for code, _ in await self._known_warehouses()}:
            raise UnknownWarehouse
        skus = sorted({move.sku for move in wanted})
        async with self._db.write() as session:
            # The order's row first, then the shelves, as in every batch: what comes back of one order queues here.
            known = await store.load_reservations(session, [order_id], lock=True)
            rows = await session.all(store.RETURNED, order_id)
            fresh = not_made_yet(wanted, rows, known.get(order_id))
            if fresh:
                await session.run(store.ENSURE_STOCK, skus, [command.warehouse] * len(skus))
                shelves = await store.lock_shelves(session, skus)
                for move in fresh:
                    shelves.move(move)
                await store.write_movements(session, shelves, self._clock.now())
                changed = shelves.changed_totals()
                await self._announce(
                    session, shelves, {sku: changed[sku] for sku in changed if shelves.crossed(sku)}
                )
                rows = await session.all(store.RETURNED, order_id)
        return taken_of(rows)

    async def taken_back(self, command: OfOrder) -> TakenBack:
        async with self._db.read() as session:
            return taken_of(await session.all(store.RETURNED, to_uuid(command.order_id)))

    async def levels(self, command: LevelsOf) -> Levels:
        async with self._db.read() as session:
            rows = await session.all(store.LEVELS, _asked(command))
        return Levels(available={row["sku"]: row["available"] for row in rows})

    async def stock(self, command: LevelsOf) -> StockLevels:
        async with self._db.read() as session:
            rows = await session.all(store.STOCK, _asked(command))
        return StockLevels(items=[store.level_of(row) for row in rows])

    async def warehouses(self, command: Nothing) -> Warehouses:  # noqa: ARG002 - every operation takes a command
        known = await self._known_warehouses()
        return Warehouses(items=[Warehouse(code=code, country=country) for code, country in known])

    async def put_stock(self, command: PutStockMany) -> StockLevels:
        places = {code for code, _ in await self._known_warehouses()}
        for item in command.items:
            _check_count(item, places)
        _check_low_at(command.low_at)
        counts: dict[Shelf, PutStock] = {(item.sku, item.warehouse): item for item in command.items}
        async with self._db.write() as session:
            await session.run(store.ENSURE_STOCK, [sku for sku, _ in counts], [place for _, place in counts])
            shelves = await store.lock_shelves(session, [*(sku for sku, _ in counts), *command.low_at])
            if not command.low_at.keys() <= shelves.totals().keys():
                raise UnknownSku
            shelves.set_low_at(command.low_at)
            await session.run(store.SET_LOW_AT, list(command.low_at), list(command.low_at.values()))
            await self._check_unmoved(session, command.items)
            for shelf, item in counts.items():
                self._count(shelves, shelf, item)
            now = self._clock.now()
            await store.write_movements(session, shelves, now)
            # A SKU with a count of zero has not changed, but shoppers must hear of it once.
            totals = shelves.totals()
            touched = sorted({*(sku for sku, _ in counts), *command.low_at})
            await self._announce(session, shelves, {sku: totals[sku] for sku in touched})
            rows = await session.all(store.STOCK, touched)
        return StockLevels(items=[store.level_of(row) for row in rows], set_at=now)

    async def sweep(self) -> int:
        """Release reservations whose time is over; how many. Safe beside consumers: only held ones end here."""
        async with self._db.read() as session:
            rows = await session.all(store.EXPIRED, self._clock.now(), SWEEP_MAX)
        self._faults.reach("inventory.sweep.before_commit")
        for row in rows:
            await self._changes.submit(
                Change(kind="expire", order_id=row["order_id"], expires_at=self._clock.now())
            )
        self._faults.reach("inventory.sweep.after_commit")
        return len(rows)

    async def finish(self) -> None:
        """Let what was accepted be written before the process ends."""
        await self._changes.close()

    def _change(self, kind: str, command: OfOrder) -> Change:
        return Change(kind=kind, order_id=to_uuid(command.order_id), expires_at=self._clock.now())

    async def _check_unmoved(self, session: WriteSession, items: Sequence[PutStock]) -> None:
        asked = [(one.sku, one.warehouse, one.unmoved_since) for one in items if one.unmoved_since]
        if not asked:
            return
        moved = await session.value(store.MOVED_SINCE, *[list(column) for column in zip(*asked, strict=True)])
        if moved is not None:
            raise StockChanged(f"{moved} has moved in the meantime.")

    def _count(self, shelves: store.Shelves, shelf: Shelf, item: PutStock) -> None:
        if item.expected is not None and item.expected != shelves.on_hand[shelf]:
            raise StockChanged(f"{item.sku} has {shelves.on_hand[shelf]} on hand in {item.warehouse} by now.")
        difference = item.on_hand - shelves.on_hand[shelf]
        if item.on_hand < shelves.reserved[shelf]:
            raise Conflict(
                f"{item.sku} has {shelves.reserved[shelf]} held for orders in {item.warehouse}; count again.",
                code="stock_below_reserved",
            )
        if difference:
            shelves.move(
                store.Movement(
                    sku=item.sku,
                    warehouse=item.warehouse,
                    cause=f"{item.reason}:{self._ids.uuid(0)}",
                    kind="correction",
                    on_hand=difference,
                    reserved=0,
                )
            )

    async def _flush(
        self, session: WriteSession, changes: Sequence[Change]
    ) -> Sequence[Reservation | RialtoError | None]:
        """One commit for many orders: locks reservations, then shelves; admits in arrival order."""
        now = self._clock.now()
        fresh = await self._claim(session, changes, now)
        order_ids = sorted({change.order_id for change in changes})
        reservations = await store.load_reservations(session, order_ids, lock=True)
        skus = {sku for change in changes for sku in change.wanted}
        skus.update(part.sku for known in reservations.values() for part in known.allocations)
        shelves = await store.lock_shelves(session, skus)
        settlement = Settlement(shelves, reservations, fresh, at=now)
        answers = [self._settle_one(settlement, change) for change in changes]
        await settlement.write(session)
        changed = {sku: total for sku, total in shelves.changed_totals().items() if shelves.crossed(sku)}
        await self._announce(session, shelves, changed)
        return answers

    def _settle_one(self, settlement: Settlement, change: Change) -> Reservation | RialtoError | None:
        places = warehouses_for(change.country, self._warehouses)
        try:
            return settlement.settle(change, places)
        except RialtoError as refusal:
            return refusal

    async def _claim(self, session: WriteSession, changes: Iterable[Change], now: datetime) -> set[UUID]:
        """Insert a row for every order that may need one; those that were new. Refused ones are deleted again."""
        first: dict[UUID, Change] = {}
        for change in changes:
            if change.kind in {"reserve", "release"}:
                first.setdefault(change.order_id, change)
        if not first:
            return set()
        rows = await session.all(
            store.ADD_RESERVATIONS,
            list(first),
            ["held"] * len(first),
            now,
            [c.expires_at for c in first.values()],
        )
        return {row["order_id"] for row in rows}

    async def _recover(self, changes: Sequence[Change]) -> Sequence[Reservation | RialtoError | None]:
        """After a lost commit: what stands in the table is the answer; what does not was not written."""
        async with self._db.read() as session:
            found = await store.load_reservations(session, [change.order_id for change in changes])
        return [_recovered(change, found.get(change.order_id)) for change in changes]

    async def _announce(
        self, session: WriteSession, shelves: store.Shelves, totals: Mapping[str, int]
    ) -> None:
        """Publish where SKUs stand that differ from what was last announced."""
        if not totals:
            return
        known = {row["sku"]: row for row in await session.all(store.ANNOUNCED, list(totals))}
        news: list[tuple[str, UUID, int, str, bool]] = []
        for sku, available in totals.items():
            row, (now_in, is_low) = known.get(sku), shelves.standing(sku, available)
            if row is None:
                news.append((sku, self._ids.uuid(bucket_of_key(sku)), 1, now_in, is_low))
            elif row["band"] != now_in or _was_low(row) != is_low:
                news.append((sku, row["stream"], row["version"] + 1, now_in, is_low))
        if not news:
            return
        await session.run(store.ANNOUNCE, *[list(column) for column in zip(*news, strict=True)])
        await append(
            session,
            [
                NewEvent(
                    bucket=bucket_of_key(sku),
                    stream=stream,
                    version=version,
                    event=AvailabilityChanged(sku=sku, band=now_in, available=totals[sku], low=is_low),
                    at=self._clock.now(),
                )
                for sku, stream, version, now_in, is_low in news
            ],
        )

    async def _known_warehouses(self) -> list[tuple[str, str]]:
        if not self._warehouses:
            async with self._db.read() as session:
                rows = await session.all(store.WAREHOUSES)
            self._warehouses = [(row["code"], row["country"]) for row in rows]
        return self._warehouses


def _was_low(row: Row) -> bool:
    """As it was announced; before there was more than one number, by the band."""
    said = AvailabilityChanged(sku=row["sku"], band=row["band"], available=0, low=row["low"])
    return said.is_low


def _check_low_at(low_at: Mapping[str, int]) -> None:
    if not all(0 <= number <= QUANTITY_MAX for number in low_at.values()):
        raise field_problem("low_at", "not_valid", f"A number from 0 to {QUANTITY_MAX}.")
    if not all(map(clean_text, low_at)):
        raise UnknownSku


def _present(reservation: Reservation | None) -> Reservation:
    if reservation is None:
        raise ReservationGone
    return reservation


def _asked(command: LevelsOf) -> list[str]:
    if len(command.skus) > LINES_MAX or not all(clean_text(sku) for sku in command.skus):
        raise Invalid(f"At most {LINES_MAX} SKUs can be asked at a time.")
    return command.skus


def _check_count(item: PutStock, warehouses: set[str]) -> None:
    if item.warehouse not in warehouses:
        raise UnknownWarehouse
    if not 0 <= item.on_hand <= QUANTITY_MAX:
        raise Invalid(f"A count is a number from 0 to {QUANTITY_MAX}.", code="count_not_valid")
    if not item.sku or len(item.sku) > 64 or not item.sku.isprintable():
        raise Invalid("This is not a SKU.", code="sku_not_valid")


def _recovered(change: Change, found: Reservation | None) -> Reservation | RialtoError | None:
    reached = {
        "reserve": {"held", "consumed"},
        "consume": {"consumed"},
        "release": {"released", "restocked"},
        "expire": {"consumed", "released", "restocked"},
    }
    if found is not None and found.state in reached[change.kind]:
        return found
    if found is not None and change.kind in {"reserve", "consume"} and found.state != "held":
        return ReservationGone()
    return Unavailable()
