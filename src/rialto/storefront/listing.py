"""A list of products as its address describes it: filters, prices, order and page, all in the query string.

`?colour=sand&colour=clay&price_min=20&sort=price&page=2`. Everything that is not ours is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlencode

from rialto.kernel.errors import Invalid
from rialto.kernel.money import Money, parse_decimal
from rialto.kernel.service import Frozen
from rialto.search.api import SORTS, Browse, ProductPage
from rialto.storefront import formats
from rialto.storefront.visit import Visit

PAGE_SIZE = 24
PAGES_MAX = 400
QUERY_LENGTH_MAX = 120
FILTERS_MAX = 40
_OWN = frozenset({"q", "sort", "page", "price_min", "price_max", "in_stock", "more"})
_FOREIGN = re.compile(
    r"utm_\w+|gclid|fbclid|msclkid|mc_\w+|ref|source|cursor|limit|currency|language|channel|view"
)
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")

Pairs = tuple[tuple[str, str], ...]


class Chip(Frozen):
    """An active filter and the address without it."""

    label: str
    url: str


class PageLink(Frozen):
    number: int
    url: str
    here: bool = False
    gap_before: bool = False


class Asked(Frozen):
    """The query string, understood. `prices` are as typed; a price nobody can read is left out and told."""

    q: str
    filters: dict[str, list[str]]
    prices: dict[str, str]
    minor: dict[str, int]
    unreadable: bool
    sort: str
    page: int
    in_stock: bool
    more: str = ""

    def browse(self, visit: Visit, *, category: str | None = None, collection: str | None = None) -> Browse:
        return Browse(
            view=visit.view,
            q=self.q,
            category=category,
            collection=collection,
            filters=self.filters,
            price_min=self.minor.get("price_min"),
            price_max=self.minor.get("price_max"),
            sort=self.sort,
            limit=PAGE_SIZE,
            page=self.page,
            in_stock=self.in_stock,
        )


def read_query(visit: Visit) -> Asked:
    first = {name: value.strip() for name, value in reversed(visit.query)}
    prices = {name: first[name] for name in ("price_min", "price_max") if first.get(name)}
    minor = {name: amount for name, text in prices.items() if (amount := _minor(text, visit)) is not None}
    if len(minor) == 2 and minor["price_min"] > minor["price_max"]:
        minor = {"price_min": minor["price_max"], "price_max": minor["price_min"]}
    page = first.get("page", "1")
    return Asked(
        q=" ".join(first.get("q", "").split())[:QUERY_LENGTH_MAX],
        filters=_filters(visit.query),
        prices=prices,
        minor=minor,
        unreadable=len(minor) < len(prices),
        sort=first.get("sort", "") if first.get("sort") in SORTS else "relevance",
        page=min(int(page), PAGES_MAX) if re.fullmatch(r"[1-9]\d{0,5}", page, re.ASCII) else 1,
        in_stock=first.get("in_stock") == "1",
        more=more if _CODE.fullmatch(more := first.get("more", "")) else "",
    )


def chips(visit: Visit, asked: Asked, found: ProductPage) -> list[Chip]:
    """What is chosen now, each with a way back."""
    codes = {facet.code for facet in found.facets}
    labels = {(facet.code, value.value): value.label for facet in found.facets for value in facet.values}
    chosen = [
        Chip(label=labels.get((code, value), value), url=_url(visit, _without(visit.query, (code, value))))
        for code, values in asked.filters.items()
        for value in values
        if code in codes
    ]
    for name in ("price_min", "price_max"):
        if name in asked.minor:
            amount = formats.money(_money(asked.minor[name], visit), visit.language)
            label = visit.texts(f"filter.chip.{name}", amount=amount)
            chosen.append(Chip(label=label, url=_url(visit, _without_name(visit.query, name))))
    if asked.in_stock:
        label = visit.texts("filter.in_stock")
        chosen.append(Chip(label=label, url=_url(visit, _without_name(visit.query, "in_stock"))))
    return chosen


def bare_url(visit: Visit, asked: Asked) -> str:
    """The list without any filter."""
    return _url(visit, (("q", asked.q),) if asked.q else ())


def page_links(visit: Visit, found: ProductPage) -> list[PageLink]:
    """First, last, and those around the present page."""
    if found.pages < 2:
        return []
    around = range(found.page - 1, found.page + 2)
    numbers = sorted({1, found.pages, *(number for number in around if 1 <= number <= found.pages)})
    return [
        PageLink(
            number=number,
            url=page_url(visit, number),
            here=number == found.page,
            gap_before=index > 0 and number - numbers[index - 1] > 1,
        )
        for index, number in enumerate(numbers)
    ]


def page_url(visit: Visit, number: int) -> str:
    rest = _without_name(visit.query, "page")
    return _url(visit, (*rest, ("page", str(number))) if number > 1 else rest)


def more_url(visit: Visit, what: str) -> str:
    """The same list with more of its filters shown."""
    return _url(visit, (*_without_name(visit.query, "more"), ("more", what)))


def is_filtered(asked: Asked) -> bool:
    return bool(asked.filters or asked.prices or asked.in_stock)


def _filters(query: Pairs) -> dict[str, list[str]]:
    filters: dict[str, list[str]] = {}
    for name, value in query[:FILTERS_MAX]:
        ours = name not in _OWN and not _FOREIGN.fullmatch(name) and _CODE.fullmatch(name)
        if ours and value and value not in filters.get(name, ()):
            filters.setdefault(name, []).append(value[:80])
    return filters


def _minor(text: str, visit: Visit) -> int | None:
    """`20`, `19.99` and `19,99` in minor units; None for what is no price."""
    if not re.fullmatch(r"\d{1,9}([.,]\d{1,3})?", text, re.ASCII):
        return None
    try:
        return parse_decimal(text.replace(",", "."), visit.currency).amount
    except Invalid:
        return None


def _without(query: Pairs, pair: tuple[str, str]) -> Pairs:
    return tuple(item for item in query if item != pair and item[0] != "page")


def _without_name(query: Pairs, name: str) -> Pairs:
    return tuple(item for item in query if item[0] not in {name, "page"})


def _url(visit: Visit, query: Sequence[tuple[str, str]]) -> str:
    kept = [(name, value) for name, value in query if value]
    return visit.path + (f"?{urlencode(kept)}" if kept else "")


def _money(minor: int, visit: Visit) -> Money:
    return Money(minor, visit.currency)
