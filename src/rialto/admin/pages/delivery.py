"""Ways of delivery: made, changed, put in order, removed; and what a parcel would cost, by a real quote."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from rialto.admin.conflicts import conflict_page
from rialto.admin.delivery_form import DeliveryForm
from rialto.admin.desk import HOME, AnyRequest, Desk
from rialto.admin.forms import Reading, Values, read_values
from rialto.admin.problems import problems_of, status_of
from rialto.admin.rendering import PAGE, go, page
from rialto.catalog.api import Catalog
from rialto.kernel.errors import RialtoError
from rialto.kernel.http import Injected, requires
from rialto.kernel.money import Money
from rialto.kernel.service import Nothing
from rialto.pricing.api import (
    DeliveryMethod,
    DeliveryRef,
    DeliveryUnknown,
    MoveDelivery,
    Pricing,
    PutDelivery,
    RemoveDelivery,
    RulesChanged,
    StoredDelivery,
)

PLACE = f"{HOME}/settings/delivery"
WAYS = f"{PLACE}/ways"
READ = [requires("pricing.read")]
WRITE = [requires("pricing.write")]
STEP = 10


@get(PLACE, guards=READ)
async def delivery(desk: Injected[Desk], catalog: Injected[Catalog], pricing: Injected[Pricing]) -> PAGE:
    """In the order in which customers are offered them."""
    return page(
        desk,
        "pages/delivery/list.html",
        section="delivery",
        methods=(await pricing.all_delivery(Nothing())).items,
        currencies=(await open_form(catalog)).currencies,
        minor=Money,
    )


@get(f"{PLACE}/new", guards=WRITE)
async def new_way(desk: Injected[Desk], catalog: Injected[Catalog]) -> PAGE:
    form = await open_form(catalog)
    return _edit(desk, form, form.empty(), method_id="")


@post(f"{PLACE}/new", guards=WRITE, status_code=200)
async def create_way(
    request: AnyRequest, desk: Injected[Desk], catalog: Injected[Catalog], pricing: Injected[Pricing]
) -> PAGE | Redirect:
    values, form = await read_values(request), await open_form(catalog)
    known = (await pricing.all_delivery(Nothing())).items
    last = max((one.method.position for one in known), default=0) + STEP
    try:
        method = form.method(values.get("id", "").strip(), Reading(values), stored=None, last=last)
        await pricing.put_delivery(PutDelivery(method=method))
    except RialtoError as error:
        return _edit(desk, form, values, method_id="", error=error)
    return go(f"{WAYS}/{method.id}?done=delivery_saved")


@get(f"{WAYS}/{{method_id:str}}", guards=READ)
async def show_way(
    desk: Injected[Desk],
    catalog: Injected[Catalog],
    pricing: Injected[Pricing],
    method_id: FromPath[str],
) -> PAGE:
    """Raises DeliveryUnknown."""
    form = await open_form(catalog)
    stored = await pricing.delivery(DeliveryRef(id=method_id))
    return _edit(desk, form, _values(form, stored), method_id=method_id)


@post(f"{WAYS}/{{method_id:str}}", guards=WRITE, status_code=200)
async def change_way(
    request: AnyRequest,
    desk: Injected[Desk],
    catalog: Injected[Catalog],
    pricing: Injected[Pricing],
    *,
    method_id: FromPath[str],
) -> PAGE | Redirect:
    """Whoever comes second is shown what the first one changed."""
    values, form = await read_values(request), await open_form(catalog)
    stored = await pricing.delivery(DeliveryRef(id=method_id))
    try:
        method, version = _typed(form, values, stored.method)
        await pricing.put_delivery(PutDelivery(method=method, expected_version=version))
    except RulesChanged:
        return _conflict(desk, form, await pricing.delivery(DeliveryRef(id=method_id)), values)
    except DeliveryUnknown:
        raise
    except RialtoError as error:
        return _edit(desk, form, values, method_id=method_id, error=error)
    return go(f"{WAYS}/{method_id}?done=delivery_saved")


@post(f"{WAYS}/{{method_id:str}}/remove", guards=WRITE, status_code=200)
async def remove_way(request: AnyRequest, pricing: Injected[Pricing], method_id: FromPath[str]) -> Redirect:
    """Who looked at an older version is sent to look again. Raises DeliveryUnknown."""
    version = Reading(await read_values(request)).number("version")
    try:
        await pricing.remove_delivery(RemoveDelivery(id=method_id, expected_version=version))
    except RulesChanged:
        return go(f"{WAYS}/{method_id}?done=terms_changed")
    return go(f"{PLACE}?done=delivery_removed")


@post(f"{WAYS}/{{method_id:str}}/move", guards=WRITE, status_code=200)
async def move_way(request: AnyRequest, pricing: Injected[Pricing], method_id: FromPath[str]) -> Redirect:
    """Before the one that `before` names; behind all with an empty one. Raises DeliveryUnknown."""
    reading = Reading(await read_values(request))
    command = MoveDelivery(
        id=method_id, before=reading.text("before") or None, expected_version=reading.number("version")
    )
    try:
        await pricing.move_delivery(command)
    except RulesChanged:
        return go(f"{PLACE}?done=terms_changed")
    return go(f"{PLACE}?done=delivery_moved")


async def open_form(catalog: Catalog) -> DeliveryForm:
    """In the languages and currencies of all channels."""
    channels = (await catalog.channels(Nothing())).items
    languages = dict.fromkeys(language for channel in channels for language in channel.languages)
    currencies = dict.fromkeys(currency for channel in channels for currency in channel.currencies)
    return DeliveryForm(list(languages), list(currencies))


def _typed(form: DeliveryForm, values: Values, stored: DeliveryMethod) -> tuple[DeliveryMethod, int]:
    """What was typed, and the version it was typed over."""
    reading = Reading(values)
    version = reading.number("version")
    return form.method(stored.id, reading, stored=stored, last=stored.position), version


def _values(form: DeliveryForm, stored: StoredDelivery) -> Values:
    return {"version": str(stored.version), **form.values(stored.method)}


def _conflict(desk: Desk, form: DeliveryForm, stored: StoredDelivery, values: Values) -> PAGE:
    place = f"{WAYS}/{stored.method.id}"
    return conflict_page(
        desk,
        section="delivery",
        title=stored.method.id,
        action=place,
        back=place,
        version=str(stored.version),
        fields=form.fields(desk.texts),
        yours=values,
        theirs=_values(form, stored),
    )


def _edit(
    desk: Desk, form: DeliveryForm, values: Values, *, method_id: str, error: RialtoError | None = None
) -> PAGE:
    return page(
        desk,
        "pages/delivery/edit.html",
        section="delivery",
        status=200 if error is None else status_of(error),
        method_id=method_id,
        values=form.empty() | {"id": "", "version": ""} | values,
        languages_edited=form.languages,
        currencies=form.currencies,
        problems=[] if error is None else problems_of(error, desk.texts, fields=form.paths()),
    )


ROUTES: list[Any] = [delivery, new_way, create_way, show_way, change_way, remove_way, move_way]
