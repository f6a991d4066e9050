"""The demo catalogue, taken out of the shop by one action that says what it does before and what stays after."""

from __future__ import annotations

from typing import Any

from litestar import get, post

from rialto.admin.desk import HOME, AnyRequest, Desk
from rialto.admin.forms import Reading, read_values
from rialto.admin.problems import Problem, problems_of, status_of
from rialto.admin.rendering import PAGE, page
from rialto.catalog.api import Catalog
from rialto.importing.demo_removal import Removed, remove_demo
from rialto.inventory.api import Inventory
from rialto.kernel.errors import RialtoError
from rialto.kernel.http import Injected, requires

GUARDS = [requires("catalog.write"), requires("inventory.write")]
DEMO = f"{HOME}/products/demo"


@get(DEMO, guards=GUARDS)
async def ask_about_demo(desk: Injected[Desk]) -> PAGE:
    return _shown(desk)


@post(DEMO, guards=GUARDS, status_code=200)
async def remove(
    request: AnyRequest, desk: Injected[Desk], catalog: Injected[Catalog], inventory: Injected[Inventory]
) -> PAGE:
    """Only for whoever types the word that the page asks for."""
    typed = Reading(await read_values(request)).text("confirm")
    if typed.casefold() != desk.texts("demo.word").casefold():
        problem = Problem(text=desk.texts("demo.word_missing"), field="confirm")
        return _shown(desk, status=422, problems=[problem])
    try:
        removed = await remove_demo(catalog, inventory)
    except RialtoError as error:
        return _shown(desk, status=status_of(error), problems=problems_of(error, desk.texts))
    return _shown(desk, removed=removed)


def _shown(
    desk: Desk, *, status: int = 200, problems: list[Problem] | None = None, removed: Removed | None = None
) -> PAGE:
    return page(
        desk,
        "pages/products/demo.html",
        section="products",
        status=status,
        problems=problems or [],
        removed=removed,
    )


ROUTES: list[Any] = [ask_about_demo, remove]
