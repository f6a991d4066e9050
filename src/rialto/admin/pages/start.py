"""The start page: what was sold, what needs somebody, and the way to everything else."""

from __future__ import annotations

from typing import Any

from litestar import get

from rialto.admin.charts import Chart, bars
from rialto.admin.desk import HOME, Desk
from rialto.admin.rendering import PAGE, page
from rialto.kernel.errors import Unavailable
from rialto.kernel.http import Injected, staff_only
from rialto.kernel.service import Frozen, Nothing
from rialto.reporting.api import Attention, CurrencySales, DaySales, Reporting, SalesQuery
from rialto.storefront import formats

DAYS = 30


class Sold(Frozen):
    """One currency's days: today's numbers, and the charts with their table."""

    currency: str
    today: DaySales
    conversion: str
    days: list[DaySales]
    revenue: Chart
    orders: Chart


@get(HOME, guards=[staff_only])
async def start(desk: Injected[Desk], reporting: Injected[Reporting]) -> PAGE:
    """Numbers for whoever may read orders; the others find their way from here."""
    context: dict[str, Any] = {"sold": [], "attention": None, "away": False}
    if desk.may("orders.read"):
        try:
            sales = await reporting.sales(SalesQuery(days=DAYS))
            context["sold"] = [_sold(one, desk.language) for one in sales.items]
            context["attention"] = await reporting.attention(Nothing())
        except Unavailable:
            context["away"] = True
    attention: Attention | None = context["attention"]
    nothing = attention is not None and not (
        attention.orders_count
        or attention.late_count
        or attention.low_stock_count
        or attention.parked_count
        or attention.reviews_waiting
    )
    return page(desk, "pages/start.html", section="start", all_well=nothing, **context)


def _sold(sales: CurrencySales, language: str) -> Sold:
    today = sales.days[-1]
    money = [formats.money(one.revenue, language) for one in sales.days]
    days = [formats.day(one.day, language) for one in sales.days]
    counts = [formats.number(one.orders, language) for one in sales.days]
    return Sold(
        currency=sales.currency,
        today=today,
        conversion=_share(today, language),
        days=sales.days,
        revenue=bars(
            [one.revenue.amount for one in sales.days],
            [f"{day}: {text}" for day, text in zip(days, money, strict=True)],
        ),
        orders=bars(
            [one.orders for one in sales.days],
            [f"{day}: {text}" for day, text in zip(days, counts, strict=True)],
        ),
    )


def _share(day: DaySales, language: str) -> str:
    """How many of the checkouts begun became orders; nothing where none began."""
    return formats.rate(f"{min(day.orders, day.started)}/{day.started}", language) if day.started else "–"
