"""Customers: found by e-mail; what they bought, and the groups they are in."""

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
from rialto.admin.tables import Column, read_listing
from rialto.identity.api import (
    AccountNotFound,
    AccountRef,
    CustomerRecord,
    FindCustomer,
    GroupsChanged,
    Identity,
    SetGroups,
)
from rialto.kernel.errors import Invalid, RialtoError
from rialto.kernel.http import Injected, requires
from rialto.orders.api import Orders, OwnOrderList, OwnOrders

LIST = f"{HOME}/customers"
READ = [requires("customers.read")]
WRITE = [requires("customers.write")]
PAGE_SIZE = 20
COLUMNS = ("order", "placed_at", "status", "total")


@get(LIST, guards=READ)
async def find_customer(desk: Injected[Desk], identity: Injected[Identity]) -> PAGE | Redirect:
    """By the whole e-mail: there is no list of everybody to look through."""
    email = desk.asked("email").strip()
    if email:
        try:
            found = await identity.find_customer(FindCustomer(email=email[:300]))
        except AccountNotFound:
            pass
        else:
            return go(f"{LIST}/{found.id}")
    return page(desk, "pages/customers/find.html", section="customers", email=email)


@get(f"{LIST}/{{account_id:str}}", guards=READ)
async def show_customer(
    desk: Injected[Desk],
    identity: Injected[Identity],
    orders: Injected[Orders],
    account_id: FromPath[str],
) -> PAGE:
    """Raises AccountNotFound."""
    customer = await identity.customer(AccountRef(account_id=account_id))
    return await _show(desk, orders, customer)


@post(f"{LIST}/{{account_id:str}}", guards=WRITE, status_code=200)
async def set_groups(
    request: AnyRequest,
    desk: Injected[Desk],
    identity: Injected[Identity],
    orders: Injected[Orders],
    *,
    account_id: FromPath[str],
) -> PAGE | Redirect:
    """Whoever comes second is shown what the first one changed."""
    values = await read_values(request)
    reading = Reading(values)
    command = SetGroups(
        account_id=account_id, groups=reading.lines("groups"), expected=reading.lines("version")
    )
    try:
        await identity.set_groups(command)
    except GroupsChanged:
        customer = await identity.customer(AccountRef(account_id=account_id))
        return conflict_page(
            desk,
            section="customers",
            title=customer.name or customer.email,
            action=f"{LIST}/{account_id}",
            back=f"{LIST}/{account_id}",
            version=", ".join(customer.groups),
            fields=[Field(name="groups", label=desk.texts("customers.groups"))],
            yours={"groups": "\n".join(sorted(command.groups))},
            theirs={"groups": "\n".join(customer.groups)},
        )
    except Invalid as error:
        customer = await identity.customer(AccountRef(account_id=account_id))
        return await _show(desk, orders, customer, values=values, error=error)
    return go(f"{LIST}/{account_id}?done=groups_saved")


async def _show(
    desk: Desk,
    orders: Orders,
    customer: CustomerRecord,
    *,
    values: Values | None = None,
    error: RialtoError | None = None,
) -> PAGE:
    listing = read_listing(desk, [], sorts=["newest"])
    bought = OwnOrderList(items=[])
    if desk.may("orders.read"):
        bought = await _orders(orders, customer, listing.cursor)
    groups = {"groups": "\n".join(customer.groups), "version": ", ".join(customer.groups)}
    return page(
        desk,
        "pages/customers/customer.html",
        section="customers",
        status=200 if error is None else status_of(error),
        customer=customer,
        values=groups | (values or {}),
        listing=listing,
        columns=[Column(label=desk.texts(f"customers.{name}"), numeric=name == "total") for name in COLUMNS],
        orders=bought.items,
        next_cursor=bought.next_cursor,
        problems=[] if error is None else problems_of(error, desk.texts),
    )


async def _orders(orders: Orders, customer: CustomerRecord, cursor: str | None) -> OwnOrderList:
    """A cursor that is none of ours leads to the beginning."""
    try:
        return await orders.own(OwnOrders(account_id=customer.id, cursor=cursor, limit=PAGE_SIZE))
    except Invalid:
        return await orders.own(OwnOrders(account_id=customer.id, limit=PAGE_SIZE))


ROUTES: list[Any] = [find_customer, show_customer, set_groups]
