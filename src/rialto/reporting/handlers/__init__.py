"""What happens when reporting is asked: reading, taking in events, being filled anew."""

from __future__ import annotations

from rialto.kernel.service import Env
from rialto.reporting.handlers.filling import Filling
from rialto.reporting.handlers.following import Following
from rialto.reporting.handlers.reading import Reading
from rialto.reporting.handlers.viewing import Viewing


class ReportingHandlers(Reading, Viewing, Following, Filling):
    """Implements `Reporting`."""

    def __init__(self, e: Env) -> None:
        self.env = e
        self.db = e.db
