"""How reviews are plugged in. Engines: `documents` (kernel.documents.Documents), `secrets` (kernel.secrets.Secrets)."""

from __future__ import annotations

from rialto.kernel.service import Job, Service
from rialto.orders.api import Orders
from rialto.reviews.api import Reviews
from rialto.reviews.audit import AUDITS
from rialto.reviews.events import EVENTS
from rialto.reviews.handlers import ReviewHandlers
from rialto.reviews.routes import ROUTES
from rialto.reviews.store import COLLECTIONS

SERVICE = Service(
    name="reviews",
    api=Reviews,
    package="rialto.reviews",
    needs=(Orders,),
    build=ReviewHandlers,
    routes=ROUTES,
    jobs=(Job(name="reviews.follow", every_s=2, run=lambda handlers: handlers.follow()),),
    events=EVENTS,
    collections=COLLECTIONS,
    permissions=("reviews.moderate",),
    connections=1,
    audits=AUDITS,
)
