"""How ratings reach the read model, and how products are ordered by them."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path

import pytest

from rialto.catalog.api import ProductDocument
from rialto.catalog.events import AttributesChanged
from rialto.search.api import ProductAsked, Rating
from tests.search.builders import ATTRIBUTES, EN, Shop, a_product, a_shop, product_id, published, stars

pytestmark = pytest.mark.anyio

FOUR = (0, 0, 0, 3, 0)


async def rating(shop: Shop, slug: str = "p-1") -> Rating | None:
    """As the product's own page and its card in a list tell it."""
    detail = await shop.search.product(ProductAsked(view=EN, ref=slug))
    [card] = [card for card in (await shop.browse()).items if card.slug == slug]
    assert card.rating == detail.rating
    return detail.rating


def some_products(count: int) -> list[ProductDocument]:
    return [a_product(number, created_on=date(2026, 1, number)) for number in range(1, count + 1)]


async def test_a_product_tells_its_rating_once_it_has_one(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(1)])
    assert await rating(shop) is None
    await shop.tell(stars(product_id(1), *FOUR))
    assert await rating(shop) == Rating(average=400, count=3)
    await shop.tell(stars(product_id(1), 0, 0, 0, 3, 1))
    assert await rating(shop) == Rating(average=425, count=4)


async def test_without_reviews_any_more_there_is_no_rating(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, some_products(2))
    await shop.tell(stars(product_id(1), *FOUR), stars(product_id(1), 0, 0, 0, 0, 0))
    assert await rating(shop) is None
    assert (await shop.browse()).rated == 0
    assert await shop.found(sort="rating") == ["p-2", "p-1"]


async def test_the_best_liked_come_first_and_what_nobody_reviewed_last(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, some_products(5))
    await shop.tell(
        stars(product_id(1), 9, 0, 0, 0, 0),
        stars(product_id(2), 0, 0, 0, 0, 1),
        stars(product_id(3), 0, 0, 0, 20, 30),
    )
    assert await shop.found(sort="rating") == ["p-3", "p-2", "p-1", "p-5", "p-4"]
    assert (await shop.browse()).rated == 3
    first = await shop.browse(sort="rating", limit=2)
    second = await shop.browse(sort="rating", limit=3, cursor=first.next_cursor)
    assert [card.slug for card in second.items] == ["p-1", "p-5", "p-4"]


async def test_a_rating_may_be_known_before_its_product(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(2)])
    await shop.tell(stars(product_id(1), *FOUR))
    await shop.tell(published(a_product(1)))
    assert await rating(shop) == Rating(average=400, count=3)
    assert await shop.found(sort="rating") == ["p-1", "p-2"]


async def test_a_changed_or_hidden_product_keeps_its_rating(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, some_products(2))
    await shop.tell(stars(product_id(1), *FOUR))
    await shop.tell(published(a_product(1, version=2, title="Better lamp")))
    assert await rating(shop) == Rating(average=400, count=3)
    await shop.tell(published(a_product(1, version=3, published=False)))
    assert await shop.found(sort="rating") == ["p-2"]
    await shop.tell(stars(product_id(1), 0, 0, 0, 3, 3))
    await shop.tell(published(a_product(1, version=4)))
    assert await rating(shop) == Rating(average=450, count=6)
    assert await shop.found(sort="rating") == ["p-1", "p-2"]


async def test_ratings_are_kept_with_the_index(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, some_products(2))
    await shop.tell(stars(product_id(1), *FOUR), stars(product_id(2), 1, 0, 0, 0, 0))
    await shop.tell(stars(product_id(2), 0, 0, 0, 0, 0))
    shop.store.close()
    again = Shop(tmp_path, shop.catalog, shop.inventory)
    assert again.opened
    assert await rating(again) == Rating(average=400, count=3)
    assert await rating(again, "p-2") is None


async def test_another_process_of_the_host_sees_them(tmp_path: Path) -> None:
    writer = await a_shop(tmp_path, some_products(2))
    assert writer.feed.active
    reader = Shop(tmp_path, writer.catalog, writer.inventory)
    event = writer.logged(stars(product_id(1), *FOUR))
    await writer.feed.apply([event])
    assert await rating(reader) == Rating(average=400, count=3)


async def test_changed_definitions_do_not_lose_them(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, some_products(2))
    await shop.tell(stars(product_id(1), *FOUR))
    await shop.tell(AttributesChanged(attributes=ATTRIBUTES[:1]), stars(product_id(2), 0, 1, 0, 0, 0))
    assert await rating(shop) == Rating(average=400, count=3)
    assert await rating(shop, "p-2") == Rating(average=200, count=1)
    assert await shop.found(sort="rating") == ["p-1", "p-2"]


async def test_a_rebuild_asks_reviews_page_by_page(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, some_products(3))
    shop.reviews.histograms = {
        product_id(1): list(FOUR),
        product_id(3): [0, 0, 0, 0, 0],
        product_id(2): [5, 0, 0, 0, 0],
    }
    await shop.rebuild()
    assert [await rating(shop, f"p-{number}") for number in (1, 2, 3)] == [
        Rating(average=400, count=3),
        Rating(average=100, count=5),
        None,
    ]


async def test_applying_a_batch_again_changes_nothing(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(1)])
    old, new = (shop.logged(stars(product_id(1), *told)) for told in (FOUR, (0, 0, 0, 0, 9)))
    await shop.feed.apply([old, new])
    await shop.feed.apply([old])
    assert await rating(shop) == Rating(average=500, count=9)


async def test_grown_event_by_event_the_order_is_the_one_made_at_once(tmp_path: Path) -> None:
    chance = random.Random(5)
    shop = await a_shop(tmp_path, some_products(20))
    for _ in range(15):
        await shop.tell(
            *(
                stars(product_id(chance.randint(1, 20)), *(chance.choice([0, 0, 3]) for _ in range(5)))
                for _ in range(6)
            )
        )
    grown = await shop.found(sort="rating")
    shop.store.close()
    assert await Shop(tmp_path, shop.catalog, shop.inventory).found(sort="rating") == grown
