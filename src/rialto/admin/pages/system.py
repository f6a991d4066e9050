"""What goes on behind the pages: workers, what waits, and events that a service could not take in."""

from __future__ import annotations

from uuid import UUID

from litestar import get, post
from litestar.response import Redirect

from rialto.admin.desk import HOME, AnyRequest, Desk
from rialto.admin.problems import Problem
from rialto.admin.rendering import PAGE, go, page
from rialto.kernel.errors import NotFound, Unavailable
from rialto.kernel.http import Injected, requires
from rialto.kernel.service import Nothing
from rialto.kernel.workings import Engineer
from rialto.reporting.api import Reporting
from rialto.storefront.forms import typed

SYSTEM = f"{HOME}/system"
PARKED_MAX = 100


@get(SYSTEM, guards=[requires("system.read")])
async def system(desk: Injected[Desk], engineer: Injected[Engineer], reporting: Injected[Reporting]) -> PAGE:
    return await _system(desk, engineer, reporting)


@post(f"{SYSTEM}/replay", guards=[requires("system.replay")], status_code=200)
async def replay(
    request: AnyRequest,
    desk: Injected[Desk],
    engineer: Injected[Engineer],
    reporting: Injected[Reporting],
) -> PAGE | Redirect:
    """Try one stream again. What still fails stays where it is."""
    data = dict(await request.form())
    try:
        stream = UUID(typed(data, "stream"))
        taken = await engineer.parked.replay(typed(data, "consumer"), stream)
    except (ValueError, NotFound):
        taken = 0
    if taken:
        return go(f"{SYSTEM}?done=replayed")
    problem = Problem(text=desk.texts("system.still_failing"))
    return await _system(desk, engineer, reporting, problems=[problem], status=409)


async def _system(
    desk: Desk,
    engineer: Engineer,
    reporting: Reporting,
    *,
    problems: list[Problem] | None = None,
    status: int = 200,
) -> PAGE:
    """While the database is away the page says so: here of all places it must not be an error."""
    try:
        workings = await engineer.look()
        attention = await reporting.attention(Nothing())
        parked = await engineer.parked.all(PARKED_MAX)
    except Unavailable:
        return page(desk, "pages/system.html", section="system", status=503, workings=None, problems=[])
    return page(
        desk,
        "pages/system.html",
        section="system",
        status=status,
        workings=workings,
        attention=attention,
        parked=parked,
        problems=problems or [],
    )
