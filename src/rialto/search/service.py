"""How search is plugged in. It has no database: its folder is made from the catalogue whenever it is missing."""

from __future__ import annotations

from rialto.catalog.api import Catalog
from rialto.inventory.api import Inventory
from rialto.kernel.service import Env, Service
from rialto.reviews.api import Reviews
from rialto.search import routes
from rialto.search.api import Search
from rialto.search.feed import SearchFeed
from rialto.search.handlers import SearchHandlers
from rialto.search.store import SearchStore


def build(e: Env) -> SearchHandlers:
    """Opens what is on disk and takes the writer's lock if it is free. Never fails for a damaged folder."""
    store = SearchStore(e.settings.data / "search", e.engine("index"))
    store.open()
    return SearchHandlers(store, e.clock, catalog=e[Catalog], inventory=e[Inventory], reviews=e[Reviews])


SERVICE = Service(
    name="search",
    api=Search,
    build=build,
    package="rialto.search",
    needs=(Catalog, Inventory, Reviews),
    routes=routes.ROUTES,
    feeds=(SearchFeed,),
    stored=False,
    connections=0,
)
