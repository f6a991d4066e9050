"""Members of staff: made, given roles, let in no more."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from rialto.admin.desk import HOME, AnyRequest, Desk
from rialto.admin.forms import Reading, Values, read_values
from rialto.admin.problems import problems_of, status_of
from rialto.admin.rendering import PAGE, go, page
from rialto.identity.api import AssignRoles, Identity, PutStaff, Staff, StaffNotFound, StaffRef
from rialto.kernel.errors import RialtoError
from rialto.kernel.http import Injected, requires
from rialto.kernel.service import Nothing

LIST = f"{HOME}/staff"
GUARDS = [requires("staff.write")]


@get(LIST, guards=GUARDS)
async def list_staff(desk: Injected[Desk], identity: Injected[Identity]) -> PAGE:
    """Everybody who may sign in, and who may no more."""
    return await _list(desk, identity)


@post(LIST, guards=GUARDS, status_code=200)
async def hire(request: AnyRequest, desk: Injected[Desk], identity: Injected[Identity]) -> PAGE | Redirect:
    """A new member with a first password, which they change themselves."""
    values = await read_values(request)
    reading = Reading(values)
    command = PutStaff(
        email=reading.text("email"),
        name=reading.text("name"),
        password=values.get("password", ""),
        roles=reading.lines("roles"),
        by=sorted(desk.permissions),
    )
    try:
        await identity.put_staff(command)
    except RialtoError as error:
        return await _list(desk, identity, values=values, error=error)
    return go(f"{LIST}?done=staff_saved")


@get(f"{LIST}/{{staff_id:str}}", guards=GUARDS)
async def show_staff(desk: Injected[Desk], identity: Injected[Identity], staff_id: FromPath[str]) -> PAGE:
    """Raises StaffNotFound."""
    return await _one(desk, identity, staff_id)


@post(f"{LIST}/{{staff_id:str}}", guards=GUARDS, status_code=200)
async def assign(
    request: AnyRequest, desk: Injected[Desk], identity: Injected[Identity], staff_id: FromPath[str]
) -> PAGE | Redirect:
    roles = Reading(await read_values(request)).lines("roles")
    try:
        await identity.assign_roles(AssignRoles(staff_id=staff_id, roles=roles, by=sorted(desk.permissions)))
    except StaffNotFound:
        raise
    except RialtoError as error:
        return await _one(desk, identity, staff_id, error=error)
    return go(f"{LIST}/{staff_id}?done=staff_saved")


@post(f"{LIST}/{{staff_id:str}}/disable", guards=GUARDS, status_code=200)
async def disable(
    desk: Injected[Desk], identity: Injected[Identity], staff_id: FromPath[str]
) -> PAGE | Redirect:
    """Ends their sessions; setting a new password lets them in again."""
    member = await _member(identity, staff_id)
    try:
        await identity.disable_staff(StaffRef(email=member.email))
    except RialtoError as error:
        return await _one(desk, identity, staff_id, error=error)
    return go(f"{LIST}?done=staff_disabled")


async def _list(
    desk: Desk, identity: Identity, *, values: Values | None = None, error: RialtoError | None = None
) -> PAGE:
    return page(
        desk,
        "pages/people/staff.html",
        section="staff",
        status=200 if error is None else status_of(error),
        members=(await identity.list_staff(Nothing())).items,
        roles=(await identity.list_roles(Nothing())).items,
        values=values or {},
        chosen=Reading(values or {}).lines("roles"),
        problems=[] if error is None else problems_of(error, desk.texts),
    )


async def _one(desk: Desk, identity: Identity, staff_id: str, *, error: RialtoError | None = None) -> PAGE:
    return page(
        desk,
        "pages/people/member.html",
        section="staff",
        status=200 if error is None else status_of(error),
        member=await _member(identity, staff_id),
        roles=(await identity.list_roles(Nothing())).items,
        problems=[] if error is None else problems_of(error, desk.texts),
    )


async def _member(identity: Identity, staff_id: str) -> Staff:
    members = (await identity.list_staff(Nothing())).items
    found = next((member for member in members if member.id == staff_id), None)
    if found is None:
        raise StaffNotFound
    return found


ROUTES: list[Any] = [list_staff, hire, show_staff, assign, disable]
