"""How payments is plugged in. Providers are engines named `payments.<provider>`."""

from __future__ import annotations

from rialto.kernel.service import Service
from rialto.payments.api import Payments
from rialto.payments.audit import AUDITS
from rialto.payments.events import EVENTS
from rialto.payments.handlers import PaymentHandlers
from rialto.payments.reactions import REACTIONS
from rialto.payments.reconciliation import providers_agree
from rialto.payments.routes import ROUTES

SERVICE = Service(
    name="payments",
    api=Payments,
    package="rialto.payments",
    build=lambda e: PaymentHandlers(e.db, e.clock, e.ids, e.faults, providers=e.engine("payments")),
    routes=ROUTES,
    reactions=REACTIONS,
    events=EVENTS,
    permissions=("payments.read",),
    connections=2,
    audits=(*AUDITS, providers_agree),
    # A payment that is still `started` afterwards is one whose outcome nobody knows yet.
    outcomes={"authorise": lambda payment: payment.status},
)
