"""What is bought together: told by the catalogue, shown beside a product, kept on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from rialto.catalog.api import Category, Companions
from rialto.catalog.events import CategoriesChanged, CompanionsFound
from rialto.search.api import ProductGone, Related
from tests.search.builders import CATEGORIES, EN, Shop, a_product, a_shop, product_id, published, stock

pytestmark = [pytest.mark.anyio, pytest.mark.fast]


def bought(number: int, *others: int) -> CompanionsFound:
    companions = Companions(product_id=product_id(number), others=[product_id(other) for other in others])
    return CompanionsFound(companions=companions)


async def beside(shop: Shop, ref: str, limit: int = 4) -> list[str]:
    cards = await shop.search.together(Related(view=EN, ref=ref, limit=limit))
    return [card.slug for card in cards.items]


async def five_things(folder: Path) -> Shop:
    products = [a_product(number, category="vases") for number in range(2, 6)]
    return await a_shop(folder, [a_product(1, related=["p-5"]), *products])


async def test_what_the_merchant_named_stands_before_what_was_bought_with_it(tmp_path: Path) -> None:
    shop = await five_things(tmp_path)
    assert await beside(shop, "p-1") == [], "no order says anything yet"
    await shop.tell(bought(1, 3, 2, 9))
    assert await beside(shop, "p-1") == ["p-5", "p-3", "p-2"]
    assert await beside(shop, "p-1", limit=2) == ["p-5", "p-3"]
    assert await beside(shop, "p-3") == []
    await shop.tell(bought(1))
    assert await beside(shop, "p-1") == []
    with pytest.raises(ProductGone):
        await beside(shop, "gone")


async def test_what_cannot_be_had_is_not_shown_as_bought_together(tmp_path: Path) -> None:
    shop = await five_things(tmp_path)
    await shop.tell(
        bought(2, 3, 4), stock("SKU-3", "sold_out", 0), published(a_product(4, version=2, published=False))
    )
    assert await beside(shop, "p-2") == []
    await shop.tell(stock("SKU-3"))
    assert await beside(shop, "p-2") == ["p-3"]


async def test_it_survives_new_definitions_a_restart_and_a_rebuild(tmp_path: Path) -> None:
    shop = await five_things(tmp_path)
    await shop.tell(bought(1, 2))
    more = Category(slug="more", title={"en": "More"})
    await shop.tell(CategoriesChanged(categories=[*CATEGORIES, more]), bought(3, 4))
    assert await beside(shop, "p-1") == ["p-5", "p-2"]
    assert await beside(shop, "p-3") == ["p-4"]
    reader = Shop(tmp_path)
    await shop.tell(bought(4, 5))
    assert await beside(reader, "p-1") == ["p-5", "p-2"]
    assert await beside(reader, "p-4") == ["p-5"], "told to the process that does not write"
    shop.catalog.together = [bought(2, 3).companions, bought(5, 4).companions]
    await shop.rebuild()
    assert [await beside(shop, ref) for ref in ("p-1", "p-2", "p-5")] == [[], ["p-3"], ["p-4"]]
