"""Setting stock as a source counts it. Counts that hold already move nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from rialto.importing.model import Change, Problem, ProductRow, StockCount
from rialto.inventory.api import Inventory, LevelsOf, PutStock, PutStockMany, UnknownWarehouse
from rialto.kernel.errors import RialtoError, Unavailable
from rialto.kernel.service import Nothing

SKUS_AT_ONCE = 200  # that inventory tells at a time
COUNTS_AT_ONCE = 1_000  # in one transaction: each of them waits for the disk
REASON = "imported"

Counted = tuple[ProductRow, StockCount]
Shelf = tuple[str, str]  # SKU, warehouse


@dataclass(kw_only=True)
class Stocked:
    """What came of it: an outcome per count, the counts that were refused, and what differs from before."""

    outcomes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


async def put_stock(
    inventory: Inventory, rows: Sequence[ProductRow], *, dry_run: bool, keep: bool = False
) -> Stocked:
    """Set the counts of these products.

    With `keep` only SKUs that no warehouse has a record of get one: what was sold since does not come back.
    """
    done = Stocked()
    places = {one.code for one in (await inventory.warehouses(Nothing())).items}
    counts = _placed(rows, places)
    for start in range(0, len(counts), COUNTS_AT_ONCE):
        batch = counts[start : start + COUNTS_AT_ONCE]
        known = await _levels(inventory, batch)
        kept = {sku for sku, _ in known} if keep else set()
        done.outcomes += ["unchanged" for one in batch if one[1].sku in kept]
        batch = [one for one in batch if one[1].sku not in kept]
        news = [one for one in batch if known.get(_shelf(one)) != one[1].on_hand]
        refused = _refused_at_once(news, places)
        if not dry_run:
            refused |= await _put(inventory, [one for one in news if _shelf(one) not in refused])
        done.outcomes += [_outcome(one, known, refused) for one in batch]
        done.problems += refused.values()
        done.changes += [_change(one, known) for one in news if _shelf(one) in known.keys() - refused.keys()]
    return done


def _placed(rows: Sequence[ProductRow], places: Collection[str]) -> list[Counted]:
    """Counts by the shop's warehouses; what comes to lie on the same shelf is added up."""
    placed: dict[Shelf, Counted] = {}
    for row in rows:
        for count in row.stock:
            stand_in = count.stand_in if count.warehouse not in places else None
            there = msgspec.structs.replace(count, warehouse=stand_in or count.warehouse)
            shelf = (there.sku, there.warehouse)
            if shelf in placed:
                on_hand = placed[shelf][1].on_hand + there.on_hand
                there = msgspec.structs.replace(there, on_hand=on_hand)
            placed[shelf] = (row, there)
    return list(placed.values())


async def _levels(inventory: Inventory, batch: Sequence[Counted]) -> dict[Shelf, int]:
    skus = list(dict.fromkeys(count.sku for _, count in batch))
    known: dict[Shelf, int] = {}
    for start in range(0, len(skus), SKUS_AT_ONCE):
        levels = await inventory.stock(LevelsOf(skus=skus[start : start + SKUS_AT_ONCE]))
        known |= {(one.sku, one.warehouse): one.on_hand for one in levels.items}
    return known


def _refused_at_once(batch: Sequence[Counted], places: Collection[str]) -> dict[Shelf, Problem]:
    """What can be refused without asking inventory."""
    nowhere = {_shelf(one): UnknownWarehouse.message for one in batch if one[1].warehouse not in places}
    below_zero = {
        _shelf(one): "there cannot be less than nothing in stock." for one in batch if one[1].on_hand < 0
    }
    reasons = {**nowhere, **below_zero}
    return {_shelf(one): _problem(*one, reasons[_shelf(one)]) for one in batch if _shelf(one) in reasons}


async def _put(inventory: Inventory, batch: Sequence[Counted]) -> dict[Shelf, Problem]:
    """All at once; when that is refused, one by one, so that a faulty count harms only itself."""
    if not batch:
        return {}
    items = [
        PutStock(sku=count.sku, warehouse=count.warehouse, on_hand=count.on_hand, reason=REASON)
        for _, count in batch
    ]
    try:
        await inventory.put_stock(PutStockMany(items=items))
    except Unavailable:
        raise
    except RialtoError as refused:
        if len(batch) == 1:
            return {_shelf(batch[0]): _problem(*batch[0], refused.text)}
        problems: dict[Shelf, Problem] = {}
        for one in batch:
            problems |= await _put(inventory, [one])
        return problems
    return {}


def _outcome(one: Counted, known: Mapping[Shelf, int], refused: Mapping[Shelf, Problem]) -> str:
    shelf = _shelf(one)
    if shelf in refused:
        return "refused"
    if shelf not in known:
        return "created"
    return "unchanged" if known[shelf] == one[1].on_hand else "changed"


def _change(one: Counted, known: Mapping[Shelf, int]) -> Change:
    row, count = one
    where = f"stock.{count.sku}.{count.warehouse}"
    before, after = str(known[_shelf(one)]), str(count.on_hand)
    return Change(product=row.draft.slug, field=where, before=before, after=after)


def _shelf(one: Counted) -> Shelf:
    return one[1].sku, one[1].warehouse


def _problem(row: ProductRow, count: StockCount, reason: str) -> Problem:
    where = f"stock of {count.sku[:64]} in {count.warehouse[:40]}"
    return Problem(file=row.file, line=count.line, reason=f"{where}: {reason}", product=row.draft.slug)
