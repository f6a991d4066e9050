"""How the catalogue is plugged in."""

from __future__ import annotations

from rialto.catalog.api import Catalog
from rialto.catalog.events import EVENTS
from rialto.catalog.handlers import CatalogHandlers
from rialto.catalog.routes import ROUTES
from rialto.kernel.service import Service

SERVICE = Service(
    name="catalog",
    api=Catalog,
    package="rialto.catalog",
    build=lambda e: CatalogHandlers(e.db, e.clock, e.ids),
    routes=ROUTES,
    events=EVENTS,
    permissions=("catalog.read", "catalog.write"),
    connections=1,
)
