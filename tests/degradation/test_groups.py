"""A shop cut into groups, one process of each: what is left when one of them fails for the others.

What nginx says in front of a group that is away, and the pages it keeps, are tests/proxy's matter.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal, cast

import pytest

from rialto.kernel.db import DatabaseAddress
from tests.degradation.people import Three, problem_of, three
from tests.support.parts import Parts, a_shop_in_parts

pytestmark = pytest.mark.anyio

Trouble = Literal["slow", "half"]


@dataclass
class Cut:
    people: Three
    parts: Parts
    order: str
    key: str

    @asynccontextmanager
    async def down(self, group: str) -> AsyncIterator[None]:
        """The group's process is gone; afterwards it is back and everything has been caught up with."""
        await self.parts.stop(f"{group}-1")
        yield
        await self.parts.work(f"{group}-1")
        await self._is_over()

    @asynccontextmanager
    async def bad(self, group: str, trouble: Trouble) -> AsyncIterator[None]:
        """Answers of the group come ten times as late, or every second one is lost."""
        having: set[str] = getattr(self.parts.between, trouble)
        having.add(f"{group}-1:8001")
        yield
        having.clear()
        await self._is_over()

    async def _is_over(self) -> None:
        self.people.shop.clock.advance(31)  # breakers and replicas have rested
        await self.people.shop.settle()
        assert await self.people.shop.audit() == []
        await self.people.come_back()


@pytest.fixture(scope="module")
async def cut(postgres: DatabaseAddress) -> AsyncIterator[Cut]:
    async with a_shop_in_parts(postgres, "groups") as shop:
        people = await three(shop)
        order = (await shop.buy("LAMP")).order
        await shop.settle()
        yield Cut(people, cast("Parts", shop.app), order.id, order.key)
        await people.close()


async def placed(cut: Cut) -> set[str]:
    """The status of every order there is."""
    return {row["status"] for row in await cut.people.shop.sql("SELECT status FROM orders.orders")}


async def test_shop_group_down(cut: Cut) -> None:
    people = cut.people
    cart = await people.client.cart("PENCIL")
    async with cut.down("shop"):
        # The program: orders that exist are told; a new one needs its cart, is refused, and nothing is begun.
        answer = await people.client.check_out(cart, "shop-down")
        problem_of(answer, "unavailable")
        await people.client.get(f"/v1/orders/{cut.order}?key={cut.key}")
        # The merchant ships and looks at orders; articles are away.
        await people.merchant.get("/admin/orders")
        await people.merchant.get(f"/admin/orders/{cut.order}")
        away = await people.merchant.ask("GET", "/admin/products")
        assert away.status_code == 503
        assert await placed(cut) == {"placed"}
    # The same key buys it now.
    assert (await people.client.check_out(cart, "shop-down")).status_code == 201
    await people.all_is_well("shop-down-over")


async def test_sell_group_down(cut: Cut) -> None:
    people = cut.people
    await people.shopper.fill_cart()
    form = await people.shopper.review()
    cart = await people.client.cart("PENCIL")
    before = await people.shop.sql("SELECT id FROM orders.orders")
    async with cut.down("sell"):
        # The shopper looks around; the order button leads back to it with a sentence, and the same key.
        await people.shopper.browse()
        where = await people.shopper.place(form)
        assert where.startswith("/en/checkout/review?problem=unavailable&attempt=")
        # The program sees its cart or is told to come back.
        read = await people.client.ask("GET", f"/v1/carts/{cart}")
        assert read.status_code in {200, 503}
        # The merchant's desk goes by sessions and orders, which are away: a page that says so.
        desk = await people.merchant.ask("GET", "/admin/orders")
        assert desk.status_code == 503
        assert "html" in desk.headers["content-type"]
        assert await people.shop.sql("SELECT id FROM orders.orders") == before
    assert (await people.client.check_out(cart, "sell-down")).status_code == 201
    await people.all_is_well("sell-down-over")


async def test_work_group_down(cut: Cut) -> None:
    people = cut.people
    mails = len(people.shop.mail.sent)
    async with cut.down("work"):
        # Shopper and program notice nothing but that mails do not come.
        await people.shopper.browse()
        assert "/thanks" in await people.shopper.buy()
        assert (await people.client.buy("work-down", "PENCIL")).status_code == 201
        # The merchant: one order is there, lists of them are away.
        await people.merchant.get(f"/admin/orders/{cut.order}")
        assert (await people.merchant.ask("GET", "/admin/orders")).status_code == 503
        await people.merchant.get("/admin/products")
        assert len(people.shop.mail.sent) == mails
    assert len(people.shop.mail.sent) == mails + 2
    await people.all_is_well("work-down-over")


async def test_admin_group_down(cut: Cut) -> None:
    people = cut.people
    async with cut.down("admin"):
        await people.shopper.browse()
        assert "/thanks" in await people.shopper.buy()
        assert (await people.client.buy("admin-down", "PENCIL")).status_code == 201
        # The merchant has no pages, and the API for staff.
        body = {"warehouse": "berlin", "on_hand": 40}
        assert (await people.merchant.ask("PUT", "/v1/admin/stock/PENCIL", json=body)).status_code == 200
        assert (await people.merchant.order(cut.order))["status"] == "placed"
    await people.all_is_well("admin-down-over")


@pytest.mark.parametrize("group", ["shop", "sell", "work", "admin"])
async def test_group_slow(cut: Cut, group: str) -> None:
    people = cut.people
    async with cut.bad(group, "slow"):
        # Everything goes on, slower; nothing is late for its class (Person.ask).
        await people.shopper.browse()
        assert "/thanks" in await people.shopper.buy("PENCIL")
        assert (await people.client.buy(f"{group}-slow", "PENCIL")).status_code == 201
        await people.merchant.works()
    await people.all_is_well(f"{group}-slow-over")


@pytest.mark.parametrize("group", ["shop", "sell", "work", "admin"])
async def test_group_half_errors(cut: Cut, group: str) -> None:
    people = cut.people
    await people.shopper.fill_cart("PENCIL")
    form = await people.shopper.review()
    cart = await people.client.cart("PENCIL")
    async with cut.bad(group, "half"):
        # Looking around needs nobody else. What was asked for by its key is asked again, or refused in a sentence.
        await people.shopper.browse()
        where = await people.shopper.place(form)
        assert "/thanks" in where or "problem=unavailable" in where or "problem=outcome_unknown" in where
        answer = await people.client.check_out(cart, f"{group}-half")
        assert answer.status_code in {201, 202, 503}
        for path in ("/admin", "/admin/orders", "/admin/products"):
            assert (await people.merchant.ask("GET", path)).status_code in {200, 303, 503}
    # Once, whatever was lost: the same key tells what became of it.
    again = await people.client.check_out(cart, f"{group}-half")
    assert again.status_code == 201
    mine = await people.shop.sql("SELECT count(*) AS n FROM orders.orders GROUP BY cart_id")
    assert {row["n"] for row in mine} == {1}
    await people.all_is_well(f"{group}-half-over")
