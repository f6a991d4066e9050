"""How reporting is plugged in. Engine: `parked` (kernel.parked.ParkedEvents)."""

from __future__ import annotations

from rialto.kernel.service import Job, Service
from rialto.orders.api import Orders
from rialto.reporting.api import Reporting
from rialto.reporting.audit import AUDITS
from rialto.reporting.handlers import ReportingHandlers
from rialto.reporting.reactions import REACTIONS
from rialto.reporting.routes import ROUTES
from rialto.reviews.api import Reviews

SERVICE = Service(
    name="reporting",
    api=Reporting,
    package="rialto.reporting",
    needs=(Orders, Reviews),
    build=ReportingHandlers,
    routes=ROUTES,
    reactions=REACTIONS,
    gathers_s=0.2,
    jobs=(Job(name="reporting.fill", every_s=15, run=lambda handlers: handlers.fill()),),
    connections=1,
    audits=AUDITS,
)
