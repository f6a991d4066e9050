"""In which order a list stands: one or several runs, each sorted by a column, or the order of a text match."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from rialto.kernel.money import Currency
from rialto.search.columns import Chosen, Ordered
from rialto.search.documents import Row
from rialto.search.front import Front
from rialto.search.model import rating_score
from rialto.search.words import sort_key

# So few are sorted on the spot, faster than they are picked out of an order of all.
SORTED_MAX = 300


class Run(NamedTuple):
    """Products of `chosen`, by a column. `key` is the one under which a row stands in it."""

    chosen: Chosen
    ordered: Ordered[Any]
    key: Callable[[Row], Any]
    descending: bool = False


class Sorted:
    """A list in runs, one after the other."""

    def __init__(self, rows: Mapping[int, Row], runs: Sequence[Run]) -> None:
        self._rows = rows
        self._runs = runs

    def page(self, offset: int, limit: int) -> list[int]:
        found: list[int] = []
        for run in self._runs:
            if len(found) < limit:
                found += self._page(run, offset, limit - len(found))
            offset = max(offset - len(run.chosen), 0)
        return found

    def _page(self, run: Run, offset: int, limit: int) -> list[int]:
        if len(run.chosen) > SORTED_MAX:
            return run.ordered.page(run.chosen, offset=offset, limit=limit, descending=run.descending)
        keyed = sorted(((run.key(self._rows[slot]), slot) for slot in run.chosen), reverse=run.descending)
        return [slot for _, slot in keyed[offset : offset + limit]]

    def after(self, row: Row) -> int | None:
        """How many products stand up to and including this one; None when it is not in the list."""
        before = 0
        for run in self._runs:
            if row.slot in run.chosen:
                key = run.key(row)
                return before + run.ordered.position(run.chosen, key, row.slot, descending=run.descending) + 1
            before += len(run.chosen)
        return None


class Matched:
    """A list in the order of a text match. It is walked only as far as the page asked for."""

    def __init__(self, order: Sequence[int], chosen: Chosen) -> None:
        self._order = order
        self._chosen = chosen

    def page(self, offset: int, limit: int) -> list[int]:
        return list(islice(filter(self._chosen.__contains__, self._order), offset, offset + limit))

    def after(self, row: Row) -> int | None:
        if row.slot not in self._chosen:
            return None
        shown = filter(self._chosen.__contains__, self._order)
        return next((place for place, slot in enumerate(shown, start=1) if slot == row.slot), None)


def sorted_by(front: Front, chosen: Chosen, *, sort: str, language: str, currency: Currency) -> Sorted:
    """The order named by `sort`; relevance without a text is featured first, then the newest."""
    newest = front.newest
    match sort:
        case "newest":
            return Sorted(front.rows, [Run(chosen, newest, _created, descending=True)])
        case "title":
            return Sorted(
                front.rows,
                [
                    Run(
                        chosen,
                        front.shelf.titles[language],
                        lambda row: sort_key(row.titles[language], language),
                    )
                ],
            )
        case "rating":
            # What nobody has reviewed comes last, the newest of it first.
            by_rating = front.by_rating
            rated = by_rating.between(None, None)
            return Sorted(
                front.rows,
                [
                    Run(
                        Chosen(chosen.bits & rated), by_rating,
                        lambda row: rating_score(front.shelf.ratings[row.id]), descending=True,
                    ),
                    Run(Chosen(chosen.bits & ~rated), newest, _created, descending=True),
                ]
            )  # fmt: skip
        case "price" | "-price":
            # What has no price in this currency comes last, whichever way prices run.
            prices = front.lowest_prices(currency)
            priced = prices.between(None, None)
            return Sorted(
                front.rows,
                [
                    Run(
                        Chosen(chosen.bits & priced), prices, lambda row: front.amounts(row, currency)[0],
                        descending=sort == "-price",
                    ),
                    Run(Chosen(chosen.bits & ~priced), newest, _created, descending=True),
                ]
            )  # fmt: skip
        case _:
            return Sorted(
                front.rows,
                [
                    Run(Chosen(chosen.bits & front.featured), newest, _created, descending=True),
                    Run(Chosen(chosen.bits & ~front.featured), newest, _created, descending=True),
                ],
            )


def _created(row: Row) -> int:
    return row.created_on.toordinal()
