"""What a scrape reads of mails; all of it from the index of those that are to be sent."""

from __future__ import annotations

from rialto.kernel.gauges import Gauge

GAUGES = (
    Gauge(
        name="rialto_mails_waiting",
        text="Mails to be sent, now or at the next attempt; 10000 for that many or more.",
        sql="""
SELECT NULL::text AS label, count(*) AS value
FROM (SELECT 1 FROM mails WHERE state = 'queued' LIMIT 10000) AS few
""",
    ),
    Gauge(
        name="rialto_mails_oldest_seconds",
        text="Age of the oldest of them, among the 2,000 that are due first.",
        sql="""
SELECT NULL::text AS label, coalesce(extract(epoch FROM $1::timestamptz - min(created_at)), 0) AS value
FROM (SELECT created_at FROM mails WHERE state = 'queued' ORDER BY next_attempt_at LIMIT 2000) AS few
""",
    ),
)
