"""How the read models are kept and read. Every list names the index it walks (sql/0001_reporting.sql)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from rialto.kernel.db import ReadSession, Row, WriteSession
from rialto.kernel.ids import ORDER, OrderId, to_uuid
from rialto.kernel.money import Currency, Money
from rialto.kernel.service import Frozen
from rialto.reporting.api import ListedOrder, LowStock, View
from rialto.reporting.model import Count, Line, Place

# Counted no further: somebody who has more than this to look at needs a list and not a number.
COUNT_MAX = 1000

_COLUMNS = "id, number, at, stage, payment_status, total, currency, channel, country, skus, cause, imported"
_LINES = (
    f"SELECT {_COLUMNS}, captured, refunded, started_at, generation FROM orders WHERE id = ANY ($1::uuid[])"
)
_SAVE = """
INSERT INTO orders (id, number, at, stage, payment_status, total, currency, channel, country, skus, captured, refunded,
                    started_at, cause, generation, imported)
SELECT id, number, at, stage, payment_status, total, currency, channel, country, string_to_array(skus, E'\\x1f'), captured,
       refunded, started_at, cause, generation, imported
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[],
            $9::text[], $10::text[], $11::bigint[], $12::bigint[], $13::timestamptz[], $14::text[], $15::int[],
            $16::boolean[])
    AS t(id, number, at, stage, payment_status, total, currency, channel, country, skus, captured, refunded, started_at,
         cause, generation, imported)
ON CONFLICT (id) DO UPDATE SET at = excluded.at, stage = excluded.stage, payment_status = excluded.payment_status,
    captured = excluded.captured, refunded = excluded.refunded, cause = excluded.cause, generation = excluded.generation,
    total = excluded.total, currency = excluded.currency, channel = excluded.channel, country = excluded.country,
    skus = excluded.skus, started_at = excluded.started_at
"""
_ADD = """
INSERT INTO daily (generation, day, channel, currency, slot, started, orders, revenue, refunds, cancelled)
SELECT $1::int, t.* FROM unnest($2::date[], $3::text[], $4::text[], $5::smallint[], $6::int[], $7::int[], $8::bigint[],
                           $9::bigint[], $10::int[]) AS t
ORDER BY 1, 2, 3, 4, 5
ON CONFLICT (generation, day, channel, currency, slot) DO UPDATE SET started = daily.started + excluded.started,
    orders = daily.orders + excluded.orders, revenue = daily.revenue + excluded.revenue,
    refunds = daily.refunds + excluded.refunds, cancelled = daily.cancelled + excluded.cancelled
"""
_SALES = """
SELECT d.day, d.currency, sum(d.started)::bigint AS started, sum(d.orders)::bigint AS orders,
       sum(d.revenue)::bigint AS revenue, sum(d.refunds)::bigint AS refunds, sum(d.cancelled)::bigint AS cancelled
