"""What a scrape reads of orders: those on their way, by what happened to them last.

At most 2,000 are looked at, those that are due first; each costs two look-ups by key.
"""

from __future__ import annotations

from rialto.kernel.gauges import Gauge

_UNFINISHED = """
FROM (SELECT bucket, order_id FROM saga ORDER BY due_at LIMIT 2000) AS few
JOIN orders AS o ON o.bucket = few.bucket AND o.id = few.order_id
JOIN events AS e ON e.bucket = o.bucket AND e.stream = o.id AND e.version = o.version
GROUP BY e.type
"""

GAUGES = (
    Gauge(
        name="rialto_orders_unfinished",
        text="Orders that the saga is at work on, by their last event.",
        label="after",
        sql=f"SELECT e.type AS label, count(*) AS value {_UNFINISHED}",
    ),
    Gauge(
        name="rialto_orders_unfinished_oldest_seconds",
        text="How long ago the one that has waited longest came that far.",
        label="after",
        sql=f"SELECT e.type AS label, extract(epoch FROM $1::timestamptz - min(e.at)) AS value {_UNFINISHED}",
    ),
)
