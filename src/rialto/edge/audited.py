"""Staff's log: every change that staff asks for is written down before it is done, and its outcome after.

One place for all routes: whatever a guard keeps for staff, or lets them do to their own account beside customers
(passkeys, codes, sessions), and is no mere reading is logged here, also what was then refused. What cannot be written down is not done (503). Guests and bad tokens leave no rows: they get no further than
the guard, and a flood of them should not fill the log.
"""

from __future__ import annotations

from typing import Any, cast

import structlog
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from rialto.identity.api import BeginStaffAction, EndStaffAction, Identity
from rialto.kernel.auth import Principal
from rialto.kernel.errors import Denied, RialtoError

READING = frozenset({"GET", "HEAD", "OPTIONS"})

log = structlog.get_logger("rialto.http")


def audited(identity: Identity) -> Any:
    """Middleware for Litestar that keeps staff's log."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            handler = scope.get("route_handler")
            if scope.get("method") in READING or not _is_for_staff(handler):
                await app(scope, receive, send)
                return
            staff = _staff_of(scope)
            if staff is None:
                await app(scope, receive, send)
                return
            action = await identity.begin_staff_action(_told(scope, cast("HTTPRouteHandler", handler), staff))
            status = 500

            async def watched(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            try:
                await app(scope, receive, watched)
            finally:
                await _end(identity, EndStaffAction(action_id=action.action_id, status=status))

        return call

    return wrap


def _is_for_staff(handler: Any) -> bool:
    return isinstance(handler, HTTPRouteHandler) and any(
        hasattr(guard, "permission") or hasattr(guard, "lets_staff_in") for guard in handler.resolve_guards()
    )


def _staff_of(scope: Scope) -> Principal | None:
    try:
        principal: Principal = scope["rialto.principal"]()  # type: ignore[typeddict-item]
    except Denied:
        return None  # the guard will say so
    return principal if principal.kind == "staff" else None


def _told(scope: Scope, handler: HTTPRouteHandler, staff: Principal) -> BeginStaffAction:
    return BeginStaffAction(
        staff_id=staff.id or "",
        operation=handler.operation_id if isinstance(handler.operation_id, str) else handler.handler_name,
        method=str(scope.get("method", "")),
        path=scope["path"],
        object_id="/".join(str(value) for value in scope["path_params"].values()),
        request_id=str(scope.get("rialto.request_id", "")),
    )


async def _end(identity: Identity, ended: EndStaffAction) -> None:
    try:
        await identity.end_staff_action(ended)
    except RialtoError as error:
        log.warning("an outcome is missing in staff's log", action=ended.action_id, error=repr(error))
