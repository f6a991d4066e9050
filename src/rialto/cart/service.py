"""How cart is plugged in. Engine: `cache`, which makes one for so many entries (kernel.cache.CacheEngine)."""

from __future__ import annotations

from rialto.cart.api import Carts
from rialto.cart.handlers import CartHandlers
from rialto.cart.peers import Peers
from rialto.cart.reactions import REACTIONS
from rialto.cart.routes import ROUTES
from rialto.catalog.api import Catalog
from rialto.inventory.api import Inventory
from rialto.kernel.service import Job, Service
from rialto.pricing.api import Pricing

SERVICE = Service(
    name="cart",
    api=Carts,
    needs=(Catalog, Inventory, Pricing),
    build=lambda e: CartHandlers(
        e.db,
        e.clock,
        e.ids,
        Peers(e[Catalog], e[Inventory], e[Pricing], clock=e.clock, ids=e.ids, memory=e.engine("cache")),
    ),
    package="rialto.cart",
    routes=ROUTES,
    reactions=REACTIONS,
    jobs=(
        Job(name="cart.expire", every_s=3600, run=lambda carts: carts.expire()),
        Job(name="cart.erase", every_s=300, run=lambda carts: carts.erase_late()),
    ),
    connections=2,
)
