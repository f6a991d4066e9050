"""How orders is plugged in."""

from __future__ import annotations

import msgspec

from rialto.cart.api import Carts
from rialto.identity.api import AccountRef, Identity
from rialto.inventory.api import Inventory
from rialto.kernel.personal import Documents, Person, PersonalData
from rialto.kernel.service import Env, Job, Service
from rialto.orders.api import Orders
from rialto.orders.audit import AUDITS
from rialto.orders.events import EVENTS
from rialto.orders.gauges import GAUGES
from rialto.orders.handlers import OrderHandlers
from rialto.orders.reactions import REACTIONS
from rialto.orders.routes import ROUTES
from rialto.orders.saga import Saga
from rialto.orders.starting import Starter
from rialto.payments.api import Payments
from rialto.pricing.api import Pricing


def build(e: Env) -> OrderHandlers:
    saga = Saga(
        e.db, e.clock, e.ids, e.faults, inventory=e[Inventory], payments=e[Payments], pricing=e[Pricing]
    )
    return OrderHandlers(e, saga, Starter(e.db, e.faults))


async def export(handlers: OrderHandlers, person: Person) -> Documents:
    kept = await handlers.personal_export(AccountRef(account_id=person.account_id))
    return msgspec.to_builtins(kept)  # type: ignore[no-any-return]


async def erase(handlers: OrderHandlers, person: Person) -> None:
    """Before the account is gone; what its last access token still writes goes when `CustomerErased` is reacted to."""
    await handlers.forget(AccountRef(account_id=person.account_id))


SERVICE = Service(
    name="orders",
    api=Orders,
    package="rialto.orders",
    needs=(Carts, Identity, Inventory, Payments, Pricing),
    build=build,
    routes=ROUTES,
    reactions=REACTIONS,
    jobs=(
        Job(name="orders.saga", every_s=1, run=lambda handlers: handlers.work()),
        Job(name="orders.attach", every_s=2, run=lambda handlers: handlers.attach_due()),
        Job(name="orders.erase", every_s=300, run=lambda handlers: handlers.erase_late()),
        Job(name="orders.purge", every_s=3600, run=lambda handlers: handlers.purge()),
    ),
    events=EVENTS,
    permissions=(
        "orders.read",
        "orders.ship",
        "orders.cancel",
        "orders.refund",
        "orders.note",
        "orders.import",
    ),
    connections=3,
    personal=PersonalData(export=export, erase=erase),
    audits=AUDITS,
    gauges=GAUGES,
    outcomes={"checkout": lambda answer: answer.outcome, "resume": lambda answer: answer.outcome},
)
