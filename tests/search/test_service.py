"""Search as a service: declared, built from an environment, and called as another process would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rialto.catalog.api import Catalog
from rialto.engines.tantivy_index import TantivyEngine
from rialto.inventory.api import Inventory
from rialto.kernel.calls import bind
from rialto.kernel.clock import ManualClock
from rialto.kernel.money import EUR, Money
from rialto.reviews.api import Reviews
from rialto.search.api import (
    AllSlugs,
    Browse,
    ChannelFor,
    Featured,
    ProductAsked,
    QueryInvalid,
    Related,
    Search,
    SuggestFor,
    ViewOf,
)
from rialto.search.rebuild import rebuild_search
from rialto.search.service import SERVICE
from tests.search.builders import EN, FakeCatalog, FakeInventory, FakeReviews, a_product, published, stock
from tests.search.builders import logged as logged_at
from tests.support.values import settings_in

pytestmark = [pytest.mark.anyio, pytest.mark.fast]


class Env:
    """What `build` needs of an environment."""

    def __init__(self, data: Path) -> None:
        self.clock = ManualClock()
        self.settings = settings_in(data)
        self._peers: dict[type[Any], Any] = {
            Catalog: FakeCatalog([a_product(1, attributes={"colour": "red"}), a_product(2)]),
            Inventory: FakeInventory({"SKU-1": 1}),
            Reviews: FakeReviews(),
        }

    def __getitem__(self, api: type[Any]) -> Any:
        return self._peers[api]

    def engine(self, port: str) -> Any:
        return {"index": TantivyEngine()}[port]


async def test_every_operation_survives_the_wire(tmp_path: Path) -> None:
    env = Env(tmp_path)
    handlers = SERVICE.build(env)
    assert await rebuild_search(handlers, positions={0: 0}) == 2
    assert (tmp_path / "search" / "current").exists()
    search: Search = bind(Search, handlers, clock=env.clock, strict=True)
    page = await search.browse(Browse(view=EN, filters={"colour": ["red"]}, limit=1))
    assert [(card.slug, card.price_from, card.availability) for card in page.items] == [
        ("p-1", Money(1000, EUR), "few_left")
    ]
    detail = await search.product(ProductAsked(view=EN, ref="p-1"))
    assert detail.attributes == {"colour": "red"}
    assert [card.slug for card in (await search.related(Related(view=EN, ref="p-1"))).items] == ["p-2"]
    assert len((await search.featured(Featured(view=EN))).items) == 2
    assert (await search.categories(ViewOf(view=EN))).items[0].count == 2
    assert (await search.suggest(SuggestFor(view=EN, q="la"))).items
    assert (await search.sitemap(AllSlugs())).items
    assert (await search.channel(ChannelFor())).code == "default"
    with pytest.raises(QueryInvalid):
        await search.browse(Browse(view=EN, sort="cheapest"))


async def test_the_declared_feed_takes_in_what_the_bus_brings(tmp_path: Path) -> None:
    handlers = SERVICE.build(Env(tmp_path))
    await rebuild_search(handlers, positions={0: 0})
    feed = SERVICE.feeds[0](handlers)
    await feed.apply([logged_at(published(a_product(3)), log_id=1), logged_at(stock("SKU-3"), log_id=2)])
    assert feed.positions() == {0: 2}
    search: Search = handlers
    assert (await search.browse(Browse(view=EN, in_stock=True))).total == 2


async def test_it_is_built_on_a_folder_it_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "search").mkdir()
    (tmp_path / "search" / "current").write_bytes(b"\xff")
    assert not SERVICE.build(Env(tmp_path)).store.ready
