"""Setting stock as a source counts it. Counts that hold already move nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rialto.importing.model import Problem, ProductRow, StockCount
from rialto.inventory.api import Inventory, LevelsOf, PutStock, PutStockMany
from rialto.kernel.errors import RialtoError, Unavailable

SKUS_AT_ONCE = 100
REASON = "imported"

Counted = tuple[ProductRow, StockCount]
Shelf = tuple[str, str]  # SKU, warehouse


async def put_stock(
    inventory: Inventory, rows: Sequence[ProductRow], *, dry_run: bool, keep: bool = False
) -> tuple[list[str], list[Problem]]:
    """Set the counts of these products; an outcome per count, and the counts that were refused.

    With `keep` only SKUs that no warehouse has a record of get one: what was sold since does not come back.
    """
    outcomes: list[str] = []
    problems: list[Problem] = []
    counts = [(row, count) for row in rows for count in row.stock]
    for start in range(0, len(counts), SKUS_AT_ONCE):
        batch = counts[start : start + SKUS_AT_ONCE]
        known = await _levels(inventory, batch)
        kept = {sku for sku, _ in known} if keep else set()
        outcomes += ["unchanged" for one in batch if one[1].sku in kept]
        batch = [one for one in batch if one[1].sku not in kept]
        news = [one for one in batch if known.get(_shelf(one)) != one[1].on_hand]
        refused = _below_zero(news)
        if not dry_run:
            refused |= await _put(inventory, [one for one in news if _shelf(one) not in refused])
        outcomes += [_outcome(one, known, refused) for one in batch]
        problems += refused.values()
    return outcomes, problems


def _shelf(one: Counted) -> Shelf:
    return one[1].sku, one[1].warehouse


def _outcome(one: Counted, known: Mapping[Shelf, int], refused: Mapping[Shelf, Problem]) -> str:
    shelf = _shelf(one)
    if shelf in refused:
        return "refused"
    if shelf not in known:
        return "created"
    return "unchanged" if known[shelf] == one[1].on_hand else "changed"


def _below_zero(batch: Sequence[Counted]) -> dict[Shelf, Problem]:
    """What can be refused without asking inventory."""
    reason = "there cannot be less than nothing in stock."
    return {_shelf(one): _problem(*one, reason) for one in batch if one[1].on_hand < 0}


async def _levels(inventory: Inventory, batch: Sequence[Counted]) -> dict[Shelf, int]:
    skus = list(dict.fromkeys(count.sku for _, count in batch))
    return {
        (one.sku, one.warehouse): one.on_hand for one in (await inventory.stock(LevelsOf(skus=skus))).items
    }


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


def _problem(row: ProductRow, count: StockCount, reason: str) -> Problem:
    where = f"stock of {count.sku[:64]} in {count.warehouse[:40]}"
    return Problem(file=row.file, line=count.line, reason=f"{where}: {reason}", product=row.draft.slug)
