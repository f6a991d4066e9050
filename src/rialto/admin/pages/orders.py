"""The list of orders: searched, filtered, sorted, and kept under a name."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import parse_qsl, urlencode

from litestar import get, post
from litestar.response import Redirect

from rialto.admin.desk import HOME, AnyRequest, Desk
from rialto.admin.problems import Problem, problems_of, status_of
from rialto.admin.rendering import PAGE, go, page
from rialto.admin.tables import Choice, Column, Filter, Listing, read_listing
from rialto.catalog.api import Catalog, Channel
from rialto.kernel.errors import Conflict, Invalid, Unavailable
from rialto.kernel.http import Injected, requires
from rialto.kernel.service import Nothing
from rialto.reporting.api import (
    BY_VALUE,
    PAYMENT_STATUSES,
    SORTS,
    STAGES,
    DropView,
    KeepView,
    OrderPage,
    OrdersQuery,
    Reporting,
    ViewNotFound,
    ViewsOf,
)
from rialto.storefront.forms import typed

ORDERS = f"{HOME}/orders"
WORDS = ("q", "stage", "payment", "channel")
VIEW_WORDS = frozenset({*WORDS, "sort"})


@get(ORDERS, guards=[requires("orders.read")])
async def orders(desk: Injected[Desk], reporting: Injected[Reporting], catalog: Injected[Catalog]) -> PAGE:
    return await _list(desk, reporting, catalog)


@post(f"{ORDERS}/views", guards=[requires("orders.read")], status_code=200)
async def keep_view(
    request: AnyRequest,
    desk: Injected[Desk],
    reporting: Injected[Reporting],
    catalog: Injected[Catalog],
) -> PAGE | Redirect:
    """Only for whoever keeps it."""
    data = dict(await request.form())
    query = _known(typed(data, "query"))
    try:
        await reporting.keep_view(KeepView(staff_id=desk.staff.id, name=typed(data, "name"), query=query))
    except (Invalid, Conflict) as error:
        problems = [Problem(text=one.text, field="view-name") for one in problems_of(error, desk.texts)]
        return await _list(desk, reporting, catalog, problems=problems, status=status_of(error), query=query)
    return go(f"{ORDERS}?{query}" if query else ORDERS)


@post(f"{ORDERS}/views/drop", guards=[requires("orders.read")], status_code=200)
async def drop_view(request: AnyRequest, desk: Injected[Desk], reporting: Injected[Reporting]) -> Redirect:
    data = dict(await request.form())
    with suppress(ViewNotFound):  # dropped in another window
        await reporting.drop_view(DropView(staff_id=desk.staff.id, name=typed(data, "name")))
    return go(ORDERS)


async def _list(
    desk: Desk,
    reporting: Reporting,
    catalog: Catalog,
    *,
    problems: list[Problem] | None = None,
    status: int = 200,
    query: str | None = None,
) -> PAGE:
    listing = _listing(desk, query)
    found, problems = await _find(listing, reporting, desk, problems or [])
    fronts: list[Channel] = []
    with suppress(Unavailable):  # orders are shown while the catalogue is away
        fronts = (await catalog.channels(Nothing())).items
    views = await reporting.views(ViewsOf(staff_id=desk.staff.id))
    texts = desk.texts
    return page(
        desk,
        "pages/orders.html",
        section="orders",
        status=status,
        listing=listing,
        found=found,
        problems=problems,
        views=[(view.name, f"{ORDERS}?{view.query}" if view.query else ORDERS) for view in views.items],
        query=urlencode({name: value for name, value in listing.values.items() if name in VIEW_WORDS}),
        filters=[
            _filter(desk, "stage", STAGES),
            _filter(desk, "payment", PAYMENT_STATUSES),
            *([_by_front(desk, fronts)] if len(fronts) > 1 else []),
        ],
        columns=[
            Column(label=texts("orders.number")),
            Column(label=texts("orders.at"), sort="at"),
            Column(label=texts("orders.stage")),
            Column(label=texts("orders.payment")),
            Column(label=texts("orders.country")),
            Column(label=texts("orders.total"), sort=None if _by_time(listing) else "total", numeric=True),
        ],
    )


def _listing(desk: Desk, query: str | None) -> Listing:
    """The list as the address asks for it; after a refused form as the form says."""
    if query is None:
        return read_listing(desk, WORDS, sorts=SORTS)
    return Listing(path=ORDERS, values=dict(parse_qsl(query)), sort_default=SORTS[0])


async def _find(
    listing: Listing, reporting: Reporting, desk: Desk, problems: list[Problem]
) -> tuple[OrderPage, list[Problem]]:
    """What is asked for; nothing, with the reason, where the address asks for what there is not."""
    asked = OrdersQuery(
        text=listing.value("q"),
        stage=listing.value("stage") or None,
        payment_status=listing.value("payment") or None,
        channel=listing.value("channel") or None,
        sort=SORTS[0] if listing.sort in BY_VALUE and _by_time(listing) else listing.sort,
        cursor=listing.cursor,
    )
    try:
        return await reporting.orders(asked), problems
    except Invalid as error:
        told = [Problem(text=one.text) for one in problems_of(error, desk.texts)]
        return OrderPage(items=[]), [*problems, *told]


def _by_time(listing: Listing) -> bool:
    """Whether what is asked for can be listed by time only."""
    words = listing.value("q")
    return bool(listing.value("payment") or listing.value("channel") or (words and "@" not in words))


def _filter(desk: Desk, name: str, values: tuple[str, ...]) -> Filter:
    choices = [Choice(value=value, label=desk.texts(f"{name}.{value}")) for value in values]
    return Filter(name=name, label=desk.texts(f"orders.{name}"), choices=choices)


def _by_front(desk: Desk, fronts: Sequence[Channel]) -> Filter:
    choices = [Choice(value=one.code, label=one.profile.name or one.code) for one in fronts]
    return Filter(name="channel", label=desk.texts("orders.channel"), choices=choices)


def _known(query: str) -> str:
    """Of a list's address what a view keeps."""
    return urlencode({name: value for name, value in parse_qsl(query) if name in VIEW_WORDS})
