"""A cart that staff have in mind: what it would cost, and of each promotion why it is given or not."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import get

from rialto.admin.desk import HOME, Desk
from rialto.admin.forms import Reading, Values
from rialto.admin.pages.promotions.editing import open_form
from rialto.admin.problems import Problem, problems_of, status_of
from rialto.admin.rendering import PAGE, page
from rialto.admin.tables import Choice
from rialto.catalog.api import Catalog
from rialto.kernel.errors import RialtoError
from rialto.kernel.http import Injected, requires
from rialto.kernel.money import Currency
from rialto.kernel.service import Nothing
from rialto.pricing.api import Preview, PreviewFor, Pricing, WantedItem


@get(f"{HOME}/promotions/preview", guards=[requires("pricing.read")])
async def preview(desk: Injected[Desk], catalog: Injected[Catalog], pricing: Injected[Pricing]) -> PAGE:
    """Asked by its address alone, so that it can be sent to a colleague. Changes nothing."""
    form = await open_form(catalog)
    channels = (await catalog.channels(Nothing())).items
    values: Values = {"currency": form.currencies[0], "channel": channels[0].code, **dict(desk.query)}
    found: Preview | None = None
    problems: list[Problem] = []
    status = 200
    if values.get("items", "").strip():
        try:
            found = await pricing.preview(_command(Reading(values)))
        except RialtoError as error:
            problems, status = problems_of(error, desk.texts, fields=_paths(values)), status_of(error)
    return page(
        desk,
        "pages/promotions/preview.html",
        section="promotions",
        status=status,
        values=values,
        currencies=[Choice(value=one, label=one) for one in form.currencies],
        channels=[Choice(value=one.code, label=one.code) for one in channels],
        found=found,
        totals={} if found is None else msgspec.structs.asdict(found.quote.totals),
        problems=problems,
    )


def _command(reading: Reading) -> PreviewFor:
    """Raises Invalid naming the fields."""
    items = []
    for line in reading.lines("items"):
        sku, _, quantity = line.replace("=", " ").partition(" ")
        text = quantity.strip() or "1"
        if not (text.isascii() and text.isdigit() and len(text) <= 6):
            reading.refuse("items", "item_not_valid", f"{line[:60]!r} is not an article and a number.")
            continue
        items.append(WantedItem(sku=sku, quantity=int(text)))
    command = PreviewFor(
        items=items,
        currency=Currency(reading.text("currency")),
        country=reading.text("country") or None,
        channel=reading.text("channel") or "default",
        delivery_option_id=reading.text("delivery") or None,
        codes=reading.lines("codes"),
        groups=reading.lines("groups"),
        first_order=reading.is_on("first_order"),
        at=reading.moment("at"),
    )
    reading.end()
    return command


def _paths(values: Values) -> dict[str, str]:
    """Every fault of an item is one of the list they stand in."""
    names = {"delivery_option_id": "delivery"}
    lines = len(values.get("items", "").split("\n"))
    items = {
        f"items.{index}.{part}": "items" for index in range(min(lines, 300)) for part in ("sku", "quantity")
    }
    return {**names, **items}


ROUTES: list[Any] = [preview]
