"""Roles: named sets of permissions, which a merchant may edit."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from rialto.admin.conflicts import Field, conflict_page
from rialto.admin.desk import HOME, AnyRequest, Desk
from rialto.admin.forms import Reading, Values, read_values
from rialto.admin.problems import problems_of, status_of
from rialto.admin.rendering import PAGE, go, page
from rialto.identity.api import Identity, PutRole, Role, RoleNotFound, RoleRef
from rialto.kernel.errors import RialtoError
from rialto.kernel.http import Injected, requires
from rialto.kernel.service import Nothing

LIST = f"{HOME}/roles"
GUARDS = [requires("staff.write")]
# What pages and routes ask for; patterns such as `orders.*` are typed in by hand.
KNOWN = (
    *("catalog.read", "catalog.write", "inventory.read", "inventory.write", "pricing.read", "pricing.write"),
    *("orders.read", "orders.ship", "orders.cancel", "orders.refund", "orders.note", "orders.import"),
    "payments.read",
    *("reviews.moderate", "customers.read", "customers.write", "staff.write", "staff.audit"),
)


@get(LIST, guards=GUARDS)
async def list_roles(desk: Injected[Desk], identity: Injected[Identity]) -> PAGE:
    """By name, the owner's first."""
    roles = (await identity.list_roles(Nothing())).items
    return page(desk, "pages/people/roles.html", section="roles", roles=roles)


@get(f"{LIST}/new", guards=GUARDS)
async def new_role(desk: Injected[Desk]) -> PAGE:
    return _edit(desk, {}, name="")


@post(f"{LIST}/new", guards=GUARDS, status_code=200)
async def create_role(
    request: AnyRequest, desk: Injected[Desk], identity: Injected[Identity]
) -> PAGE | Redirect:
    """A name that is taken leads to the difference between the two."""
    values = await read_values(request)
    return await _save(desk, identity, values.get("name", "").strip(), values=values, is_new=True)


@get(f"{LIST}/{{role:str}}", guards=GUARDS)
async def show_role(desk: Injected[Desk], identity: Injected[Identity], role: FromPath[str]) -> PAGE:
    """Raises RoleNotFound."""
    stored = await _role(identity, role)
    if stored is None:
        raise RoleNotFound
    return _edit(desk, _values(stored), name=role, built_in=stored.built_in)


@post(f"{LIST}/{{role:str}}", guards=GUARDS, status_code=200)
async def change_role(
    request: AnyRequest, desk: Injected[Desk], identity: Injected[Identity], role: FromPath[str]
) -> PAGE | Redirect:
    """Whoever comes second is shown what the first one changed."""
    return await _save(desk, identity, role, values=await read_values(request), is_new=False)


@post(f"{LIST}/{{role:str}}/remove", guards=GUARDS, status_code=200)
async def remove_role(
    desk: Injected[Desk], identity: Injected[Identity], role: FromPath[str]
) -> PAGE | Redirect:
    """Refused for a built-in one, and while somebody has it."""
    stored = await _role(identity, role)
    if stored is None:
        raise RoleNotFound
    try:
        await identity.remove_role(RoleRef(name=role))
    except RialtoError as error:
        return _edit(desk, _values(stored), name=role, built_in=stored.built_in, error=error)
    return go(f"{LIST}?done=role_removed")


async def _save(
    desk: Desk, identity: Identity, name: str, *, values: Values, is_new: bool
) -> PAGE | Redirect:
    """A role has no version: what it allowed when it was looked at stands in the form."""
    reading = Reading(values)
    stored = await _role(identity, name)
    seen = values.get("version", "") if not is_new else None
    if stored is not None and seen != _version(stored):
        return conflict_page(
            desk,
            section="roles",
            title=name,
            action=f"{LIST}/{name}",
            back=f"{LIST}/{name}",
            version=_version(stored),
            fields=[Field(name="permissions", label=desk.texts("roles.permissions"))],
            yours={"permissions": "\n".join(_chosen(reading))},
            theirs={"permissions": "\n".join(sorted(stored.permissions))},
        )
    try:
        await identity.put_role(PutRole(name=name, permissions=_chosen(reading), by=sorted(desk.permissions)))
    except RialtoError as error:
        built_in = stored is not None and stored.built_in
        return _edit(desk, values, name="" if is_new else name, built_in=built_in, error=error)
    return go(f"{LIST}/{name}?done=role_saved")


async def _role(identity: Identity, name: str) -> Role | None:
    roles = (await identity.list_roles(Nothing())).items
    return next((role for role in roles if role.name == name), None)


def _chosen(reading: Reading) -> list[str]:
    return sorted({*reading.lines("permissions"), *reading.lines("more")})


def _version(role: Role) -> str:
    return " ".join(sorted(role.permissions))


def _values(role: Role) -> Values:
    return {"permissions": "\n".join(role.permissions), "version": _version(role)}


def _edit(
    desk: Desk, values: Values, *, name: str, built_in: bool = False, error: RialtoError | None = None
) -> PAGE:
    chosen = _chosen(Reading(values))
    return page(
        desk,
        "pages/people/role.html",
        section="roles",
        status=200 if error is None else status_of(error),
        name=name,
        values=values,
        known=KNOWN,
        chosen=chosen,
        more="\n".join(one for one in chosen if one not in KNOWN),
        built_in=built_in,
        problems=[] if error is None else problems_of(error, desk.texts, fields={"permissions": "more"}),
    )


ROUTES: list[Any] = [list_roles, new_role, create_role, show_role, change_role, remove_role]
