"""The start page: what is going on, and the way to everything else."""

from __future__ import annotations

from litestar import get

from rialto.admin.desk import HOME, Desk
from rialto.admin.rendering import PAGE, page
from rialto.kernel.http import Injected, staff_only


@get(HOME, guards=[staff_only])
async def start(desk: Injected[Desk]) -> PAGE:
    return page(desk, "pages/start.html", section="start")
