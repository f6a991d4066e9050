"""How the catalogue is plugged in."""

from __future__ import annotations

from urllib.parse import urlsplit

from rialto.catalog.api import Catalog
from rialto.catalog.events import EVENTS
from rialto.catalog.handlers import CatalogHandlers
from rialto.catalog.reactions import REACTIONS
from rialto.catalog.routes import ROUTES
from rialto.kernel.service import Job, Service

SERVICE = Service(
    name="catalog",
    api=Catalog,
    package="rialto.catalog",
    build=lambda e: CatalogHandlers(
        e.db,
        e.clock,
        e.ids,
        pictures=e.engine("pictures")(e.settings.data / "media"),
        shop_host=urlsplit(e.settings.public_url).hostname or "",
    ),
    routes=ROUTES,
    reactions=REACTIONS,
    gathers_s=0.2,
    jobs=(
        Job(name="catalog.companions", every_s=30, run=lambda handlers: handlers.choose_companions()),
        Job(name="catalog.plans", every_s=5, run=lambda handlers: handlers.follow_plans()),
    ),
    events=EVENTS,
    permissions=("catalog.read", "catalog.write", "settings.read", "settings.write"),
    connections=1,
)
