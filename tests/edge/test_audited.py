from __future__ import annotations

from typing import Any

import pytest
from litestar import delete, get, post
from litestar.params import FromPath

from rialto.edge.audited import audited
from rialto.edge.cached import App
from rialto.edge.web import web_app
from rialto.identity.api import BeginStaffAction, EndStaffAction, StaffActionRef
from rialto.kernel.auth import GUEST, AccessTokenRefused, Principal
from rialto.kernel.errors import Conflict, Unavailable
from rialto.kernel.http import about, requires
from rialto.kernel.service import Nothing
from tests.edge.apps import render_error
from tests.edge.asgi import ask

pytestmark = [pytest.mark.anyio, pytest.mark.fast]

STAFF = Principal(kind="staff", id="stf_1", roles=("x",), permissions=frozenset({"orders.*"}))


class Log:
    """As much of `Identity` as the log needs."""

    def __init__(self) -> None:
        self.rows: list[tuple[BeginStaffAction, int | None]] = []
        self.fails_at: set[str] = set()

    async def begin_staff_action(self, command: BeginStaffAction) -> StaffActionRef:
        if "begin" in self.fails_at:
            raise Unavailable
        self.rows.append((command, None))
        return StaffActionRef(action_id=str(len(self.rows) - 1))

    async def end_staff_action(self, command: EndStaffAction) -> Nothing:
        if "end" in self.fails_at:
            raise Unavailable
        number = int(command.action_id)
        self.rows[number] = (self.rows[number][0], command.status)
        return Nothing()


done: list[str] = []


@post(
    "/v1/admin/orders/{order_id:str}/ship",
    status_code=200,
    guards=[requires("orders.ship")],
    **about("ship_order", "Ship", tag="health"),
)
async def ship(order_id: FromPath[str]) -> None:
    if order_id == "gone":
        raise Conflict
    if order_id == "bug":
        raise ZeroDivisionError
    done.append(order_id)


@delete("/v1/admin/staff", guards=[requires("staff.write")], **about("remove_staff", "Remove", tag="health"))
async def remove() -> None: ...


@get("/v1/admin/orders", guards=[requires("orders.read")], **about("list_orders", "List", tag="health"))
async def orders() -> str:
    return "[]"


@post("/v1/carts", status_code=201, **about("create_cart", "Create", tag="health"))
async def create_cart() -> None: ...


def an_app(log: Log, who: Any) -> App:
    app = web_app(
        [ship, remove, orders, create_cart],
        dependencies={},
        render_error=render_error,
        is_ready=lambda: True,
        middleware=[audited(log)],  # type: ignore[arg-type]
    )

    async def known(scope: Any, receive: Any, send: Any) -> None:
        scope["rialto.principal"] = who
        scope["rialto.request_id"] = "r1"
        await app(scope, receive, send)

    return known


@pytest.mark.parametrize(("order_id", "status"), [("ord_1", 200), ("gone", 409), ("bug", 500)])
async def test_a_change_by_staff_is_written_down_with_how_it_was_answered(order_id: str, status: int) -> None:
    log = Log()
    reply = await ask(an_app(log, lambda: STAFF), f"/v1/admin/orders/{order_id}/ship", method="POST")
    assert reply.status == status
    ((begun, ended),) = log.rows
    assert ended == status
    assert (begun.staff_id, begun.operation, begun.method) == ("stf_1", "ship_order", "POST")
    assert (begun.object_id, begun.request_id) == (order_id, "r1")
    assert begun.path == f"/v1/admin/orders/{order_id}/ship"


async def test_what_staff_may_not_do_is_written_down_as_well() -> None:
    log = Log()
    assert (await ask(an_app(log, lambda: STAFF), "/v1/admin/staff", method="DELETE")).status == 403
    assert [(begun.operation, ended) for begun, ended in log.rows] == [("remove_staff", 403)]


async def test_reading_and_what_is_not_staffs_is_not_written_down() -> None:
    log = Log()
    app = an_app(log, lambda: STAFF)
    assert (await ask(app, "/v1/admin/orders")).status == 200
    assert (await ask(app, "/v1/carts", method="POST")).status == 201
    assert log.rows == []


def _refused() -> Principal:
    raise AccessTokenRefused


@pytest.mark.parametrize(
    ("who", "status"),
    [(lambda: GUEST, 401), (lambda: Principal(kind="customer", id="acc_1"), 403), (_refused, 401)],
)
async def test_others_leave_no_trace(who: Any, status: int) -> None:
    log = Log()
    assert (await ask(an_app(log, who), "/v1/admin/orders/ord_1/ship", method="POST")).status == status
    assert log.rows == []


async def test_what_cannot_be_written_down_is_not_done() -> None:
    log = Log()
    log.fails_at = {"begin"}
    done.clear()
    reply = await ask(an_app(log, lambda: STAFF), "/v1/admin/orders/ord_9/ship", method="POST")
    assert (reply.status, done) == (503, [])


async def test_an_outcome_that_cannot_be_written_down_does_not_spoil_the_answer() -> None:
    log = Log()
    log.fails_at = {"end"}
    reply = await ask(an_app(log, lambda: STAFF), "/v1/admin/orders/ord_1/ship", method="POST")
    assert reply.status == 200
    assert [ended for _, ended in log.rows] == [None]
