"""How pricing is plugged in."""

from __future__ import annotations

from rialto.catalog.api import Catalog
from rialto.identity.api import Identity
from rialto.kernel.service import Service
from rialto.pricing.api import Pricing
from rialto.pricing.audit import AUDITS
from rialto.pricing.handlers import PricingHandlers
from rialto.pricing.reactions import REACTIONS
from rialto.pricing.routes import ROUTES

SERVICE = Service(
    name="pricing",
    api=Pricing,
    needs=(Catalog, Identity),
    build=lambda e: PricingHandlers(e.db, e.clock, e.ids, e[Catalog], identity=e[Identity]),
    package="rialto.pricing",
    routes=ROUTES,
    reactions=REACTIONS,
    gathers_s=0.2,
    permissions=("pricing.read", "pricing.write"),
    connections=1,
    audits=AUDITS,
)
