from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from rialto.identity.api import (
    BeginStaffAction,
    EndStaffAction,
    ListStaffActions,
    StaffAction,
    StaffActionList,
)
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid, NotFound
from tests.identity.desk import Desk, anna, open_identity
from tests.identity.web import open_web, signed_in

pytestmark = pytest.mark.anyio


async def act(desk: Desk, staff_id: str, **said: str) -> str:
    values = {
        "operation": "ship_order",
        "method": "POST",
        "path": "/v1/admin/orders/ord_1/ship",
        "object_id": "ord_1",
        "request_id": "r1",
        **said,
    }
    begun = await desk.handlers.begin_staff_action(BeginStaffAction(staff_id=staff_id, **values))
    desk.env.clock.advance(1)
    return begun.action_id


async def listed(desk: Desk, **wanted: Any) -> list[StaffAction]:
    found: StaffActionList = await desk.handlers.list_staff_actions(ListStaffActions(**wanted))
    return found.items


async def test_an_action_is_written_down_with_its_outcome_the_newest_first(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        staff = await desk.handlers.put_staff(anna())
        first = await act(desk, staff.id)
        second = await act(desk, staff.id, object_id="ord_2", request_id="r2")
        for status in (200, 500):  # a second outcome changes nothing
            await desk.handlers.end_staff_action(EndStaffAction(action_id=second, status=status))
        newest, oldest = await listed(desk)
        assert (newest.id, newest.staff_id, newest.operation) == (second, staff.id, "ship_order")
        assert (newest.object_id, newest.request_id, newest.status) == ("ord_2", "r2", 200)
        assert newest.ended_at == desk.env.clock.now()
        assert (oldest.id, oldest.status, oldest.ended_at) == (first, None, None)


async def test_the_log_is_filtered_and_read_page_by_page(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        anna_id = (await desk.handlers.put_staff(anna())).id
        bob_id = (await desk.handlers.put_staff(anna(email="bob@rialto.test"))).id
        begun = desk.env.clock.now()
        ids = [await act(desk, staff, object_id=f"ord_{n}") for n, staff in enumerate([anna_id, bob_id] * 3)]
        assert [action.id for action in await listed(desk, staff_id=bob_id)] == [ids[5], ids[3], ids[1]]
        assert [action.id for action in await listed(desk, object_id="ord_2")] == [ids[2]]
        assert await listed(desk, operation="refund") == []
        window = {"since": begun + timedelta(seconds=1), "until": begun + timedelta(seconds=3)}
        assert [action.id for action in await listed(desk, **window)] == [ids[2], ids[1]]
        pages, cursor = [], None
        while True:
            page = await desk.handlers.list_staff_actions(ListStaffActions(limit=4, cursor=cursor))
            pages.append([action.id for action in page.items])
            cursor = page.next_cursor
            if cursor is None:
                break
        assert pages == [ids[:1:-1], ids[1::-1]]


@pytest.mark.parametrize("cursor", ["", "x", "\x00", "AAAA", "9" * 300])
async def test_a_cursor_that_is_none_of_ours_is_refused(postgres: DatabaseAddress, cursor: str) -> None:
    async with open_identity(postgres) as desk:
        with pytest.raises(Invalid):
            await listed(desk, cursor=cursor)


@pytest.mark.parametrize("text", ["\x00", "\ud800", "cart_1"])
async def test_filters_that_nothing_can_match_find_nothing(postgres: DatabaseAddress, text: str) -> None:
    async with open_identity(postgres) as desk:
        assert await listed(desk, staff_id=text) == []
        assert await listed(desk, object_id=text) == []


async def test_whatever_an_address_holds_can_be_written_down(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        staff = await desk.handlers.put_staff(anna())
        await act(desk, staff.id, object_id="\x00\ud800", path="x" * 9000)
        (action,) = await listed(desk)
        assert len(action.path) == 500
        with pytest.raises(NotFound):
            await act(desk, "acc_06bqk3v1m5g7r0z2x4c6n8p0qs")


@pytest.mark.parametrize("table", ["staff_actions", "staff_action_outcomes"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET bucket = 0", "DELETE FROM {}"])
async def test_the_database_lets_nobody_rewrite_the_log(
    postgres: DatabaseAddress, table: str, statement: str
) -> None:
    async with open_identity(postgres) as desk:
        with pytest.raises(Exception, match="permission denied"):
            async with desk.env.db.write() as session:
                await session.run(statement.format(table))


async def test_the_log_on_the_web(postgres: DatabaseAddress) -> None:
    async with open_web(postgres) as client:
        owner = await signed_in(client)
        assert (await client.get("/v1/admin/audit-log", headers=owner)).json() == {
            "items": [],
            "next_cursor": None,
        }
        naive = await client.get("/v1/admin/audit-log?since=2026-01-05T09:00:00", headers=owner)
        assert naive.status_code == 422
        zoned = await client.get("/v1/admin/audit-log?since=2026-01-05T09:00:00Z", headers=owner)
        assert zoned.status_code == 200


async def test_old_entries_leave_and_the_last_half_year_never_does(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        staff = await desk.handlers.put_staff(anna())
        await act(desk, staff.id)
        await act(desk, staff.id)
        assert await desk.handlers.sweep() == 0
        desk.env.clock.advance(desk.env.settings.keep.staff_log.total_seconds())
        young = await act(desk, staff.id)
        assert await desk.handlers.sweep() == 2
        assert [action.id for action in await listed(desk)] == [young]
        # Whoever has the service's password and asks for more gets no more.
        async with desk.env.db.write() as session:
            assert await session.value("SELECT forget_staff_actions('infinity', 1000)") == 0
        for statement in ("DELETE FROM staff_actions", "DELETE FROM staff_action_outcomes"):
            with pytest.raises(Exception, match="permission denied"):
                async with desk.env.db.write() as session:
                    await session.run(statement)
