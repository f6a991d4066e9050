"""How notifications is plugged in. Engines: `mail` (kernel.mail.Mailer), `keyvalue` (kernel.keyvalue.KeyValues). Its viewer's pages are OPS_ROUTES."""

from __future__ import annotations

from rialto.catalog.api import Catalog
from rialto.identity.api import Identity
from rialto.inventory.api import Inventory
from rialto.kernel.limits import Throttle
from rialto.kernel.personal import PersonalData
from rialto.kernel.service import Env, Job, Service
from rialto.notifications.api import Notifications
from rialto.notifications.audit import AUDITS
from rialto.notifications.gauges import GAUGES
from rialto.notifications.handlers import NotificationHandlers
from rialto.notifications.reactions import REACTIONS
from rialto.notifications.render import Renderer
from rialto.notifications.routes import ROUTES
from rialto.notifications.waiting import ASKED_BURST, ASKED_PER_S
from rialto.orders.api import Orders


def build(e: Env) -> NotificationHandlers:
    return NotificationHandlers(
        e.db,
        e.clock,
        e.ids,
        orders=e[Orders],
        catalog=e[Catalog],
        identity=e[Identity],
        inventory=e[Inventory],
        mailer=e.engine("mail"),
        renderer=Renderer(e.settings.public_url),
        public_url=e.settings.public_url,
        waiting_key=e.engine("secrets").derive("notifications:waiting").encode(),
        askers=Throttle("waiting", e.engine("keyvalue"), per_s=ASKED_PER_S, burst=ASKED_BURST, clock=e.clock),
        kept=e.settings.keep.mails,
    )


SERVICE = Service(
    name="notifications",
    api=Notifications,
    package="rialto.notifications",
    build=build,
    needs=(Orders, Catalog, Identity, Inventory),
    routes=ROUTES,
    reactions=REACTIONS,
    gathers_s=0.2,
    jobs=(
        Job(name="notifications.restocked", every_s=2, run=lambda handlers: handlers.mail_restocked()),
        Job(name="notifications.send", every_s=1, run=lambda handlers: handlers.send_due()),
        Job(name="notifications.forget", every_s=3600, run=lambda handlers: handlers.forget_old()),
    ),
    personal=PersonalData(
        export=lambda handlers, person: handlers.documents_of(person),
        erase=lambda handlers, person: handlers.forget(person),
    ),
    connections=1,
    audits=AUDITS,
    gauges=GAUGES,
)
