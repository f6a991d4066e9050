"""Pictures of a product, handed in as files: several at once, each written anew before the product names it.

All of them or none: which file cannot be taken, and why, is told by its name. A file that the product has already is
not added again, so sending twice does no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import post
from litestar.datastructures import UploadFile
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.response import Redirect

from rialto.admin.desk import AnyRequest, Desk
from rialto.admin.forms import Reading, Values, read_values
from rialto.admin.pages.products.editing import LIST, WRITE, edit_page, open_form, product_conflict
from rialto.admin.problems import Problem, problems_of
from rialto.admin.product_form import ProductForm
from rialto.admin.rendering import PAGE, go
from rialto.catalog.api import (
    PICTURE_BYTES_MAX,
    Catalog,
    KeepPicture,
    Picture,
    Product,
    ProductChanged,
    ProductDraft,
    ProductRef,
    PutProduct,
)
from rialto.kernel.errors import Invalid, RialtoError, field_problem
from rialto.kernel.http import Injected
from rialto.kernel.ids import ProductId

FIELD = "pictures"
FILES_MAX = 10
BYTES_MAX = 4 * PICTURE_BYTES_MAX
# Around the files of a form stand its fields and boundaries.
BODY_MAX = BYTES_MAX + 200_000
NAME_SHOWN_MAX = 60


@post(f"{LIST}/{{product_id:str}}/pictures", guards=WRITE, status_code=200, request_max_body_size=BODY_MAX)
async def add_pictures(
    request: AnyRequest, desk: Injected[Desk], catalog: Injected[Catalog], product_id: FromPath[str]
) -> PAGE | Redirect:
    """Behind those that are there. Whoever comes second is shown what is stored now beside what was handed in."""
    stored = await catalog.get_product(ProductRef(ref=product_id))
    form = await open_form(catalog)
    try:
        files = await _handed(request)
        reading = Reading(await read_values(request))
        added, problems = await _kept(desk, catalog, files)
        if problems:
            return await _refused(desk, catalog, form, stored=stored, problems=problems)
        named = _named(form, reading, stored.draft, added)
        images = [*stored.draft.images, *named]
        command = PutProduct(
            id=ProductId(stored.id),
            draft=msgspec.structs.replace(stored.draft, images=images),
            expected_version=reading.number("version", -1) if named else stored.version,
        )
        await catalog.put_product(command)
    except ProductChanged:
        return await _conflict(desk, catalog, form, stored.id, added=named)
    except RialtoError as error:
        problems = problems_of(error, desk.texts, fields={"images": FIELD})
        return await _refused(desk, catalog, form, stored=stored, problems=problems)
    return go(f"{LIST}/{stored.id}?done=pictures_added#pictures-title")


async def _handed(request: AnyRequest) -> list[UploadFile]:
    """The files that were chosen. Raises Invalid for none, too many, or too much."""
    try:
        data = await request.form()
    except HTTPException as error:
        if error.status_code != 413:
            raise
        raise field_problem(FIELD, "pictures_too_large", "These files are too large together.") from error
    files = [one for one in data.getall(FIELD, []) if isinstance(one, UploadFile) and one.filename]
    if not files:
        raise field_problem(FIELD, "pictures_missing", "Choose at least one file.")
    if len(files) > FILES_MAX:
        raise field_problem(FIELD, "pictures_too_many", "These are too many files.")
    return files


async def _kept(
    desk: Desk, catalog: Catalog, files: Sequence[UploadFile]
) -> tuple[list[Picture], list[Problem]]:
    """One after the other, since each takes much memory while it is written; and what was refused of which file."""
    kept: list[Picture] = []
    problems: list[Problem] = []
    for file in files:
        try:
            kept.append(await catalog.keep_picture(KeepPicture(content=await file.read())))
        except Invalid as error:
            name = "".join(
                letter if letter.isprintable() else "?" for letter in file.filename[-NAME_SHOWN_MAX:]
            )
            told = problems_of(error, desk.texts)
            problems += [Problem(text=f"{name}: {one.text}", field=FIELD) for one in told]
    return kept, problems


def _named(
    form: ProductForm, reading: Reading, draft: ProductDraft, kept: Sequence[Picture]
) -> list[Picture]:
    """What they show, as typed for all of them; without those that the product shows already."""
    alt = reading.by_language("new-alt", form.languages)
    chosen = {code: reading.text(f"new-option-{code}") for code in draft.options}
    options = {code: value for code, value in chosen.items() if value}
    present = {one.file for one in draft.images if one.options == options}
    fresh = {one.file: one for one in kept if one.file not in present}
    return [msgspec.structs.replace(one, alt=alt, options=options) for one in fresh.values()]


async def _refused(
    desk: Desk, catalog: Catalog, form: ProductForm, *, stored: Product, problems: Sequence[Problem]
) -> PAGE:
    values = form.values(stored.draft)
    return await edit_page(desk, catalog, form, values, stored=stored, refused=problems)


async def _conflict(
    desk: Desk, catalog: Catalog, form: ProductForm, product_id: str, *, added: Sequence[Picture]
) -> PAGE:
    stored = await catalog.get_product(ProductRef(ref=product_id))
    theirs = form.values(stored.draft)
    yours: Values = dict(theirs)
    for row, picture in enumerate(added, start=len(stored.draft.images)):
        yours |= form.picture_values(row, picture)
    return product_conflict(desk, form, stored, yours=yours, theirs=theirs)


ROUTES: list[Any] = [add_pictures]
