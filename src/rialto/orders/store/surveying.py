"""Orders over all customers: by an e-mail's directories, and their streams as they were recorded."""

from __future__ import annotations

from collections.abc import Sequence

from rialto.kernel.db import ReadSession
from rialto.kernel.email import bucket_of_hash
from rialto.kernel.ids import ORDER, OrderId, bucket_of, to_uuid
from rialto.orders.api import OrderStream, RecordedEvent

OF_GUEST = (
    "SELECT order_id FROM email_orders WHERE bucket = $1 AND email_hash = $2 ORDER BY order_id DESC LIMIT $3"
)
OF_PROVEN = "SELECT account_id FROM email_accounts WHERE bucket = $1 AND email_hash = $2"
OF_ACCOUNT = """
SELECT order_id FROM order_index WHERE bucket = $1 AND account_id = $2 ORDER BY placed_at DESC, order_id DESC LIMIT $3
"""
STREAMS = """
SELECT stream, version, type, schema_version, body::text AS body, at FROM events
JOIN unnest($1::smallint[], $2::uuid[]) AS t(bucket, stream) USING (bucket, stream) ORDER BY stream, version
"""  # no limit: a stream is read whole, and whoever asks bounds the streams


async def load_of_email(session: ReadSession, email_hash: bytes, limit: int) -> list[OrderId]:
    """Those of guests with this e-mail, and those of the account that has proven it. At most `limit` of each."""
    place = (bucket_of_hash(email_hash), email_hash)
    rows = list(await session.all(OF_GUEST, *place, limit))
    account_id = await session.value(OF_PROVEN, *place)
    if account_id is not None:
        rows += await session.all(OF_ACCOUNT, account_id.int >> 64 & 0xFFF, account_id, limit)
    return list(dict.fromkeys(ORDER.of(row["order_id"]) for row in rows))


async def load_streams(session: ReadSession, order_ids: Sequence[OrderId]) -> list[OrderStream]:
    """In the order asked for."""
    columns = ([bucket_of(order_id) for order_id in order_ids], [to_uuid(order_id) for order_id in order_ids])
    events: dict[OrderId, list[RecordedEvent]] = {order_id: [] for order_id in order_ids}
    for row in await session.all(STREAMS, *columns):
        events[ORDER.of(row["stream"])].append(
            RecordedEvent(
                type=row["type"], schema_version=row["schema_version"], body=row["body"], at=row["at"]
            )
        )
    return [
        OrderStream(order_id=order_id, version=len(found), events=found) for order_id, found in events.items()
    ]
