"""I1 (no oversell) and I6 (every reservation ends once, in time), proved from the rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rialto.kernel.audit import Audit, Finding, findings
from rialto.kernel.ids import ORDER
from rialto.kernel.service import Env

_STOCK_IS_ITS_MOVEMENTS = """
SELECT s.sku || ' in ' || s.warehouse AS subject, s.on_hand, s.reserved,
       coalesce(m.on_hand, 0) AS moved, coalesce(m.reserved, 0) AS held
FROM stock AS s LEFT JOIN (
    SELECT sku, warehouse, sum(on_hand) AS on_hand, sum(reserved) AS reserved FROM movements GROUP BY sku, warehouse
) AS m USING (sku, warehouse)
WHERE s.on_hand <> coalesce(m.on_hand, 0) OR s.reserved <> coalesce(m.reserved, 0) OR s.on_hand < s.reserved
"""
_RESERVED_IS_WHAT_IS_HELD = """
SELECT s.sku || ' in ' || s.warehouse AS subject, s.reserved, coalesce(h.quantity, 0) AS held
FROM stock AS s LEFT JOIN (
    SELECT a.sku, a.warehouse, sum(a.quantity) AS quantity
    FROM allocations AS a JOIN reservations AS r USING (order_id) WHERE r.state = 'held' GROUP BY a.sku, a.warehouse
) AS h USING (sku, warehouse)
WHERE s.reserved <> coalesce(h.quantity, 0)
"""
_HELD_TOO_LONG = """
SELECT order_id AS subject, expires_at FROM reservations WHERE state = 'held' AND expires_at < $1
"""
# What each state must have done to each of its shelves.
_STEPS_FIT_STATE = """
SELECT r.order_id AS subject, r.state, coalesce(s.steps, 'none') AS steps
FROM reservations AS r JOIN allocations AS a USING (order_id)
LEFT JOIN LATERAL (
    SELECT string_agg(m.kind, ',' ORDER BY m.kind) AS steps FROM movements AS m
    WHERE m.sku = a.sku AND m.warehouse = a.warehouse AND m.order_id = a.order_id AND m.kind <> 'return'
) AS s ON true
WHERE coalesce(s.steps, '') <> CASE r.state
    WHEN 'held' THEN 'reserve' WHEN 'consumed' THEN 'consume,reserve'
    WHEN 'released' THEN 'release,reserve' ELSE 'consume,reserve,restock' END
"""
_MORE_BACK_THAN_USED_UP = """
SELECT m.order_id AS subject, m.sku, m.returned, coalesce(a.quantity, 0) AS used_up
FROM (SELECT order_id, sku, sum(on_hand) AS returned FROM movements WHERE kind = 'return' GROUP BY order_id, sku) AS m
LEFT JOIN (
    SELECT a.order_id, a.sku, sum(a.quantity) AS quantity
    FROM allocations AS a JOIN reservations AS r USING (order_id) WHERE r.state = 'consumed' GROUP BY a.order_id, a.sku
) AS a USING (order_id, sku)
WHERE m.returned > coalesce(a.quantity, 0)
"""


async def stock_is_sound(e: Env) -> list[Finding]:
    """I1: each stock row is the sum of its movements, nothing is held beyond what is on hand, nothing comes back twice."""
    async with e.db.read() as session:
        return [
            *await findings(
                session,
                "I1",
                _STOCK_IS_ITS_MOVEMENTS,
                text="on hand {on_hand}, reserved {reserved}; movements say {moved} and {held}",
            ),
            *await findings(
                session, "I1", _RESERVED_IS_WHAT_IS_HELD, text="reserved {reserved}, but orders hold {held}"
            ),
            *await findings(
                session,
                "I1",
                _MORE_BACK_THAN_USED_UP,
                text="{returned} of {sku} came back, used up were {used_up}",
                kind=ORDER,
            ),
        ]


async def reservations_end(e: Env) -> list[Finding]:
    """I6: none is held for more than a minute past its time; each ended one has exactly its steps."""
    late: Any = e.clock.now() - timedelta(seconds=60)
    async with e.db.read() as session:
        return [
            *await findings(
                session,
                "I6",
                _HELD_TOO_LONG,
                late,
                text="held although its time ended at {expires_at}",
                kind=ORDER,
            ),
            *await findings(
                session, "I6", _STEPS_FIT_STATE, text="is {state}, but its movements are: {steps}", kind=ORDER
            ),
        ]


AUDITS: tuple[Audit, ...] = (stock_is_sound, reservations_end)
