"""Orders over all customers: by e-mail for staff, as streams for read models."""

from __future__ import annotations

from rialto.kernel.email import email_hash
from rialto.kernel.errors import field_problem
from rialto.kernel.ids import ORDER
from rialto.orders import store
from rialto.orders.api import SEVERAL_MAX, ByEmail, OrdersNamed, OrderStreams, StreamsAfter
from rialto.orders.handlers.reading import cursor_of, read_cursor
from rialto.orders.handlers.shared import OrderUseCase
from rialto.orders.store import surveying


class Surveying(OrderUseCase):
    async def by_email(self, command: ByEmail) -> OrdersNamed:
        async with self.env.db.recent() as session:
            return OrdersNamed(
                order_ids=await surveying.load_of_email(session, email_hash(command.email), SEVERAL_MAX)
            )

    async def streams(self, command: StreamsAfter) -> OrderStreams:
        if not 1 <= command.limit <= SEVERAL_MAX:
            raise field_problem("limit", "not_valid", f"There are 1 to {SEVERAL_MAX} orders at a time.")
        after = read_cursor(command.cursor)
        async with self.env.db.read() as session:
            rows = await session.all(store.LIST, None, after[0], after[1], command.limit + 1)
            shown = rows[: command.limit]
            items = await surveying.load_streams(session, [ORDER.of(row["id"]) for row in shown])
        more = len(rows) > command.limit
        cursor = cursor_of(shown[-1]["started_at"], ORDER.of(shown[-1]["id"])) if more else None
        return OrderStreams(items=items, next_cursor=cursor)
