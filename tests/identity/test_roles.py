from __future__ import annotations

import asyncio

import pytest

from rialto.identity.api import (
    AssignRoles,
    LastOwner,
    NotYoursToGive,
    PutRole,
    PutStaff,
    RoleInUse,
    RoleNotFound,
    RoleProtected,
    RoleRef,
    StaffNotFound,
    StaffRef,
)
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from rialto.kernel.roles import BUILT_IN
from rialto.kernel.service import Nothing
from tests.identity.desk import EMAIL, PASSWORD, Desk, anna, open_identity
from tests.identity.web import open_web, signed_in

pytestmark = pytest.mark.anyio

BOB = "bob@rialto.test"


async def put(desk: Desk, name: str, *permissions: str, by: list[str] | None = None) -> None:
    await desk.handlers.put_role(PutRole(name=name, permissions=list(permissions), by=by))


async def assign(desk: Desk, staff_id: str, *roles: str, by: list[str] | None = None) -> list[str]:
    return (await desk.handlers.assign_roles(AssignRoles(staff_id=staff_id, roles=list(roles), by=by))).roles


async def test_a_new_shop_has_the_built_in_roles(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        roles = (await desk.handlers.list_roles(Nothing())).items
        assert {role.name: frozenset(role.permissions) for role in roles} == BUILT_IN
        assert all(role.built_in for role in roles)
        assert roles[0].name == "owner"


async def test_a_role_is_made_changed_given_and_removed(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await put(desk, "accounting", "payments.read", "orders.read", "orders.read")
        await put(desk, "accounting", "payments.*")
        (role,) = [one for one in (await desk.handlers.list_roles(Nothing())).items if not one.built_in]
        assert (role.name, role.permissions) == ("accounting", ["payments.*"])
        bob = await desk.handlers.put_staff(anna(email=BOB, roles=("viewer",)))
        assert await assign(desk, bob.id, "accounting", "viewer") == ["accounting", "viewer"]
        with pytest.raises(RoleInUse):
            await desk.handlers.remove_role(RoleRef(name="accounting"))
        await assign(desk, bob.id, "viewer")
        await desk.handlers.remove_role(RoleRef(name="accounting"))
        with pytest.raises(RoleNotFound):
            await desk.handlers.remove_role(RoleRef(name="accounting"))
        with pytest.raises(Invalid):
            await assign(desk, bob.id, "accounting")


async def test_a_built_in_role_may_be_changed_but_not_removed_and_the_owners_neither(
    postgres: DatabaseAddress,
) -> None:
    async with open_identity(postgres) as desk:
        await put(desk, "viewer", "catalog.read")
        (viewer,) = [one for one in (await desk.handlers.list_roles(Nothing())).items if one.name == "viewer"]
        assert (viewer.permissions, viewer.built_in) == (["catalog.read"], True)
        for name in ("viewer", "owner"):
            with pytest.raises(RoleProtected):
                await desk.handlers.remove_role(RoleRef(name=name))
        with pytest.raises(RoleProtected):
            await put(desk, "owner", "catalog.read")


async def test_every_wrong_field_of_a_role_is_named(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        with pytest.raises(Invalid) as refused:
            await put(desk, "The Boss", "orders.read", "*", "orders", "Orders.Read", "*.*")
        assert [field.path for field in refused.value.fields] == [
            "name",
            "permissions[1]",
            "permissions[2]",
            "permissions[3]",
            "permissions[4]",
        ]
        for name in ("", "\x00", "\ud800"):
            with pytest.raises(RoleNotFound):
                await desk.handlers.remove_role(RoleRef(name=name))


async def test_the_last_owner_stays_owner(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        owner = await desk.handlers.put_staff(anna())
        with pytest.raises(LastOwner):
            await assign(desk, owner.id, "viewer")
        with pytest.raises(LastOwner):
            await desk.handlers.put_staff(anna(roles=("viewer",)))
        with pytest.raises(LastOwner):
            await desk.handlers.disable_staff(StaffRef(email=EMAIL))
        await desk.handlers.put_staff(anna(email=BOB))
        assert await assign(desk, owner.id, "viewer") == ["viewer"]


async def test_of_two_owners_who_step_down_at_once_one_stays(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        ids = [(await desk.handlers.put_staff(anna(email=email))).id for email in (EMAIL, BOB)]
        outcomes = await asyncio.gather(
            *(assign(desk, staff_id, "viewer") for staff_id in ids), return_exceptions=True
        )
        assert [type(one) for one in outcomes].count(LastOwner) == 1


async def test_nobody_gives_more_than_they_may_do(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        owner = await desk.handlers.put_staff(anna())
        bob = await desk.handlers.put_staff(anna(email=BOB, roles=("viewer",)))
        by = ["staff.write", "*.read"]
        await put(desk, "clerk", "orders.read", by=by)
        assert await assign(desk, bob.id, "clerk", by=by) == ["clerk"]
        for asked in (
            put(desk, "clerk", "orders.*", by=by),
            assign(desk, bob.id, "owner", by=by),
            assign(desk, owner.id, "viewer", by=by),
            desk.handlers.put_staff(
                PutStaff(email=EMAIL, name="A", password="a quite different one", roles=["viewer"], by=by)
            ),
        ):
            with pytest.raises(NotYoursToGive):
                await asked


async def test_only_staff_is_given_roles(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        for staff_id in (await desk.customer(), "stf_06bqk3v1m5g7r0z2x4c6n8p0qs", "x", ""):
            with pytest.raises(StaffNotFound):
                await assign(desk, staff_id, "viewer")


async def test_roles_on_the_web(postgres: DatabaseAddress) -> None:
    async with open_web(postgres) as client:
        owner = await signed_in(client)
        body = {"permissions": ["orders.read"]}
        made = await client.put("/v1/admin/roles/clerk", json=body, headers=owner)
        assert made.json() == {"name": "clerk", "permissions": ["orders.read"], "built_in": False}
        bob = {"email": BOB, "name": "Bob", "password": PASSWORD, "roles": ["clerk"]}
        staff = (await client.put("/v1/admin/staff", json=bob, headers=owner)).json()
        path = f"/v1/admin/staff/{staff['id']}/roles"
        given = await client.put(path, json={"roles": ["viewer"]}, headers=owner)
        assert given.json()["roles"] == ["viewer"]
        assert (await client.delete("/v1/admin/roles/clerk", headers=owner)).status_code == 204
        assert (await client.delete("/v1/admin/roles/viewer", headers=owner)).status_code == 409
        viewer = await signed_in(client, BOB)
        for answer in (
            await client.get("/v1/admin/roles", headers=viewer),
            await client.put("/v1/admin/roles/clerk", json=body, headers=viewer),
            await client.put(path, json={"roles": ["owner"]}, headers=viewer),
            await client.get("/v1/admin/audit-log", headers=viewer),
        ):
            assert answer.status_code == 403