FROM daily AS d JOIN filling AS f ON f.generation = d.generation
WHERE d.day BETWEEN $1 AND $2 AND ($3::text IS NULL OR d.channel = $3)
GROUP BY d.day, d.currency
"""  # no limit: a row per day and currency
_FILLING = "SELECT generation, cursor, done FROM filling"
_HOLD_FILLING = "SELECT generation, cursor, done FROM filling FOR UPDATE"
_FILLED = "UPDATE filling SET cursor = $2, done = $3 WHERE generation = $1"
_BEGIN_ANEW = "UPDATE filling SET generation = generation + 1, cursor = NULL, done = false"
_SWEEP_DAILY = "DELETE FROM daily WHERE generation < $1"
_SWEEP_ORDERS = """
DELETE FROM orders WHERE id IN (SELECT id FROM orders WHERE generation < $1 LIMIT 5000)
"""
_LOW_STOCK = """
INSERT INTO low_stock (sku, band, available) SELECT * FROM unnest($1::text[], $2::text[], $3::int[]) AS t(sku, band, available)
ORDER BY sku ON CONFLICT (sku) DO UPDATE SET band = excluded.band, available = excluded.available
"""
_IN_STOCK = "DELETE FROM low_stock WHERE sku = ANY ($1::text[])"
_LOWEST = "SELECT sku, band, available FROM low_stock ORDER BY available, sku LIMIT $1"
_LOW_COUNT = "SELECT count(*) FROM (SELECT 1 FROM low_stock LIMIT $1) AS few"
_OF_STAGE = f"""
SELECT {_COLUMNS} FROM orders WHERE stage = $1 AND at < $2 ORDER BY at DESC, id DESC LIMIT $3
"""
_COUNT_OF_STAGE = "SELECT count(*) FROM (SELECT 1 FROM orders WHERE stage = $1 AND at < $2 LIMIT $3) AS few"
_VIEWS = "SELECT name, query FROM views WHERE staff_id = $1 ORDER BY name LIMIT $2"
_KEEP_VIEW = """
INSERT INTO views (staff_id, name, query) SELECT $1, $2, $3
WHERE (SELECT count(*) FROM views WHERE staff_id = $1 AND name <> $2) < $4
ON CONFLICT (staff_id, name) DO UPDATE SET query = excluded.query
"""
_DROP_VIEW = "DELETE FROM views WHERE staff_id = $1 AND name = $2"

# Orders that were placed; the partial indexes say the same.
PLACED = "stage NOT IN ('pending', 'abandoned')"
# Stages in which most orders end; the others hold few of them at a time.
MANY = frozenset({"completed", "abandoned"})
FEW = "stage NOT IN ('completed', 'abandoned')"
NEAR = 2000
_SORTS: Mapping[str, tuple[str, str]] = {
    "-at": ("at", "DESC"),
    "at": ("at", "ASC"),
    "-total": ("total", "DESC"),
    "total": ("total", "ASC"),
}


class KeptLine(Frozen):
    """`generation` is the filling of `daily` it is counted in."""

    line: Line
    generation: int


class Filling(Frozen):
    generation: int
    cursor: str | None
    done: bool


class Search(Frozen):
    """What a list shows. At most one of `ids`, `number` (a prefix) and `sku`."""

    ids: list[OrderId] | None = None
    number: str | None = None
    sku: str | None = None
    stage: str | None = None
    payment_status: str | None = None
    channel: str | None = None
    sort: str = "-at"
    after: tuple[datetime | int, UUID] | None = None
    limit: int


async def load_lines(session: ReadSession, order_ids: Collection[OrderId]) -> dict[OrderId, KeptLine]:
    rows = await session.all(_LINES, [to_uuid(order_id) for order_id in order_ids])
    return {
        ORDER.of(row["id"]): KeptLine(
            line=Line(
                id=ORDER.of(row["id"]),
                number=row["number"],
                at=row["at"],
                stage=row["stage"],
                payment_status=row["payment_status"],
                total=Money(row["total"], row["currency"]),
                channel=row["channel"],
                country=row["country"],
                skus=tuple(row["skus"]),
                captured=row["captured"],
                refunded=row["refunded"],
                started_at=row["started_at"],
                cause=row["cause"],
                imported=row["imported"],
            ),
            generation=row["generation"],
        )
        for row in rows
    }


async def save_lines(session: WriteSession, kept: Sequence[KeptLine]) -> None:
    if not kept:
        return
    lines = [one.line for one in kept]
    await session.run(
        _SAVE,
        [to_uuid(line.id) for line in lines],
        [line.number for line in lines],
        [line.at for line in lines],
        [line.stage for line in lines],
        [line.payment_status for line in lines],
        [line.total.amount for line in lines],
        [line.total.currency for line in lines],
        [line.channel for line in lines],
        [line.country for line in lines],
        ["\x1f".join(line.skus) for line in lines],
        [line.captured for line in lines],
        [line.refunded for line in lines],
        [line.started_at for line in lines],
        [line.cause for line in lines],
        [one.generation for one in kept],
        [line.imported for line in lines],
    )


async def add_counts(
    session: WriteSession, generation: int, counts: Mapping[tuple[Place, int], Count]
) -> None:
    """Add to the days; by place and slot."""
    if not counts:
        return
    places = list(counts)
    columns = [list(column) for column in zip(*counts.values(), strict=True)]
    await session.run(
        _ADD,
        generation,
        [place.day for place, _ in places],
        [place.channel for place, _ in places],
        [place.currency for place, _ in places],
        [slot for _, slot in places],
        *columns,
    )


async def load_sales(session: ReadSession, first: date, last: date, channel: str | None) -> Sequence[Row]:
    return await session.all(_SALES, first, last, channel)


async def load_filling(session: ReadSession, *, hold: bool = False) -> Filling:
    row = await session.one(_HOLD_FILLING if hold else _FILLING)
    assert row is not None
    return Filling(**dict(row))


async def save_filling(session: WriteSession, generation: int, cursor: str | None) -> None:
    """Without a cursor it is done."""
    await session.run(_FILLED, generation, cursor, cursor is None)


async def begin_anew(session: WriteSession) -> None:
    await session.run(_BEGIN_ANEW)


async def sweep_former(session: WriteSession, generation: int) -> int:
    """Remove what a former filling counted and this one did not find any more; how much."""
    await session.run(_SWEEP_DAILY, generation)
    return await session.run(_SWEEP_ORDERS, generation)


async def save_stock(session: WriteSession, low: Sequence[LowStock], enough: Sequence[str]) -> None:
    if low:
        await session.run(
            _LOW_STOCK, [one.sku for one in low], [one.band for one in low], [one.available for one in low]
        )
    if enough:
        await session.run(_IN_STOCK, list(enough))


async def load_low_stock(session: ReadSession, limit: int) -> tuple[list[LowStock], int]:
    rows = await session.all(_LOWEST, limit)
    return [LowStock(**dict(row)) for row in rows], await session.value(_LOW_COUNT, COUNT_MAX)


async def load_of_stage(
    session: ReadSession, stage: str, before: datetime, limit: int
) -> tuple[list[ListedOrder], int]:
    """The newest of a stage from before that time, and how many there are."""
    rows = await session.all(_OF_STAGE, stage, before, limit)
    return [order_row(row) for row in rows], await session.value(_COUNT_OF_STAGE, stage, before, COUNT_MAX)


async def search(session: ReadSession, asked: Search) -> list[ListedOrder]:
    """A page of a list. Only what is asked for stands in the statement, so that it walks one index."""
    if asked.sku is not None and asked.stage is not None and asked.stage not in MANY:
        # What sells much is soon found among a stage's next ones, without looking at all of its orders.
        found = await _found(session, *_near(asked))
        if len(found) == asked.limit:
            return found
    return await _found(session, *_whole(asked))


async def _found(session: ReadSession, sql: str, values: Sequence[object]) -> list[ListedOrder]:
    return [order_row(row) for row in await session.all(sql, *values)]


class _Conditions:
    """Conditions and the values they stand for."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.values: list[object] = []

    def add(self, text: str, *given: object) -> str:
        """A `{}` for each value. Returns it as it stands in the statement, and does not keep it there."""
        numbers = range(len(self.values) + 1, len(self.values) + 1 + len(given))
        self.values.extend(given)
        return text.format(*(f"${number}" for number in numbers))

    def where(self, text: str, *given: object) -> None:
        self.texts.append(self.add(text, *given))


