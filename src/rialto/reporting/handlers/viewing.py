"""Lists that somebody keeps under a name."""

from __future__ import annotations

from urllib.parse import parse_qsl

from rialto.kernel.errors import field_problem
from rialto.kernel.service import Nothing
from rialto.kernel.text import is_plain
from rialto.reporting import store
from rialto.reporting.api import VIEWS_MAX, DropView, KeepView, View, ViewNotFound, Views, ViewsFull, ViewsOf
from rialto.reporting.handlers.shared import ReportingUseCase

NAME_LENGTH_MAX = 60
QUERY_LENGTH_MAX = 1000


class Viewing(ReportingUseCase):
    async def views(self, command: ViewsOf) -> Views:
        async with self.db.recent() as session:
            return Views(items=await store.load_views(session, command.staff_id, VIEWS_MAX))

    async def keep_view(self, command: KeepView) -> Nothing:
        name = " ".join(command.name.split())
        if not name or len(name) > NAME_LENGTH_MAX or not is_plain(name):
            raise field_problem("name", "not_valid", f"A name has 1 to {NAME_LENGTH_MAX} characters.")
        if (
            len(command.query) > QUERY_LENGTH_MAX
            or not command.query.isascii()
            or not is_plain(command.query)
        ):
            raise field_problem("query", "not_valid", "This is not the query of an address.")
        view = View(name=name, query=command.query if parse_qsl(command.query) else "")
        async with self.db.write() as session:
            if not await store.keep_view(session, command.staff_id, view, VIEWS_MAX):
                raise ViewsFull
        return Nothing()

    async def drop_view(self, command: DropView) -> Nothing:
        async with self.db.write() as session:
            if not await store.drop_view(session, command.staff_id, command.name):
                raise ViewNotFound
        return Nothing()
