"""Where somebody is signed in, and ending that."""

from __future__ import annotations

from uuid import UUID

from rialto.identity.api import EndSession, OwnSession, Session, SessionList, SessionNotFound
from rialto.identity.handlers.shared import IdentityUseCase, account_uuid
from rialto.identity.store import sessions
from rialto.kernel.errors import NotFound
from rialto.kernel.ids import SESSION, to_uuid
from rialto.kernel.service import Nothing


class SessionCases(IdentityUseCase):
    async def list_sessions(self, command: OwnSession) -> SessionList:
        account_id = account_uuid(command.account_id)
        async with self.db.read() as session:
            rows = await sessions.load_open(session, account_id, self.clock.now())
        return SessionList(
            items=[
                Session(
                    id=SESSION.of(row["id"]),
                    device=row["device"],
                    started_at=row["started_at"],
                    last_used_at=row["rotated_at"],
                    expires_at=row["expires_at"],
                    current=SESSION.of(row["id"]) == command.session_id,
                )
                for row in rows
            ]
        )

    async def end_session(self, command: EndSession) -> Nothing:
        account_id, session_id = account_uuid(command.account_id), session_uuid(command.session_id)
        async with self.db.write() as session:
            found = await sessions.end_own(
                session, account_id, session_id, reason="ended_by_owner", now=self.clock.now()
            )
        if not found:
            raise SessionNotFound
        return Nothing()

    async def end_other_sessions(self, command: OwnSession) -> Nothing:
        account_id = account_uuid(command.account_id)
        kept = session_uuid(command.session_id) if command.session_id else None
        async with self.db.write() as session:
            await sessions.end_all(
                session, account_id, reason="ended_by_owner", now=self.clock.now(), kept=kept
            )
        return Nothing()


def session_uuid(printed: str) -> UUID:
    """The stored form of a session's id. Raises SessionNotFound."""
    try:
        return to_uuid(SESSION.parse(printed))
    except NotFound as error:
        raise SessionNotFound from error
