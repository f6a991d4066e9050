"""The list of promotions, and one of them: made, changed, ended, removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from rialto.admin.conflicts import conflict_page
from rialto.admin.desk import HOME, AnyRequest, Desk
from rialto.admin.forms import Reading, Values, read_values
from rialto.admin.problems import Problem, problems_of, status_of
from rialto.admin.promotion_form import BENEFITS, PromotionForm
from rialto.admin.rendering import PAGE, go, page
from rialto.admin.tables import Choice
from rialto.catalog.api import Catalog, ProductNotFound, ProductRef
from rialto.kernel.errors import RialtoError
from rialto.kernel.http import Injected, requires
from rialto.kernel.service import Nothing
from rialto.pricing.api import (
    EndPromotion,
    Pricing,
    PromotionChanged,
    PromotionRef,
    PutPromotion,
    RemovePromotion,
    StoredPromotion,
)

LIST = f"{HOME}/promotions"
READ = [requires("pricing.read")]
WRITE = [requires("pricing.write")]
# Addresses of more products than this are not looked up for the form; those are shown by their ids.
NAMED_MAX = 60


@get(LIST, guards=READ)
async def list_promotions(desk: Injected[Desk], pricing: Injected[Pricing]) -> PAGE:
    """All of them in their order of stacking; there are at most a few hundred."""
    found = (await pricing.promotions(Nothing())).items
    asked = desk.asked("q").strip().casefold()
    shown = [
        one
        for one in found
        if asked in f"{one.promotion.id} {' '.join(one.promotion.title.values())}".casefold()
    ]
    return page(desk, "pages/promotions/list.html", section="promotions", promotions=shown, asked=asked)


@get(f"{LIST}/new", guards=WRITE)
async def new_promotion(desk: Injected[Desk], catalog: Injected[Catalog]) -> PAGE:
    form = await open_form(catalog)
    return _edit(desk, form, form.empty(), promotion_id="", version="0")


@post(f"{LIST}/new", guards=WRITE, status_code=200)
async def create_promotion(
    request: AnyRequest, desk: Injected[Desk], catalog: Injected[Catalog], pricing: Injected[Pricing]
) -> PAGE | Redirect:
    values, form = await read_values(request), await open_form(catalog)
    promotion_id = values.get("id", "").strip()
    try:
        stored = await _save(catalog, pricing, form, promotion_id, values=values, version=0)
    except RialtoError as error:
        return _edit(desk, form, values, promotion_id="", version="0", error=error)
    return go(f"{LIST}/{stored.promotion.id}?done=promotion_saved")


@get(f"{LIST}/{{promotion_id:str}}", guards=READ)
async def show_promotion(
    desk: Injected[Desk],
    catalog: Injected[Catalog],
    pricing: Injected[Pricing],
    promotion_id: FromPath[str],
) -> PAGE:
    """Raises PromotionUnknown."""
    form = await open_form(catalog)
    stored = await pricing.promotion(PromotionRef(id=promotion_id))
    values = await _values(catalog, form, stored)
    return _edit(desk, form, values, promotion_id=promotion_id, version=str(stored.version))


@post(f"{LIST}/{{promotion_id:str}}", guards=WRITE, status_code=200)
async def change_promotion(
    request: AnyRequest,
    desk: Injected[Desk],
    catalog: Injected[Catalog],
    pricing: Injected[Pricing],
    *,
    promotion_id: FromPath[str],
) -> PAGE | Redirect:
    """Whoever comes second is shown what the first one changed."""
    values, form = await read_values(request), await open_form(catalog)
    version = Reading(values).number("version")
    try:
        await _save(catalog, pricing, form, promotion_id, values=values, version=version)
    except PromotionChanged:
        stored = await pricing.promotion(PromotionRef(id=promotion_id))
        return conflict_page(
            desk,
            section="promotions",
            title=promotion_id,
            action=f"{LIST}/{promotion_id}",
            back=f"{LIST}/{promotion_id}",
            version=str(stored.version),
            fields=form.fields(desk.texts),
            yours=values,
            theirs=await _values(catalog, form, stored),
        )
    except RialtoError as error:
        return _edit(desk, form, values, promotion_id=promotion_id, version=str(version), error=error)
    return go(f"{LIST}/{promotion_id}?done=promotion_saved")


@post(f"{LIST}/{{promotion_id:str}}/end", guards=WRITE, status_code=200)
async def end_promotion(
    request: AnyRequest, pricing: Injected[Pricing], promotion_id: FromPath[str]
) -> Redirect:
    """Who looked at an older version is sent to look again."""
    version = Reading(await read_values(request)).number("version")
    try:
        await pricing.end_promotion(EndPromotion(id=promotion_id, expected_version=version))
    except PromotionChanged:
        return go(f"{LIST}/{promotion_id}?done=promotion_changed")
    return go(f"{LIST}/{promotion_id}?done=promotion_ended")


@post(f"{LIST}/{{promotion_id:str}}/remove", guards=WRITE, status_code=200)
async def remove_promotion(
    request: AnyRequest,
    desk: Injected[Desk],
    catalog: Injected[Catalog],
    pricing: Injected[Pricing],
    *,
    promotion_id: FromPath[str],
) -> PAGE | Redirect:
    """Refused once one of its codes was used."""
    version = Reading(await read_values(request)).number("version")
    try:
        await pricing.remove_promotion(RemovePromotion(id=promotion_id, expected_version=version))
    except PromotionChanged:
        return go(f"{LIST}/{promotion_id}?done=promotion_changed")
    except RialtoError as error:
        form = await open_form(catalog)
        stored = await pricing.promotion(PromotionRef(id=promotion_id))
        values = await _values(catalog, form, stored)
        return _edit(desk, form, values, promotion_id=promotion_id, version=str(stored.version), error=error)
    return go(f"{LIST}?done=promotion_removed")


async def open_form(catalog: Catalog) -> PromotionForm:
    """In the languages and currencies of all channels."""
    channels = (await catalog.channels(Nothing())).items
    languages = dict.fromkeys(language for channel in channels for language in channel.languages)
    currencies = dict.fromkeys(currency for channel in channels for currency in channel.currencies)
    return PromotionForm(list(languages), list(currencies))


async def _save(
    catalog: Catalog,
    pricing: Pricing,
    form: PromotionForm,
    promotion_id: str,
    *,
    values: Values,
    version: int,
) -> StoredPromotion:
    reading = Reading(values)
    products = await _products_named(catalog, reading)
    promotion = form.promotion(promotion_id, reading, products)
    return await pricing.put_promotion(PutPromotion(promotion=promotion, expected_version=version))


async def _products_named(catalog: Catalog, reading: Reading) -> list[str]:
    """Ids of the products that were named by address or id; unknown ones are problems of their field."""
    found = []
    for name in reading.lines("products")[:500]:
        try:
            found.append(str((await catalog.get_product(ProductRef(ref=name))).id))
        except ProductNotFound:
            reading.refuse("products", "product_unknown", f"There is no product {name[:60]!r}.")
    return found


async def _values(catalog: Catalog, form: PromotionForm, stored: StoredPromotion) -> Values:
    return form.values(stored.promotion, await _slugs(catalog, stored.promotion.applies_to.products))


async def _slugs(catalog: Catalog, ids: Sequence[str]) -> dict[str, str]:
    found = {}
    for one in ids if len(ids) <= NAMED_MAX else ():
        try:
            found[one] = (await catalog.get_product(ProductRef(ref=one))).draft.slug
        except ProductNotFound:
            continue
    return found


def _edit(
    desk: Desk,
    form: PromotionForm,
    values: Values,
    *,
    promotion_id: str,
    version: str,
    error: RialtoError | None = None,
) -> PAGE:
    problems: list[Problem] = []
    if error is not None:
        problems = problems_of(error, desk.texts, fields=form.paths())
    context: dict[str, Any] = {
        "promotion_id": promotion_id,
        "version": version,
        "values": form.empty() | values,
        "languages_edited": form.languages,
        "currencies": form.currencies,
        "benefits": [Choice(value=one, label=desk.texts(f"promotions.benefit.{one}")) for one in BENEFITS],
        "problems": problems,
    }
    status = 200 if error is None else status_of(error)
    return page(desk, "pages/promotions/edit.html", section="promotions", status=status, **context)


ROUTES: list[Any] = [
    list_promotions,
    new_promotion,
    create_promotion,
    show_promotion,
    change_promotion,
    end_promotion,
    remove_promotion,
]