def _near(asked: Search) -> tuple[str, Sequence[object]]:
    """Those with the SKU among the next NEAR orders of the stage."""
    told = _Conditions()
    told.where("stage = {}", asked.stage)
    order = _ordered(told, asked)
    near = f"SELECT {_COLUMNS} FROM orders WHERE {' AND '.join(told.texts)}{order} LIMIT {NEAR}"
    has_sku = told.add("skus @> ARRAY[{}::text]", asked.sku)
    return f"SELECT * FROM ({near}) AS near WHERE {has_sku}{order} LIMIT {asked.limit}", told.values


def _whole(asked: Search) -> tuple[str, Sequence[object]]:
    told, source = _Conditions(), "orders"
    if asked.ids is not None:
        told.where("id = ANY ({}::uuid[])", [to_uuid(order_id) for order_id in asked.ids])
    if asked.number is not None:
        # Looked up before anything else: as a prefix in LIKE a prepared statement walks all orders by time instead
        # (350 ms of a million), and what numbers are made of is all before `~`.
        numbered = told.add("number ~>=~ {} AND number ~<~ {}", asked.number, f"{asked.number}~")
        source = f"(SELECT * FROM orders WHERE {numbered} OFFSET 0) AS numbered"
    if asked.sku is not None and asked.stage is not None and asked.stage not in MANY:
        # Looked up before anything else, too: how often the two go together is guessed wrongly.
        both = told.add("skus_of_stage(stage, skus) @> ARRAY[{}::text]", f"{asked.stage} {asked.sku}")
        source = f"(SELECT * FROM orders WHERE {FEW} AND {both} OFFSET 0) AS staged"
    elif asked.sku is not None:
        told.where("skus @> ARRAY[{}::text]", asked.sku)
    told.where(*(PLACED,) if asked.stage is None else ("stage = {}", asked.stage))
    order = _ordered(told, asked)
    sql = f"SELECT {_COLUMNS} FROM {source} WHERE {' AND '.join(told.texts)}"
    return f"{sql}{order} LIMIT {asked.limit}", told.values


def _ordered(told: _Conditions, asked: Search) -> str:
    """What else is asked for, where the page begins, and the order."""
    if asked.payment_status is not None:
        told.where("payment_status = {}", asked.payment_status)
    if asked.channel is not None:
        told.where("channel = {}", asked.channel)
    column, direction = _SORTS[asked.sort]
    if asked.after is not None:
        kind = "timestamptz" if column == "at" else "bigint"
        sign = "<" if direction == "DESC" else ">"
        told.where(f"({column}, id) {sign} ({{}}::{kind}, {{}}::uuid)", *asked.after)
    return f" ORDER BY {column} {direction}, id {direction}"


def order_row(row: Row) -> ListedOrder:
    return ListedOrder(
        id=ORDER.of(row["id"]),
        number=row["number"],
        at=row["at"],
        stage=row["stage"],
        payment_status=row["payment_status"],
        total=Money(row["total"], Currency(row["currency"])),
        channel=row["channel"],
        country=row["country"],
        skus=list(row["skus"]),
        cause=row["cause"],
        imported=row["imported"],
    )


async def load_views(session: ReadSession, staff_id: str, limit: int) -> list[View]:
    return [View(**dict(row)) for row in await session.all(_VIEWS, staff_id, limit)]


async def keep_view(session: WriteSession, staff_id: str, view: View, most: int) -> bool:
    """False when there are `most` others already."""
    return await session.run(_KEEP_VIEW, staff_id, view.name, view.query, most) == 1


async def drop_view(session: WriteSession, staff_id: str, name: str) -> bool:
    return await session.run(_DROP_VIEW, staff_id, name) == 1
