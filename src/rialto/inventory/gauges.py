"""What a scrape reads of reservations; all of it from the index of those that are held."""

from __future__ import annotations

from rialto.kernel.gauges import Gauge

GAUGES = (
    Gauge(
        name="rialto_reservations_held",
        text="Orders that stock is held for; 10000 for that many or more.",
        sql="""
SELECT NULL::text AS label, count(*) AS value
FROM (SELECT 1 FROM reservations WHERE state = 'held' LIMIT 10000) AS few
""",
    ),
    Gauge(
        name="rialto_reservations_overdue",
        text="Those of them whose time is over; 10000 for that many or more.",
        sql="""
SELECT NULL::text AS label, count(*) AS value
FROM (SELECT 1 FROM reservations WHERE state = 'held' AND expires_at < $1 LIMIT 10000) AS few
""",
    ),
    Gauge(
        name="rialto_reservations_overdue_oldest_seconds",
        text="For how long the one that should have ended first is held beyond its time.",
        sql="""
SELECT NULL::text AS label, coalesce(extract(epoch FROM $1::timestamptz - min(expires_at)), 0) AS value
FROM (
    SELECT expires_at FROM reservations WHERE state = 'held' AND expires_at < $1 ORDER BY expires_at LIMIT 1
) AS oldest
""",
    ),
)
