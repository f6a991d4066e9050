"""Roles, who has them, and staff's log, on the web."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import delete, get, put
from litestar.params import FromPath, JSONBody, QueryParameter

from rialto.identity.api import (
    AssignRoles,
    Identity,
    LastOwner,
    ListStaffActions,
    NotYoursToGive,
    PutRole,
    Role,
    RoleInUse,
    RoleList,
    RoleProtected,
    RoleRef,
    Staff,
    StaffActionList,
)
from rialto.identity.routes.guards import NO_STORE, AnyRequest
from rialto.identity.routes.staff import PEOPLE, Short
from rialto.kernel.errors import FieldProblem, Invalid
from rialto.kernel.http import Injected, about, principal_of, requires
from rialto.kernel.ids import STAFF
from rialto.kernel.service import Frozen, Nothing

Moment = Annotated[str | None, QueryParameter(max_length=40)]
MANAGE = [requires("staff.write")]
WITHOUT_ZONE = Invalid("Give the time with its zone, such as 2026-01-05T09:00:00Z.")


class RoleBody(Frozen):
    """What the role allows: `area.verb`, `area.*` or `*.verb`."""

    permissions: Annotated[list[Short], msgspec.Meta(max_length=200)]


class RolesBody(Frozen):
    roles: Annotated[list[Short], msgspec.Meta(max_length=50)]


@get(
    "/v1/admin/roles",
    guards=MANAGE,
    cache_control=NO_STORE,
    **about("list_roles", "List roles", tag=PEOPLE),
)
async def list_roles(identity: Injected[Identity]) -> RoleList:
    """The owner's first, the others by name."""
    return await identity.list_roles(Nothing())


@put(
    "/v1/admin/roles/{role:str}",
    guards=MANAGE,
    **about("put_role", "Create or change a role", tag=PEOPLE, refuses=[RoleProtected, NotYoursToGive]),
)
async def put_role(
    data: JSONBody[RoleBody], request: AnyRequest, identity: Injected[Identity], role: FromPath[str]
) -> Role:
    """Counts for everybody who has the role within seconds. The owner's cannot be changed."""
    return await identity.put_role(
        PutRole(name=role, permissions=data.permissions, by=sorted(principal_of(request).permissions))
    )


@delete(
    "/v1/admin/roles/{role:str}",
    status_code=204,
    guards=MANAGE,
    **about("remove_role", "Remove a role", tag=PEOPLE, refuses=[RoleProtected, RoleInUse]),
)
async def remove_role(identity: Injected[Identity], role: FromPath[str]) -> None:
    """One that nobody has. Built-in roles stay."""
    await identity.remove_role(RoleRef(name=role))


@put(
    "/v1/admin/staff/{staff_id:str}/roles",
    guards=MANAGE,
    **about("assign_roles", "Give somebody roles", tag=PEOPLE, refuses=[NotYoursToGive, LastOwner]),
)
async def assign_roles(
    data: JSONBody[RolesBody], request: AnyRequest, identity: Injected[Identity], staff_id: FromPath[str]
) -> Staff:
    """In the place of those they had. Somebody always owns the shop; nobody gives more than they may do."""
    by = sorted(principal_of(request).permissions)
    return await identity.assign_roles(AssignRoles(staff_id=staff_id, roles=data.roles, by=by))


@get(
    "/v1/admin/audit-log",
    guards=[requires("staff.audit")],
    cache_control=NO_STORE,
    **about("list_staff_actions", "Read staff's log", tag=PEOPLE),
)
async def list_staff_actions(
    *,
    identity: Injected[Identity],
    staff_id: Annotated[str | None, QueryParameter(pattern=STAFF.pattern)] = None,
    operation: Annotated[str | None, QueryParameter(max_length=60)] = None,
    object_id: Annotated[str | None, QueryParameter(max_length=200)] = None,
    since: Moment = None,
    until: Moment = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, QueryParameter(max_length=200)] = None,
) -> StaffActionList:
    """Every change that staff asked for, the newest first: who, what, when, and how it was answered.

    `status` is null for what never ended. `since` is included, `until` is not.
    """
    return await identity.list_staff_actions(
        ListStaffActions(
            staff_id=staff_id,
            operation=operation,
            object_id=object_id,
            since=_moment(since, "since"),
            until=_moment(until, "until"),
            limit=limit,
            cursor=cursor,
        )
    )


def _moment(text: str | None, path: str) -> datetime | None:
    """What a parameter says, with its zone. Raises Invalid naming it."""
    if text is None:
        return None
    try:
        at = msgspec.convert(text, datetime)
    except msgspec.ValidationError as error:
        problem = FieldProblem(path=path, code="not_valid", message="Write it as 2026-03-01T00:00:00Z.")
        raise Invalid("This is no moment.", fields=(problem,)) from error
    if at.tzinfo is None:
        raise WITHOUT_ZONE
    return at


ROUTES = [list_roles, put_role, remove_role, assign_roles, list_staff_actions]
