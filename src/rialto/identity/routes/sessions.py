"""Where one is signed in, on the web."""

from __future__ import annotations

from litestar import delete, get
from litestar.params import FromPath

from rialto.identity.api import EndSession, Identity, OwnSession, SessionList
from rialto.identity.routes.guards import NO_STORE, AnyRequest, account_of, signed_in
from rialto.kernel.http import Injected, about, principal_of

TAG = "account"


@get(
    "/v1/account/sessions",
    guards=[signed_in],
    cache_control=NO_STORE,
    **about("list_sessions", "List where one is signed in", tag=TAG),
)
async def list_sessions(request: AnyRequest, identity: Injected[Identity]) -> SessionList:
    """The sessions that are not over, the one used last first; `current` is the one that asks."""
    return await identity.list_sessions(_own(request))


@delete(
    "/v1/account/sessions/{session_id:str}",
    status_code=204,
    guards=[signed_in],
    **about("end_session", "Sign one device out", tag=TAG),
)
async def end_session(request: AnyRequest, identity: Injected[Identity], session_id: FromPath[str]) -> None:
    """Ends a session. The access token it has runs for its few minutes."""
    await identity.end_session(EndSession(account_id=account_of(request), session_id=session_id))


@delete(
    "/v1/account/sessions",
    status_code=204,
    guards=[signed_in],
    **about("end_other_sessions", "Sign all other devices out", tag=TAG),
)
async def end_other_sessions(request: AnyRequest, identity: Injected[Identity]) -> None:
    """Ends all sessions but the one that asks."""
    await identity.end_other_sessions(_own(request))


def _own(request: AnyRequest) -> OwnSession:
    return OwnSession(account_id=account_of(request), session_id=principal_of(request).session_id)


ROUTES = [list_sessions, end_session, end_other_sessions]
