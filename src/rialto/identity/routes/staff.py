"""Staff on the web: who works here, and who am I."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, get, put
from litestar.params import JSONBody

from rialto.identity.api import (
    EmailTaken,
    Identity,
    LastOwner,
    NotYoursToGive,
    PasswordWeak,
    PutStaff,
    Staff,
    StaffList,
)
from rialto.identity.routes.guards import NO_STORE
from rialto.kernel.http import Injected, about, principal_of, requires, staff_only
from rialto.kernel.service import Frozen, Nothing

Short = Annotated[str, msgspec.Meta(max_length=2000)]
PEOPLE = "staff: people"


class NewStaff(Frozen, kw_only=True):
    """Creates the account of this e-mail, or sets its name, password and roles and makes it active."""

    email: Short
    name: Short
    password: Short
    roles: Annotated[list[Short], msgspec.Meta(max_length=50)]


class Me(Frozen, kw_only=True):
    """Who the access token says this is, and what it may do."""

    id: str
    kind: str
    roles: list[str]
    permissions: list[str]


@get(
    "/v1/admin/me",
    guards=[staff_only],
    cache_control=NO_STORE,
    **about("read_me", "Who am I", tag=PEOPLE),
)
async def read_me(request: Request[Any, Any, Any]) -> Me:
    """Whom the access token belongs to, and what it allows."""
    principal = principal_of(request)
    return Me(
        id=principal.id or "",
        kind=principal.kind,
        roles=list(principal.roles),
        permissions=sorted(principal.permissions),
    )


@get(
    "/v1/admin/staff",
    guards=[requires("staff.write")],
    cache_control=NO_STORE,
    **about("list_staff", "List staff", tag=PEOPLE),
)
async def list_staff(identity: Injected[Identity]) -> StaffList:
    """Everybody who may sign in, and who may no more."""
    return await identity.list_staff(Nothing())


@put(
    "/v1/admin/staff",
    guards=[requires("staff.write")],
    **about(
        "put_staff",
        "Create or change a member",
        tag=PEOPLE,
        refuses=[PasswordWeak, EmailTaken, NotYoursToGive, LastOwner],
    ),
)
async def put_staff(
    data: JSONBody[NewStaff], request: Request[Any, Any, Any], identity: Injected[Identity]
) -> Staff:
    """By e-mail: makes the account, or sets its name, password and roles; another password ends its sessions."""
    return await identity.put_staff(
        PutStaff(
            email=data.email,
            name=data.name,
            password=data.password,
            roles=data.roles,
            by=sorted(principal_of(request).permissions),
        )
    )


ROUTES = [read_me, list_staff, put_staff]
