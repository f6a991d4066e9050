"""Lists of orders, sales by day, and what needs attention."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec

from rialto.kernel.db import Row
from rialto.kernel.errors import NotFound, Unavailable, field_problem
from rialto.kernel.ids import ORDER, to_uuid
from rialto.kernel.money import Currency, Money
from rialto.kernel.parked import ParkedEvents
from rialto.kernel.service import Nothing
from rialto.kernel.text import clean_text
from rialto.orders.api import ByEmail, Orders
from rialto.reporting import store
from rialto.reporting.api import (
    BY_VALUE,
    DAYS_MAX,
    LIMIT_MAX,
    PAYMENT_STATUSES,
    SORTS,
    STAGES,
    Attention,
    CurrencySales,
    DaySales,
    ListedOrder,
    OrderPage,
    OrdersQuery,
    Parked,
    Sales,
    SalesQuery,
)
from rialto.reporting.handlers.shared import ReportingUseCase
from rialto.reporting.model import foreign_prefix, number_prefix
from rialto.reviews.api import ModerationQueue, Reviews

SHOWN = 10
REVIEWS_MAX = 100
# A checkout may wait for its customer a quarter of an hour, and as long for whatever failed meanwhile.
LATE_AFTER = timedelta(minutes=30)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST = (1 << 62) - 1
_EVER = datetime(9999, 1, 1, tzinfo=UTC)


class Reading(ReportingUseCase):
    async def orders(self, command: OrdersQuery) -> OrderPage:
        _check(command)
        limit = max(1, min(command.limit, LIMIT_MAX))
        asked = store.Search(
            stage=command.stage,
            payment_status=command.payment_status,
            channel=command.channel,
            sort=command.sort,
            after=_read_cursor(command.cursor, command.sort),
            limit=limit + 1,
        )
        rows = await self._find(command.text.strip(), asked)
        more = len(rows) > limit
        return OrderPage(
            items=rows[:limit], next_cursor=_cursor(rows[limit - 1], command.sort) if more else None
        )

    async def _find(self, text: str, asked: store.Search) -> list[ListedOrder]:
        """What was typed is an e-mail if it looks like one, else a number if there is one that begins so, else a SKU."""
        found: list[store.Search] = [asked]
        if "@" in text:
            named = await self.env[Orders].by_email(ByEmail(email=text))
            found = [_with(asked, ids=named.order_ids)]
        elif text:
            # Ours as they are kept, and those of orders from elsewhere as they were written there.
            prefixes = dict.fromkeys(one for one in (number_prefix(text), foreign_prefix(text)) if one)
            by_number = [_with(asked, number=prefix) for prefix in prefixes]
            # By value there is no index to walk for a SKU.
            by_sku = [] if asked.sort in BY_VALUE else [_with(asked, sku=text)]
            found = [*by_number, *by_sku]
        async with self.db.recent() as session:
            for search in found:
                rows = await store.search(session, search)
                if rows:
                    return rows
        return []

    async def sales(self, command: SalesQuery) -> Sales:
        if not 1 <= command.days <= DAYS_MAX:
            raise field_problem("days", "not_valid", f"There are 1 to {DAYS_MAX} days.")
        today = self.env.clock.now().date()
        first = today - timedelta(days=command.days - 1)
        async with self.db.recent() as session:
            rows = await store.load_sales(session, first, today, command.channel)
        found = {(row["currency"], row["day"]): row for row in rows}
        days = [first + timedelta(days=number) for number in range(command.days)]
        currencies = sorted(
            {row["currency"] for row in rows},
            key=lambda code: (-sum(row["orders"] for row in rows if row["currency"] == code), code),
        )
        return Sales(
            today=today,
            items=[
                CurrencySales(currency=code, days=[_day(day, code, found.get((code, day))) for day in days])
                for code in currencies
            ],
        )

    async def attention(self, command: Nothing) -> Attention:  # noqa: ARG002 - every operation takes one command
        late_before = self.env.clock.now() - LATE_AFTER
        async with self.db.recent() as session:
            waiting, waiting_count = await store.load_of_stage(session, "needs_attention", _EVER, SHOWN)
            late, late_count = await store.load_of_stage(session, "pending", late_before, SHOWN)
            low, low_count = await store.load_low_stock(session, SHOWN)
        parked, parked_count = await self._parked()
        return Attention(
            orders=waiting,
            orders_count=waiting_count,
            late=late,
            late_count=late_count,
            low_stock=low,
            low_stock_count=low_count,
            parked=parked,
            parked_count=parked_count,
            reviews_waiting=await self._reviews_waiting(),
        )

    async def _parked(self) -> tuple[list[Parked], int]:
        events: ParkedEvents = self.env.engine("parked")
        found = await events.all(store.COUNT_MAX)
        shown = [
            Parked(
                consumer=one.consumer,
                stream=str(one.stream),
                type=one.type,
                reason=one.reason,
                parked_at=one.parked_at,
                count=one.behind + 1,
            )
            for one in found[:SHOWN]
        ]
        return shown, len(found)

    async def _reviews_waiting(self) -> int | None:
        """The document store may be away: then the rest is told all the same."""
        try:
            queue = await self.env[Reviews].queue(ModerationQueue(status="pending", limit=REVIEWS_MAX))
        except Unavailable:
            return None
        return len(queue.items)


def _check(command: OrdersQuery) -> None:
    known = {
        "stage": (command.stage, STAGES),
        "payment_status": (command.payment_status, PAYMENT_STATUSES),
        "sort": (command.sort, SORTS),
    }
    for name, (value, words) in known.items():
        if value is not None and value not in words:
            raise field_problem(name, "not_valid", f"This is one of {', '.join(words)}.")
    if command.sort in BY_VALUE and (command.payment_status or command.channel):
        raise field_problem("sort", "sort_not_possible", "These are listed by time only.")
    if not clean_text(command.text + (command.channel or "")):
        raise field_problem("text", "not_valid", "This is not plain text.")


def _with(asked: store.Search, **changes: object) -> store.Search:
    return msgspec.structs.replace(asked, **changes)


def _day(day: date, currency: Currency, row: Row | None) -> DaySales:
    names = ("started", "orders", "revenue", "refunds", "cancelled")
    value = dict.fromkeys(names, 0) if row is None else {name: row[name] for name in names}
    return DaySales(
        day=day,
        started=value["started"],
        orders=value["orders"],
        revenue=Money(value["revenue"], currency),
        refunds=Money(value["refunds"], currency),
        cancelled=value["cancelled"],
    )


def _cursor(row: ListedOrder, sort: str) -> str:
    by_time = sort.endswith("at")
    place = (row.at - _EPOCH) // timedelta(microseconds=1) if by_time else row.total.amount
    return base64.urlsafe_b64encode(f"{place}.{row.id}".encode()).decode().rstrip("=")


def _read_cursor(cursor: str | None, sort: str) -> tuple[datetime | int, UUID] | None:
    """The place after which to go on. Raises Invalid for a cursor that is none of ours."""
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        place, _, order_id = text.partition(".")
        # Bounded as what it is compared with: a larger number would be an error of the database.
        number, found = int(place) & _MOST, to_uuid(ORDER.parse(order_id))
        return _EPOCH + timedelta(microseconds=number) if sort.endswith("at") else number, found
    except (ValueError, binascii.Error, OverflowError, NotFound):
        raise field_problem("cursor", "not_valid", "This cursor is not one of ours.") from None
