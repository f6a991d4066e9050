"""How cart is plugged in. Engine: `cache`, which makes one for so many entries (kernel.cache.CacheEngine)."""

from __future__ import annotations

import msgspec

from rialto.cart.api import Carts
from rialto.cart.handlers import CartHandlers
from rialto.cart.peers import Peers
from rialto.cart.reactions import REACTIONS
from rialto.cart.routes import ROUTES
from rialto.catalog.api import Catalog
from rialto.identity.api import AccountRef
from rialto.inventory.api import Inventory
from rialto.kernel.personal import Documents, Person, PersonalData
from rialto.kernel.service import Job, Service
from rialto.pricing.api import Pricing


async def export(handlers: CartHandlers, person: Person) -> Documents:
    kept = await handlers.personal_export(AccountRef(account_id=person.account_id))
    return msgspec.to_builtins(kept)  # type: ignore[no-any-return]


async def erase(handlers: CartHandlers, person: Person) -> None:
    """Before the account is gone; what its last access token still writes goes when `CustomerErased` is reacted to."""
    await handlers.forget(AccountRef(account_id=person.account_id))


SERVICE = Service(
    name="cart",
    api=Carts,
    needs=(Catalog, Inventory, Pricing),
    build=lambda e: CartHandlers(
        e.db,
        e.clock,
        e.ids,
        Peers(e[Catalog], e[Inventory], e[Pricing], clock=e.clock, ids=e.ids, memory=e.engine("cache")),
        kept=e.settings.keep.carts,
        public_url=e.settings.public_url,
    ),
    package="rialto.cart",
    routes=ROUTES,
    reactions=REACTIONS,
    jobs=(
        Job(name="cart.expire", every_s=3600, run=lambda carts: carts.expire()),
        Job(name="cart.erase", every_s=300, run=lambda carts: carts.erase_late()),
    ),
    connections=2,
    personal=PersonalData(export=export, erase=erase),
)
