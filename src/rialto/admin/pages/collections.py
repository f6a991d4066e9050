"""Collections: the list, and one of them made, changed and removed, with what it holds at the moment."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from rialto.admin.collection_form import KINDS, STOCKS, CollectionForm
from rialto.admin.conflicts import conflict_page
from rialto.admin.desk import HOME, AnyRequest, Desk
from rialto.admin.forms import Reading, Values, read_values
from rialto.admin.problems import Problem, problems_of, status_of
from rialto.admin.rendering import PAGE, go, page
from rialto.admin.tables import Choice
from rialto.catalog.api import (
    AttributeDefinition,
    Catalog,
    Collection,
    CollectionChanged,
    CollectionNotFound,
    CollectionRef,
    CollectionRule,
    PutCollection,
)
from rialto.kernel.errors import RialtoError, Unavailable
from rialto.kernel.http import Injected, requires
from rialto.kernel.money import Currency
from rialto.kernel.service import Nothing
from rialto.search.api import Held, HeldBy, Search, View

LIST = f"{HOME}/collections"
# Any word can be a collection's slug, `new` above all: so what is done to one stands behind it.
NEW = f"{LIST}/new"
ONE = f"{LIST}/{{slug:str}}"
READ = [requires("catalog.read")]
WRITE = [requires("catalog.write")]
HELD_MAX = 12


@get(LIST, guards=READ)
async def list_collections(desk: Injected[Desk], catalog: Injected[Catalog]) -> PAGE:
    """All of them by slug; there are at most a few hundred."""
    found = (await catalog.collections(Nothing())).items
    return page(desk, "pages/collections/list.html", section="collections", collections=found)


@get(NEW, guards=WRITE)
async def new_collection(desk: Injected[Desk], catalog: Injected[Catalog]) -> PAGE:
    form = await _open_form(catalog)
    return _edit(desk, form, form.empty(), slug="", version="0")


@post(NEW, guards=WRITE, status_code=200)
async def create_collection(
    request: AnyRequest, desk: Injected[Desk], catalog: Injected[Catalog]
) -> PAGE | Redirect:
    """An address that is taken is refused, and what was typed stays."""
    values, form = await read_values(request), await _open_form(catalog)
    reading = Reading(values)
    slug = reading.text("slug")
    try:
        await catalog.put_collection(PutCollection(collection=form.collection(slug, reading)))
    except RialtoError as error:
        return _edit(desk, form, values, slug="", version="0", error=error)
    return go(f"{LIST}/{slug}/edit?done=collection_saved")


@post(f"{LIST}/look", guards=WRITE, status_code=200)
async def look_at_collection(
    request: AnyRequest, desk: Injected[Desk], catalog: Injected[Catalog], search: Injected[Search]
) -> PAGE:
    """What it would hold as it was typed. Nothing is saved."""
    values = await read_values(request)
    stored = await _stored(catalog, values.get("stored", ""))
    form, slug = await _open_form(catalog, stored), stored.slug if stored else ""
    version = values.get("version", "0")
    try:
        collection = form.collection(slug, Reading(values))
    except RialtoError as error:
        return _edit(desk, form, values, slug=slug, version=version, error=error)
    held = await _held(desk, search, form, collection)
    return _edit(desk, form, values, slug=slug, version=version, held=held, is_saved=False)


@get(f"{ONE}/edit", guards=READ)
async def show_collection(
    desk: Injected[Desk], catalog: Injected[Catalog], search: Injected[Search], slug: FromPath[str]
) -> PAGE:
    """Raises CollectionNotFound."""
    stored = await catalog.collection(CollectionRef(slug=slug))
    form = await _open_form(catalog, stored)
    held = await _held(desk, search, form, stored)
    return _edit(desk, form, form.values(stored), slug=slug, version=str(stored.version), held=held)


@post(f"{ONE}/edit", guards=WRITE, status_code=200)
async def change_collection(
    request: AnyRequest, desk: Injected[Desk], catalog: Injected[Catalog], slug: FromPath[str]
) -> PAGE | Redirect:
    """Whoever comes second is shown what the first one changed."""
    values = await read_values(request)
    form = await _open_form(catalog, await _stored(catalog, slug))
    reading = Reading(values)
    version = reading.number("version")
    try:
        collection = form.collection(slug, reading)
        await catalog.put_collection(PutCollection(collection=collection, expected_version=version))
    except CollectionChanged:
        return await _conflict(desk, catalog, slug, values)
    except CollectionNotFound as error:
        # Saved once more, it is made anew.
        return _edit(desk, form, values, slug=slug, version="0", error=error)
    except RialtoError as error:
        return _edit(desk, form, values, slug=slug, version=str(version), error=error)
    return go(f"{LIST}/{slug}/edit?done=collection_saved")


@get(f"{ONE}/remove", guards=WRITE)
async def ask_before_removing(
    desk: Injected[Desk], catalog: Injected[Catalog], search: Injected[Search], slug: FromPath[str]
) -> PAGE:
    """Raises CollectionNotFound."""
    stored = await catalog.collection(CollectionRef(slug=slug))
    held = await _held(desk, search, await _open_form(catalog, stored), stored)
    return page(desk, "pages/collections/remove.html", section="collections", collection=stored, held=held)


@post(f"{ONE}/remove", guards=WRITE, status_code=200)
async def remove_collection(request: AnyRequest, catalog: Injected[Catalog], slug: FromPath[str]) -> Redirect:
    """Who looked at an older version is sent to look again; one that is gone already stays so."""
    version = Reading(await read_values(request)).number("version")
    try:
        if (await catalog.collection(CollectionRef(slug=slug))).version != version:
            return go(f"{LIST}/{slug}/edit?done=collection_changed")
        await catalog.remove_collection(CollectionRef(slug=slug))
    except CollectionNotFound:
        return go(LIST)
    return go(f"{LIST}?done=collection_removed")


async def _open_form(catalog: Catalog, stored: Collection | None = None) -> CollectionForm:
    """In the languages and currencies of all channels, with the attributes there are to filter by.

    What `stored` names beside those has fields as well: saving must not drop a condition unseen.
    """
    channels = (await catalog.channels(Nothing())).items
    rule = (stored.rule if stored else None) or CollectionRule()
    known = {one.code: one for one in (await catalog.attributes(Nothing())).items}
    codes = dict.fromkeys([*(code for code, one in known.items() if one.filterable), *rule.attributes])
    languages = [language for channel in channels for language in channel.languages]
    currencies = [currency for channel in channels for currency in channel.currencies]
    return CollectionForm(
        list(
            dict.fromkeys(
                [*languages, *(stored.title if stored else ()), *(stored.description if stored else ())]
            )
        ),
        list(dict.fromkeys([*currencies, *map(Currency, rule.prices)])),
        [known.get(code) or AttributeDefinition(code=code, label={}, type="text") for code in codes],
    )


async def _stored(catalog: Catalog, slug: str) -> Collection | None:
    try:
        return await catalog.collection(CollectionRef(slug=slug))
    except CollectionNotFound:
        return None


async def _held(desk: Desk, search: Search, form: CollectionForm, collection: Collection) -> Held | None:
    """For shoppers of the default shop front; None while search does not answer: all else goes on without."""
    view = View(language=desk.language, currency=form.currencies[0])
    try:
        return await search.held(HeldBy(view=view, collection=collection, limit=HELD_MAX))
    except Unavailable:
        return None


async def _conflict(desk: Desk, catalog: Catalog, slug: str, values: Values) -> PAGE:
    stored = await catalog.collection(CollectionRef(slug=slug))
    form = await _open_form(catalog, stored)
    return conflict_page(
        desk,
        section="collections",
        title=stored.title.get(desk.language) or slug,
        action=f"{LIST}/{slug}/edit",
        back=f"{LIST}/{slug}/edit",
        version=str(stored.version),
        fields=form.fields(desk.texts),
        yours=form.empty() | values,
        theirs=form.values(stored),
    )


def _edit(
    desk: Desk,
    form: CollectionForm,
    values: Values,
    *,
    slug: str,
    version: str,
    held: Held | None = None,
    is_saved: bool = True,
    error: RialtoError | None = None,
) -> PAGE:
    shown, texts = form.empty() | values, desk.texts
    context: dict[str, Any] = {
        "slug": slug,
        "version": version,
        "values": shown,
        "form": form,
        "conditions": form.conditions(shown, texts),
        "kinds": [Choice(value=kind, label=texts(f"collections.kind.{kind}")) for kind in KINDS],
        "stocks": [
            Choice(value="", label=texts("collections.stock.any")),
            *(Choice(value=stock, label=texts(f"collections.stock.{stock}")) for stock in STOCKS),
        ],
        "held": held,
        "is_saved": is_saved,
        "problems": [] if error is None else _problems(desk, form, shown, error),
    }
    status = 200 if error is None else status_of(error)
    return page(desk, "pages/collections/edit.html", section="collections", status=status, **context)


def _problems(desk: Desk, form: CollectionForm, values: Values, error: RialtoError) -> list[Problem]:
    """What is wrong with one line of several is told with that line."""
    texts = desk.texts
    if isinstance(error, CollectionChanged):
        return [Problem(text=texts("problem.collection_taken"), field="slug")]
    if isinstance(error, CollectionNotFound):
        return [Problem(text=texts("problem.collection_gone"))]
    found = []
    for fault, problem in zip(error.fields, problems_of(error, texts), strict=False):
        name, line = form.place(fault.path)
        lines = form.lines(values, name) if line.isdigit() else []
        typed = lines[int(line)] if line.isdigit() and int(line) < len(lines) else ""
        text = texts.sentences.get(f"problem.collections.{fault.code}", problem.text)
        found.append(Problem(text=f"{typed}: {text}" if typed else text, field=name))
    return found or problems_of(error, texts)


ROUTES: list[Any] = [
    list_collections,
    new_collection,
    create_collection,
    look_at_collection,
    show_collection,
    change_collection,
    ask_before_removing,
    remove_collection,
]
