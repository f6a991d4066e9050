"""Staff's log: who did what, when, and with what outcome."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from litestar import get

from rialto.admin.desk import HOME, Desk
from rialto.admin.forms import Reading
from rialto.admin.problems import Problem, problems_of
from rialto.admin.rendering import PAGE, page
from rialto.admin.tables import Choice, Column, Filter, Listing, read_listing
from rialto.identity.api import Identity, ListStaffActions, StaffActionList
from rialto.kernel.errors import Invalid
from rialto.kernel.http import Injected, requires
from rialto.kernel.service import Nothing

LOG = f"{HOME}/log"
PAGE_SIZE = 50
COLUMNS = ("when", "who", "what", "object", "outcome")


@get(LOG, guards=[requires("staff.audit")])
async def log(desk: Injected[Desk], identity: Injected[Identity]) -> PAGE:
    """The newest first."""
    names = ["staff", "operation", "object", "since", "until"]
    listing = read_listing(desk, names, sorts=["newest"])
    members = (await identity.list_staff(Nothing())).items
    texts = desk.texts
    found, problems = await _found(desk, identity, listing)
    choices = [Choice(value=member.id, label=member.name or member.email) for member in members]
    return page(
        desk,
        "pages/people/log.html",
        section="log",
        status=422 if problems else 200,
        listing=listing,
        filters=[Filter(name="staff", label=texts("log.who"), choices=choices)],
        columns=[Column(label=texts(f"log.{name}")) for name in COLUMNS],
        actions=found.items,
        names={member.id: member.name or member.email for member in members},
        next_cursor=found.next_cursor,
        problems=problems,
    )


async def _found(desk: Desk, identity: Identity, listing: Listing) -> tuple[StaffActionList, list[Problem]]:
    """What the address asks for; what cannot be asked for is told, with nothing found."""
    reading = Reading(listing.values)
    since, until = reading.moment("since"), reading.moment("until")
    try:
        reading.end()
        return await identity.list_staff_actions(_command(listing, since, until)), []
    except Invalid as error:
        return StaffActionList(items=[]), problems_of(error, desk.texts)


def _command(listing: Listing, since: datetime | None, until: datetime | None) -> ListStaffActions:
    return ListStaffActions(
        staff_id=listing.value("staff") or None,
        operation=listing.value("operation") or None,
        object_id=listing.value("object") or None,
        since=since,
        until=until,
        limit=PAGE_SIZE,
        cursor=listing.cursor,
    )


ROUTES: list[Any] = [log]
