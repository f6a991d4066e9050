"""I13 of reporting: its rows are what orders' events fold to, and its sums are what its rows add up to."""

from __future__ import annotations

from datetime import timedelta

from rialto.kernel.audit import Audit, Finding, findings
from rialto.kernel.errors import Unavailable
from rialto.kernel.service import Env
from rialto.orders.api import Orders, OrderStream, StreamsAfter
from rialto.reporting import store
from rialto.reporting.handlers.filling import fold_stream

PAGE = 200
# Looked at from the newest on: an audit of a shop with millions of orders must end.
ORDERS_MAX = 2000
LISTED_WITHIN = timedelta(minutes=1)

_WRONG_SUMS = """
WITH added AS (
    SELECT currency, sum(d.started) AS started, sum(d.orders) AS orders, sum(d.revenue) AS revenue,
           sum(d.refunds) AS refunds, sum(d.cancelled) AS cancelled
    FROM daily AS d JOIN filling AS f ON f.generation = d.generation GROUP BY currency
), counted AS (
    SELECT o.currency, count(*) AS started, count(*) FILTER (WHERE stage NOT IN ('pending', 'abandoned')) AS orders,
           sum(total) FILTER (WHERE stage NOT IN ('pending', 'abandoned')) AS revenue, sum(refunded) AS refunds,
           count(*) FILTER (WHERE stage = 'cancelled') AS cancelled
    FROM orders AS o JOIN filling AS f ON f.generation = o.generation WHERE NOT o.imported GROUP BY o.currency
)
SELECT coalesce(a.currency, c.currency) AS subject, a.orders AS added, c.orders AS counted
FROM added AS a FULL JOIN counted AS c ON c.currency = a.currency
WHERE (a.started, a.orders, a.revenue, a.refunds, a.cancelled)
      IS DISTINCT FROM (c.started, c.orders, coalesce(c.revenue, 0), c.refunds, c.cancelled)
"""


async def sums_are_those_of_the_rows(e: Env) -> list[Finding]:
    async with e.db.read() as session:
        return await findings(
            session, "I13", _WRONG_SUMS, text="the days add up to {added} orders, there are {counted}"
        )


async def rows_are_what_events_fold_to(e: Env) -> list[Finding]:
    """Of the orders started last. What has just happened may still be on its way, and is left to the next audit."""
    settled_before = e.clock.now() - LISTED_WITHIN
    found: list[Finding] = []
    cursor: str | None = None
    for _ in range(ORDERS_MAX // PAGE):
        try:
            page = await e[Orders].streams(StreamsAfter(cursor=cursor, limit=PAGE))
        except Unavailable as error:
            return [*found, Finding(invariant="I13", subject="orders", text=error.text, checked=False)]
        found += await _compared(
            e, [stream for stream in page.items if stream.events[-1].at < settled_before]
        )
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


async def _compared(e: Env, streams: list[OrderStream]) -> list[Finding]:
    async with e.db.read() as session:
        known = await store.load_lines(session, [stream.order_id for stream in streams])
    found = []
    for stream in streams:
        folded = fold_stream(stream)
        kept = known.get(stream.order_id)
        if folded is not None and (kept is None or kept.line != folded[0]):
            text = "is in no list of staff's" if kept is None else f"is listed as {kept.line.stage}"
            found.append(Finding(invariant="I13", subject=stream.order_id, text=text))
    return found


AUDITS: tuple[Audit, ...] = (sums_are_those_of_the_rows, rows_are_what_events_fold_to)
