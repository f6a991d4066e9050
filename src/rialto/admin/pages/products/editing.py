"""One product: made and changed as a whole."""

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
from rialto.admin.product_form import ProductForm, decoded_picture, rows_of
from rialto.admin.rendering import PAGE, go, page
from rialto.admin.tables import Choice
from rialto.catalog.api import Catalog, Product, ProductChanged, ProductRef, PutProduct
from rialto.kernel.errors import RialtoError
from rialto.kernel.http import Injected, requires
from rialto.kernel.ids import ProductId
from rialto.kernel.service import Nothing
from rialto.storefront import pictures

LIST = f"{HOME}/products"
READ = [requires("catalog.read")]
WRITE = [requires("catalog.write")]


@get(f"{LIST}/new", guards=WRITE)
async def new_product(desk: Injected[Desk], catalog: Injected[Catalog]) -> PAGE:
    form = await open_form(catalog)
    return await edit_page(desk, catalog, form, form.values(None), stored=None)


@post(f"{LIST}/new", guards=WRITE, status_code=200)
async def create_product(
    request: AnyRequest, desk: Injected[Desk], catalog: Injected[Catalog]
) -> PAGE | Redirect:
    values, form = await read_values(request), await open_form(catalog)
    try:
        draft = form.draft(Reading(values), None)
        outcome = await catalog.put_product(PutProduct(draft=draft, expected_version=0))
    except RialtoError as error:
        return await edit_page(desk, catalog, form, values, stored=None, error=error)
    return go(f"{LIST}/{outcome.product.id}?done=product_saved")


@get(f"{LIST}/{{product_id:str}}", guards=READ)
async def show_product(desk: Injected[Desk], catalog: Injected[Catalog], product_id: FromPath[str]) -> PAGE:
    """Raises ProductNotFound."""
    stored = await catalog.get_product(ProductRef(ref=product_id))
    form = await open_form(catalog)
    return await edit_page(desk, catalog, form, form.values(stored.draft), stored=stored)


@post(f"{LIST}/{{product_id:str}}", guards=WRITE, status_code=200)
async def change_product(
    request: AnyRequest, desk: Injected[Desk], catalog: Injected[Catalog], product_id: FromPath[str]
) -> PAGE | Redirect:
    """Whoever comes second is shown what the first one changed."""
    values, form = await read_values(request), await open_form(catalog)
    stored = await catalog.get_product(ProductRef(ref=product_id))
    reading = Reading(values)
    try:
        draft = form.draft(reading, stored.draft)
        command = PutProduct(
            id=ProductId(stored.id), draft=draft, expected_version=reading.number("version", -1)
        )
        await catalog.put_product(command)
    except ProductChanged:
        return await _conflict(desk, catalog, form, stored.id, values=values)
    except RialtoError as error:
        return await edit_page(desk, catalog, form, values, stored=stored, error=error)
    return go(f"{LIST}/{stored.id}?done=product_saved")


async def _conflict(
    desk: Desk, catalog: Catalog, form: ProductForm, product_id: str, *, values: Values
) -> PAGE:
    stored = await catalog.get_product(ProductRef(ref=product_id))
    theirs = form.values(stored.draft)
    return product_conflict(desk, form, stored, yours=values, theirs=theirs)


def product_conflict(
    desk: Desk, form: ProductForm, stored: Product, *, yours: Values, theirs: Values
) -> PAGE:
    """What was sent beside what is stored; saving the choice is saving the product."""
    return conflict_page(
        desk,
        section="products",
        title=stored.draft.title.get(desk.language, stored.draft.slug),
        action=f"{LIST}/{stored.id}",
        back=f"{LIST}/{stored.id}",
        version=str(stored.version),
        fields=form.fields(desk.texts, theirs, yours),
        yours=yours,
        theirs=theirs,
    )


async def open_form(catalog: Catalog) -> ProductForm:
    """In the languages and currencies of all channels, with all attributes there are."""
    channels = (await catalog.channels(Nothing())).items
    definitions = (await catalog.attributes(Nothing())).items
    languages = dict.fromkeys(language for channel in channels for language in channel.languages)
    currencies = dict.fromkeys(currency for channel in channels for currency in channel.currencies)
    return ProductForm(list(languages), list(currencies), definitions, fronts=channels)


async def edit_page(
    desk: Desk,
    catalog: Catalog,
    form: ProductForm,
    values: Values,
    *,
    stored: Product | None,
    error: RialtoError | None = None,
    refused: Sequence[Problem] = (),
) -> PAGE:
    """The product's page. `error` is why its form was refused, `refused` what else was."""
    language = desk.language
    categories = (await catalog.categories(Nothing())).items
    images = [row for row in rows_of(values, "image") if f"image-{row}-picture" in values]
    context: dict[str, Any] = {
        "stored": stored,
        "version": values.get("version") or (str(stored.version) if stored else "0"),
        "values": values,
        "form": form,
        "options": [code for code in Reading(values).lines("options") if code in form.definitions],
        "variant_rows": rows_of(values, "variant"),
        "image_rows": images,
        "shown": {row: _shown(values[f"image-{row}-picture"], language) for row in images},
        "new_image": max(rows_of(values, "image"), default=-1) + 1,
        "categories": [
            Choice(value="", label=desk.texts("products.no_category")),
            *(Choice(value=one.slug, label=one.title.get(language) or one.slug) for one in categories),
        ],
        "problems": [
            *refused,
            *([] if error is None else problems_of(error, desk.texts, fields=form.paths(values))),
        ],
    }
    status = status_of(error) if error else 422 if refused else 200
    return page(desk, "pages/products/edit.html", section="products", status=status, **context)


def _shown(encoded: str, language: str) -> pictures.Shown:
    """The picture that a row of the form is about; a drawing where it cannot be read."""
    return pictures.shown(decoded_picture(encoded), language=language, title="")


ROUTES: list[Any] = [new_product, create_product, show_product, change_product]
