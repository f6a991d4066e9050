"""Many counts at once: pasted as CSV or typed on the stock page, shown before and after, applied, and taken back.

The preview's form carries each shelf with what was on hand when it was looked at; what moved meanwhile is left alone and
told. What was applied comes back with a form that undoes it, under the same rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import get, post

from rialto.admin.desk import HOME, AnyRequest, Desk
from rialto.admin.forms import Reading, Values, read_values
from rialto.admin.pages.stock import read_counts
from rialto.admin.problems import Problem, problems_of
from rialto.admin.rendering import PAGE, page
from rialto.inventory.api import Inventory, LevelsOf, PutStock, PutStockMany
from rialto.kernel.errors import RialtoError
from rialto.kernel.http import Injected, requires
from rialto.kernel.service import Frozen, Nothing

COUNTS = f"{HOME}/counts"
LINES_MAX = 200
PROBLEMS_MAX = 20
SKU_LENGTH_MAX = 64
NUMBER_MAX = 1_000_000
WRITE = [requires("inventory.write")]

Shelf = tuple[str, str]  # (sku, warehouse)


class Change(Frozen):
    """What is on hand on one shelf: as it was looked at, and as it is to be. `is_new`: the SKU was never counted.

    `since`: of a way back, when that was done which it takes back.
    """

    sku: str
    warehouse: str
    before: int
    after: int
    is_new: bool = False
    since: Annotated[datetime, msgspec.Meta(tz=True)] | None = None

    def undone(self, since: datetime | None) -> Change:
        return Change(
            sku=self.sku, warehouse=self.warehouse, before=self.after, after=self.before, since=since
        )


class Applied(Frozen):
    """What was done, each with its way back, and which shelves were left alone and why."""

    undo: list[Change]
    left: list[Problem]


@get(COUNTS, guards=[requires("inventory.read")])
async def bulk_counts(desk: Injected[Desk], inventory: Injected[Inventory]) -> PAGE:
    """The form to paste into."""
    return await _page(desk, inventory, values={})


@post(f"{COUNTS}/preview", guards=WRITE, status_code=200)
async def preview_counts(request: AnyRequest, desk: Injected[Desk], inventory: Injected[Inventory]) -> PAGE:
    """What would change, of pasted lines or of the stock page's form. Nothing is changed."""
    values = await read_values(request)
    problems: list[Problem] = []
    changes: list[Change] = []
    try:
        wanted = await _wanted(desk, inventory, values, problems)
        changes = [] if problems else await _planned(inventory, wanted)
    except RialtoError as error:
        problems = problems_of(error, desk.texts)
    return await _page(desk, inventory, values=values, changes=changes, asked=True, problems=problems)


@post(COUNTS, guards=WRITE, status_code=200)
async def apply_counts(request: AnyRequest, desk: Injected[Desk], inventory: Injected[Inventory]) -> PAGE:
    """Shelf by shelf: each is set if as much is on hand as was looked at."""
    values = await read_values(request)
    try:
        changes = msgspec.json.decode(values.get("changes", ""), type=list[Change])[:LINES_MAX]
    except msgspec.MsgspecError:
        return await _page(desk, inventory, values={})
    undo: list[Change] = []
    left: list[Problem] = []
    for change in changes:
        try:
            done = await inventory.put_stock(PutStockMany(items=[_as_count(change)]))
            undo.append(change.undone(done.set_at))
        except RialtoError as error:
            shelf = f"{change.sku}, {change.warehouse}"
            left += [Problem(text=f"{shelf}: {one.text}") for one in problems_of(error, desk.texts)]
    return await _page(desk, inventory, values={}, applied=Applied(undo=undo, left=left))


def _as_count(change: Change) -> PutStock:
    return PutStock(
        sku=change.sku,
        warehouse=change.warehouse,
        on_hand=change.after,
        expected=change.before,
        unmoved_since=change.since,
    )


async def _planned(inventory: Inventory, wanted: Mapping[Shelf, int]) -> list[Change]:
    """Each shelf whose count would differ."""
    skus = list(dict.fromkeys(sku for sku, _ in wanted))
    levels = (await inventory.stock(LevelsOf(skus=skus))).items if skus else []
    before = {(level.sku, level.warehouse): level.on_hand for level in levels}
    known = {level.sku for level in levels}
    return [
        Change(
            sku=sku, warehouse=place, before=before.get((sku, place), 0), after=count, is_new=sku not in known
        )
        for (sku, place), count in wanted.items()
        if count != before.get((sku, place), 0) or sku not in known
    ]


async def _wanted(
    desk: Desk, inventory: Inventory, values: Values, problems: list[Problem]
) -> dict[Shelf, int]:
    """By shelf the count, pasted or from the stock page's form. Raises Invalid for what was typed there."""
    if "counts" in values:
        places = {one.code for one in (await inventory.warehouses(Nothing())).items}
        return _pasted(desk, values["counts"], places, problems)
    reading = Reading(values)
    counts = read_counts(reading)
    reading.end()
    return {(one.sku, one.warehouse): one.on_hand for one in counts}


def _pasted(desk: Desk, text: str, places: set[str], problems: list[Problem]) -> dict[Shelf, int]:
    """Every line that is no count is told with its number, as far as anybody reads."""
    found: dict[Shelf, int] = {}
    for number, cells in _lines(text):
        if len(found) == LINES_MAX or len(problems) == PROBLEMS_MAX:
            problems.append(Problem(text=desk.texts("counts.too_many", n=LINES_MAX), field="counts"))
            break
        count = _count(cells[2]) if len(cells) == 3 else None
        fault = ""
        if count is None or not 1 <= len(cells[0]) <= SKU_LENGTH_MAX or not cells[0].isprintable():
            fault = "counts.line_not_valid"
        elif cells[1] not in places:
            fault = "counts.line_warehouse"
        elif (cells[0], cells[1]) in found:
            fault = "counts.line_twice"
        else:
            found[cells[0], cells[1]] = count
        if fault:
            problems.append(Problem(text=desk.texts(fault, n=number), field="counts"))
    return found


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """The cells of each line that is not empty, by its number; between them semicolons, tabs or commas."""
    for number, line in enumerate(text.replace("\r", "\n").split("\n"), start=1):
        mark = next((mark for mark in ";\t" if mark in line), ",")
        cells = [cell.strip().strip('"') for cell in line.split(mark)]
        is_head = number == 1 and cells[0].lower() == "sku"
        if any(cells) and not is_head:
            yield number, cells


def _count(text: str) -> int | None:
    if not text.isascii() or not text.isdigit() or len(text) > 7:
        return None
    return int(text) if int(text) <= NUMBER_MAX else None


async def _page(
    desk: Desk,
    inventory: Inventory,
    *,
    values: Values,
    changes: Sequence[Change] = (),
    asked: bool = False,
    problems: Sequence[Problem] = (),
    applied: Applied | None = None,
) -> PAGE:
    return page(
        desk,
        "pages/stock/counts.html",
        section="stock",
        status=422 if problems else 200,
        values=values,
        asked=asked,
        warehouses=[one.code for one in (await inventory.warehouses(Nothing())).items],
        changes=changes,
        encoded=msgspec.json.encode(changes).decode(),
        applied=applied,
        undo="" if applied is None else msgspec.json.encode(applied.undo).decode(),
        problems=list(problems),
    )


ROUTES: list[Any] = [bulk_counts, preview_counts, apply_counts]
