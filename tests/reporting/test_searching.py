"""Lists of one article's orders in one stage: the same, whether they are found among the next orders or among all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rialto.kernel.db import Database, DatabaseAddress, connect
from rialto.kernel.ids import to_uuid
from rialto.kernel.migrations import role_of
from rialto.reporting import store
from rialto.reporting.service import SERVICE
from rialto.reporting.store import NEAR, Search
from tests.support.databases import SECRETS, fresh_database

pytestmark = pytest.mark.anyio

ORDERS = NEAR + 300
END = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
# Every second order has the popular article, every five hundredth the rare one, and only the oldest one has OLD.
FILL = """
INSERT INTO reporting.orders (id, number, at, stage, payment_status, total, currency, channel, country, skus, captured,
    refunded, started_at, generation)
SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'N' || n, $2::timestamptz - n * interval '1 minute',
    CASE WHEN n % 7 = 0 THEN 'to_ship' ELSE 'cancelled' END, 'voided', 1000 + (n * 7919) % 50000, 'EUR', 'default', 'DE',
    ARRAY['A' || n] || CASE WHEN n % 2 = 0 THEN ARRAY['BEST'] ELSE '{}' END
    || CASE WHEN n % 500 = 0 THEN ARRAY['RARE'] ELSE '{}' END || CASE WHEN n = $1 - 1 THEN ARRAY['OLD'] ELSE '{}' END,
    0, 0, $2, 1
FROM generate_series(1, $1::int) AS n
"""


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def db(postgres: DatabaseAddress) -> AsyncIterator[Database]:
    async with fresh_database(postgres, [SERVICE]) as admin:
        connection = await connect(admin)
        await connection.execute(FILL, ORDERS, END)
        await connection.close()
        role = role_of("reporting")
        opened = Database(admin.as_user(role, SECRETS.database_password(role)), connections=1)
        yield opened
        await opened.close()


def expected(**asked: Any) -> list[int]:
    """Numbers of the orders that the list has, reckoned without a database."""
    search = Search(**asked)
    rows = []
    for n in range(1, ORDERS + 1):
        stage = "to_ship" if n % 7 == 0 else "cancelled"
        skus = {f"A{n}"} | ({"BEST"} if n % 2 == 0 else set()) | ({"RARE"} if n % 500 == 0 else set())
        skus |= {"OLD"} if n == ORDERS - 1 else set()
        if search.sku in skus and stage == search.stage:
            rows.append((END - timedelta(minutes=n), 1000 + (n * 7919) % 50000, n))
    column = 0 if search.sort.endswith("at") else 1
    rows.sort(key=lambda row: (row[column], row[2]), reverse=search.sort.startswith("-"))
    return [n for _, _, n in rows]


@pytest.mark.parametrize("sort", ["-at", "at", "-total", "total"])
@pytest.mark.parametrize("sku", ["BEST", "RARE", "OLD", "A5", "NOTHING"])
async def test_a_list_has_every_order_once_and_in_order(db: Database, sku: str, sort: str) -> None:
    asked: dict[str, Any] = {"sku": sku, "stage": "cancelled", "sort": sort, "limit": 40}
    seen: list[int] = []
    after = None
    async with db.read() as session:
        while True:
            page = await store.search(session, Search(**asked, after=after))
            seen += [int(row.number[1:]) for row in page]
            if len(page) < 40:
                break
            last = page[-1]
            value = last.at if sort.endswith("at") else last.total.amount
            after = (value, to_uuid(last.id))
    assert seen == expected(**asked)
