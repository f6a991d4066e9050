"""How long do staff's lists take in a shop with a million orders?

The rows are written straight into the read model's table: what is asked is what reading costs, with every index of the
release. Every second order has the one popular article; stages and ways of paying are as unlike in number as in a real shop. Each list is asked for at many places, its first page and pages far behind it.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

from rialto.engines.embedded_postgres import EmbeddedPostgres
from rialto.kernel.clock import SystemClock
from rialto.kernel.db import Database, DatabaseAddress, ReadSession, connect, parse_database_url
from rialto.kernel.ids import RandomIds
from rialto.kernel.migrations import migrate, role_of
from rialto.kernel.secrets import make_secrets
from rialto.reporting import store
from rialto.reporting.service import SERVICE
from rialto.reporting.store import Search

ORDERS = 1_000_000
REPEATS = 100
PAGE = 51
END = datetime(2026, 11, 30, tzinfo=UTC)
SPAN_DAYS = 600

# By number, so that every run has the same rows. The ids are valid: each carries its bucket and its time.
FILL = """
INSERT INTO reporting.orders (id, number, at, stage, payment_status, total, currency, channel, country, skus, captured,
                              refunded, started_at, cause, generation)
SELECT (lpad(to_hex(floor(extract(epoch FROM made.at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n % 1024), 3, '0')
        || '8' || substr(md5(n::text), 1, 15))::uuid,
    upper(translate(substr(md5('number' || n), 1, 5) || '-' || substr(md5('rest' || n), 1, 5), 'abcdef', 'ABCDEF')),
    made.at,
    CASE WHEN n % 50000 = 0 THEN 'needs_attention' WHEN n % 7 = 0 THEN 'abandoned' WHEN n % 40 = 1 THEN 'cancelled'
         WHEN n % 97 = 2 THEN 'to_ship' WHEN n % 211 = 3 THEN 'partly_shipped' WHEN n % 5000 = 4 THEN 'pending'
         ELSE 'completed' END,
    CASE WHEN n % 7 = 0 THEN 'voided' WHEN n % 40 = 1 THEN 'voided' WHEN n % 97 = 2 THEN 'authorised'
         WHEN n % 60 = 5 THEN 'refunded' WHEN n % 90 = 6 THEN 'partially_refunded' ELSE 'captured' END,
    (hashint4(n) & 65535) + 500, CASE WHEN n % 9 = 0 THEN 'USD' ELSE 'EUR' END,
    CASE WHEN n % 1000 = 8 THEN 'outlet' ELSE 'default' END, CASE WHEN n % 3 = 0 THEN 'FR' ELSE 'DE' END,
    ARRAY['SKU-' || (hashint4(n * 31) & 4095), CASE WHEN n % 2 = 0 THEN 'BEST' ELSE 'SKU-' || (n % 20000) END],
    0, 0, made.at, NULL, 1
FROM generate_series(1, $1::int) AS n
CROSS JOIN LATERAL (SELECT $2::timestamptz - n * interval '1 second' * $3::float8 AS at) AS made
"""
SUM = """
INSERT INTO reporting.daily (generation, day, channel, currency, slot, started, orders, revenue)
SELECT 1, day, channel, currency, slot, 40, 30, 100000
FROM generate_series($1::date - 600, $1::date, interval '1 day') AS day, (VALUES ('default'), ('outlet')) AS c(channel),
     (VALUES ('EUR'), ('USD')) AS m(currency), generate_series(0, 63) AS slot
"""

LISTS: dict[str, Search] = {
    "newest": Search(limit=PAGE),
    "oldest": Search(sort="at", limit=PAGE),
    "dearest": Search(sort="-total", limit=PAGE),
    "to ship": Search(stage="to_ship", limit=PAGE),
    "to ship, dearest": Search(stage="to_ship", sort="-total", limit=PAGE),
    "completed": Search(stage="completed", limit=PAGE),
    "needs attention": Search(stage="needs_attention", limit=PAGE),
    "refunded": Search(payment_status="refunded", limit=PAGE),
    "completed, dearest": Search(stage="completed", sort="-total", limit=PAGE),
    "completed, authorised": Search(stage="completed", payment_status="authorised", limit=PAGE),
    "small channel": Search(channel="outlet", limit=PAGE),
    "small channel, to ship": Search(channel="outlet", stage="to_ship", limit=PAGE),
    "popular SKU": Search(sku="BEST", limit=PAGE),
    "popular SKU, cancelled": Search(sku="BEST", stage="cancelled", limit=PAGE),
    "rare SKU": Search(sku="SKU-777", limit=PAGE),
    "rare SKU, to ship": Search(sku="SKU-777", stage="to_ship", limit=PAGE),
    "unknown SKU": Search(sku="NOTHING", limit=PAGE),
    "number, 2 letters": Search(number="A1", limit=PAGE),
    "number, 3 letters": Search(number="A1B", limit=PAGE),
    "whole number": Search(number="A1B2C-3D4E5", limit=PAGE),
}


def measure() -> list[str]:
    folder = Path(tempfile.mkdtemp(prefix="rialto-bench-", dir="/var/tmp"))
    folder.chmod(0o755)
    (folder / "data").mkdir()
    server = EmbeddedPostgres(folder / "data", log=lambda _: None)
    try:
        return asyncio.run(_measure(parse_database_url(server.ensure_running().url)))
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def _measure(address: DatabaseAddress) -> list[str]:
    clock = SystemClock()
    secrets = make_secrets(RandomIds(clock))
    await migrate(address, [SERVICE], secrets, clock)
    await _fill(address)
    role = role_of("reporting")
    db = Database(address.as_user(role, secrets.database_password(role)), connections=1)
    try:
        chance = random.Random(1)
        lines = [f"reporting          p99 of staff's lists over {ORDERS:,} orders (limit 100 ms)"]
        for name, asked in LISTS.items():
            lines.append(await _line(db, name, partial(_page, asked=asked, chance=chance)))
        lines.append(await _line(db, "sales of 30 days", _sales))
        lines.append(await _line(db, "late checkouts", _late))
        return lines
    finally:
        await db.close()


async def _fill(address: DatabaseAddress) -> None:
    connection = await connect(address, command_timeout=None)
    try:
        step_s = SPAN_DAYS * 86_400 / ORDERS
        await connection.execute(FILL, ORDERS, END, step_s)
        await connection.execute(SUM, END.date())
        await connection.execute("VACUUM ANALYZE reporting.orders")
        await connection.execute("VACUUM ANALYZE reporting.daily")
    finally:
        await connection.close()


async def _page(session: ReadSession, *, asked: Search, chance: random.Random) -> None:
    """The first page, or one from somewhere in the list's order."""
    after = None
    if chance.random() < 0.5:
        nobody = RandomIds(SystemClock(), chance).uuid(0)
        at = END - timedelta(days=chance.random() * SPAN_DAYS)
        after = (at if asked.sort.endswith("at") else chance.randrange(500, 66_000), nobody)
    one = Search(**{name: getattr(asked, name) for name in asked.__struct_fields__} | {"after": after})
    await store.search(session, one)


async def _sales(session: ReadSession) -> None:
    last: date = END.date()
    await store.load_sales(session, last - timedelta(days=29), last, None)


async def _late(session: ReadSession) -> None:
    await store.load_of_stage(session, "pending", END, 10)


async def _line(db: Database, name: str, ask: Callable[[ReadSession], Awaitable[None]]) -> str:
    async with db.read() as session:
        taken = []
        for _ in range(REPEATS):
            begun = time.perf_counter()
            await ask(session)
            taken.append((time.perf_counter() - begun) * 1000)
    taken.sort()
    return f"                   {name:<24} p50 {taken[REPEATS // 2]:6.1f} ms, p99 {taken[-2]:6.1f} ms"
