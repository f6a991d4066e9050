"""How payments is plugged in. Providers are engines named `payments.<provider>`."""

from __future__ import annotations

from rialto.catalog.api import Catalog
from rialto.kernel.service import Env, Job, Service
from rialto.payments.api import Payments
from rialto.payments.audit import AUDITS
from rialto.payments.events import EVENTS
from rialto.payments.handlers import PaymentHandlers
from rialto.payments.origins import Origins
from rialto.payments.reactions import REACTIONS
from rialto.payments.reconciliation import providers_agree
from rialto.payments.routes import ROUTES


def build(e: Env) -> PaymentHandlers:
    providers = e.engine("payments")
    return PaymentHandlers(
        e.db,
        e.clock,
        e.ids,
        e.faults,
        providers=providers,
        origins=Origins(e[Catalog], providers, public_url=e.settings.public_url),
    )


SERVICE = Service(
    name="payments",
    api=Payments,
    package="rialto.payments",
    needs=(Catalog,),
    build=build,
    routes=ROUTES,
    reactions=REACTIONS,
    events=EVENTS,
    permissions=("payments.read",),
    connections=2,
    jobs=(Job(name="payments.origins", every_s=5, run=lambda handlers: handlers.tell_origins()),),
    audits=(*AUDITS, providers_agree),
    # A payment that is still `started` afterwards is one whose outcome nobody knows yet.
    outcomes={"authorise": lambda payment: payment.status},
)
