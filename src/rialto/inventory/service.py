"""How inventory is plugged in."""

from __future__ import annotations

from rialto.inventory.api import Inventory
from rialto.inventory.audit import AUDITS
from rialto.inventory.events import EVENTS
from rialto.inventory.gauges import GAUGES
from rialto.inventory.handlers import InventoryHandlers
from rialto.inventory.routes import ROUTES
from rialto.kernel.service import Job, Service

SERVICE = Service(
    name="inventory",
    api=Inventory,
    package="rialto.inventory",
    build=lambda e: InventoryHandlers(e.db, e.clock, e.ids, e.faults),
    routes=ROUTES,
    jobs=(Job(name="inventory.sweep", every_s=5, run=lambda handlers: handlers.sweep()),),
    events=EVENTS,
    permissions=("inventory.read", "inventory.write"),
    connections=2,
    audits=AUDITS,
    gauges=GAUGES,
)
