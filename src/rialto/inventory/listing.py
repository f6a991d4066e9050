"""What staff look through: stock article by article, and what moved it."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime

import msgspec

from rialto.inventory.api import LOW_AT, ListMovements, ListStock, MovementList, StockPage
from rialto.inventory.store import PAGE_OF_MOVEMENTS, PAGE_OF_STOCK, WAREHOUSES, level_of, movement_of
from rialto.kernel.db import Database
from rialto.kernel.errors import field_problem
from rialto.kernel.service import Frozen
from rialto.kernel.text import is_plain

PAGE_MAX = 200
BELOW_MAX = 1_000_000


class _Place(Frozen):
    """After which movement a page goes on."""

    at: datetime
    warehouse: str
    cause: str


class StockLists:
    """The part of `InventoryHandlers` that only reads for staff."""

    _db: Database

    async def list_stock(self, command: ListStock) -> StockPage:
        _check_limit(command.limit)
        if command.below is not None and not 0 <= command.below <= BELOW_MAX:
            raise field_problem("below", "not_valid", f"Between 0 and {BELOW_MAX}.")
        after = command.cursor or ""
        async with self._db.recent() as session:
            warehouses = [row["code"] for row in await session.all(WAREHOUSES)]
            if not is_plain(command.text) or not is_plain(after):
                return StockPage(items=[], warehouses=warehouses)
            pattern = re.sub(r"([\\%_])", r"\\\1", command.text)
            low_at = LOW_AT if command.low else None
            rows = await session.all(PAGE_OF_STOCK, pattern, after, command.below, command.limit + 1, low_at)
        skus = list(dict.fromkeys(row["sku"] for row in rows))
        shown = set(skus[: command.limit])
        return StockPage(
            items=[level_of(row) for row in rows if row["sku"] in shown],
            warehouses=warehouses,
            next_cursor=skus[command.limit - 1] if len(skus) > command.limit else None,
        )

    async def movements(self, command: ListMovements) -> MovementList:
        _check_limit(command.limit)
        after = _read_cursor(command.cursor)
        if not is_plain(command.sku):
            return MovementList(items=[])
        place = (None, "", "") if after is None else (after.at, after.warehouse, after.cause)
        async with self._db.recent() as session:
            rows = await session.all(PAGE_OF_MOVEMENTS, command.sku, *place, command.limit + 1)
        items = [movement_of(row) for row in rows[: command.limit]]
        cursor = None
        if len(rows) > command.limit:
            last = rows[command.limit - 1]
            cursor = _cursor(_Place(at=last["at"], warehouse=last["warehouse"], cause=last["cause"]))
        return MovementList(items=items, next_cursor=cursor)


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= PAGE_MAX:
        raise field_problem("limit", "out_of_range", f"Between 1 and {PAGE_MAX}.")


def _cursor(place: _Place) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _read_cursor(cursor: str | None) -> _Place | None:
    if cursor is None:
        return None
    try:
        place = msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=_Place)
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        raise field_problem("cursor", "not_valid", "This cursor is not one of ours.") from None
    if (
        place.at.tzinfo is None
        or not is_plain(place.warehouse + place.cause)
        or not 2000 <= place.at.year < 2200
    ):
        raise field_problem("cursor", "not_valid", "This cursor is not one of ours.")
    return place
