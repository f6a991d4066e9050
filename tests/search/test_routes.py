"""The public routes: parameters in, JSON as design section 8 says out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import ValidationException
from litestar.testing import AsyncTestClient

from rialto.catalog.api import Collection, CollectionRule, Picture, PriceBand
from rialto.catalog.events import CollectionsChanged
from rialto.kernel.errors import RialtoError
from rialto.kernel.http import handle_rialto_error, handle_validation
from rialto.search.routes import ROUTES, filters_of, preferred_language
from tests.search.builders import Shop, a_product, a_shop, a_variant

pytestmark = [pytest.mark.anyio, pytest.mark.fast]

Get = Callable[..., Awaitable[Any]]


@asynccontextmanager
async def serving(shop: Shop) -> AsyncIterator[Get]:
    app = Litestar(
        route_handlers=list(ROUTES),
        dependencies={"search": Provide(lambda: shop.search, sync_to_thread=False)},
        exception_handlers={RialtoError: handle_rialto_error, ValidationException: handle_validation},
    )
    async with AsyncTestClient(app, base_url="http://shop.example") as client:

        async def get(path: str, status: int = 200, **headers: str) -> Any:
            answer = await client.get(
                path, headers={name.replace("_", "-"): text for name, text in headers.items()}
            )
            assert answer.status_code == status, answer.text
            return answer.json()

        yield get


@pytest.fixture
async def shop(tmp_path: Path) -> Shop:
    picture = Picture(alt={"en": "A lamp"}, file="lamp-abc", widths=[960, 480], width=960, height=960)
    return await a_shop(
        tmp_path,
        [
            a_product(1, {"en": "Lamp", "de": "Leuchte"}, attributes={"colour": "red"}, images=[picture]),
            a_product(
                2, "Vase", category="vases", attributes={"colour": "blue", "dimmable": True}, price=2500
            ),
            a_product(3, "Bowl", variants=[a_variant("B", 300, USD=400)], category=None),
        ],
    )


async def test_a_list_item_and_the_list_have_the_designed_fields(shop: Shop) -> None:
    async with serving(shop) as get:
        page = await get("/v1/products?category=lamps")
    assert set(page) >= {"items", "next_cursor", "facets", "total"}
    item = page["items"][0]
    assert set(item) >= {
        *("id", "slug", "title", "category", "attributes", "images", "price_from", "variants", "rating"),
        "availability",
    }
    assert item["price_from"] == {"amount": 1000, "currency": "EUR"}
    assert item["variants"] == [{"sku": "SKU-1", "options": {}, "availability": "in_stock"}]
    assert item["images"][0]["url"] == "/media/lamp-abc-960.webp"
    assert item["images"][0]["srcset"] == "/media/lamp-abc-480.webp 480w, /media/lamp-abc-960.webp 960w"
    assert item["images"][0]["widths"] == [960, 480]


async def test_a_product_has_the_designed_fields(shop: Shop) -> None:
    async with serving(shop) as get:
        product = await get("/v1/products/p-1?language=de")
        assert product == await get(f"/v1/products/{product['id']}", accept_language="de-AT, en;q=0.5")
        problem = await get("/v1/products/nothing", 404)
    assert set(product) >= {
        *("id", "slug", "title", "description", "category", "attributes", "images", "price_from"),
        *("variants", "rating"),
    }
    assert set(product["variants"][0]) >= {"sku", "title", "options", "price", "availability"}
    assert product["title"] == "Leuchte"
    assert problem["code"] == "not_found"


async def test_filters_may_be_repeated_or_separated_by_commas(shop: Shop) -> None:
    async with serving(shop) as get:

        async def slugs(query: str) -> set[str]:
            return {item["slug"] for item in (await get(f"/v1/products?{query}"))["items"]}

        assert await slugs("colour=red&colour=blue") == {"p-1", "p-2"}
        assert await slugs("colour=red,blue&dimmable=true") == {"p-2"}
        assert await slugs("price_min=500&price_max=1000") == {"p-1"}
        assert await slugs("currency=USD&price_min=1") == {"p-3"}
        assert await slugs("q=vas&in_stock=true&utm_source=mail") == {"p-2"}
        assert await slugs("collection=featured") == set()


async def test_pages_follow_each_other_by_cursor(shop: Shop) -> None:
    async with serving(shop) as get:
        first = await get("/v1/products?limit=2&sort=title")
        second = await get(f"/v1/products?limit=2&sort=title&cursor={first['next_cursor']}")
    assert [item["title"] for item in first["items"] + second["items"]] == ["Bowl", "Lamp", "Vase"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("limit=0", "limit"),
        ("limit=many", "limit"),
        ("sort=cheapest", "sort"),
        ("price_min=-1", "price_min"),
        ("price_min=2&price_max=1", "price_max"),
        ("cursor=abc", "cursor"),
        ("cursor=", "cursor"),
        ("currency=XYZ", "currency"),
        ("currency=JPY", "currency"),
        ("language=fr", "language"),
        ("channel=gone", "channel"),
        ("in_stock=perhaps", "in_stock"),
        ("q=" + "x" * 201, "q"),
    ],
)
async def test_a_bad_value_is_refused_with_its_field(shop: Shop, query: str, path: str) -> None:
    async with serving(shop) as get:
        problem = await get(f"/v1/products?{query}", 422)
    assert problem["code"] in {"validation_failed", "currency_unknown"}
    assert path in [fault["path"] for fault in problem["errors"]]


async def test_the_channel_decides_currency_and_language(shop: Shop) -> None:
    async with serving(shop) as get:
        page = await get("/v1/products?channel=b2b&sort=title")
        assert page["items"][0]["price_from"] == {"amount": 400, "currency": "USD"}
        assert "Leuchte" in [item["title"] for item in page["items"]]
        by_host = await get("/v1/products?sort=title", host="b2b.example")
        assert by_host == page


async def test_categories_and_suggestions(shop: Shop) -> None:
    async with serving(shop) as get:
        tree = await get("/v1/categories?language=de")
        assert [(each["title"], each["count"]) for each in tree["items"]] == [("Wohnen", 2), ("Papeterie", 0)]
        found = await get("/v1/suggest?q=lam&limit=3")
        assert [each["kind"] for each in found["items"]] == ["category", "product", "query"]
        assert found["items"][1]["image"]["url"] == "/media/lamp-abc-960.webp"
        assert [each["slug"] for each in found["products"]] == ["p-1"]
        assert set(found["products"][0]) == {"slug", "title", "image", "price_from", "price_to"}
        assert found["categories"] == [{"slug": "lamps", "title": "Lamps", "count": 1}]
        assert (await get("/v1/suggest"))["items"] == []


async def test_collections_in_the_language_asked_for(shop: Shop) -> None:
    cheap = CollectionRule(prices={"EUR": PriceBand(high=300)})
    await shop.tell(
        CollectionsChanged(
            collections=[
                Collection(slug="art", title={"en": "Art"}, products=["p-2", "gone"]),
                Collection(slug="cheap", title={"en": "Cheap", "de": "Billig"}, rule=cheap),
            ]
        )
    )
    async with serving(shop) as get:
        found = (await get("/v1/collections?language=de"))["items"]
        assert found == [
            {"slug": "art", "title": "Art", "description": ""},
            {"slug": "cheap", "title": "Billig", "description": ""},
        ]
        await get("/v1/collections?channel=none", 422)
        await get("/v1/collections?language=fr", 422)
        await shop.tell(CollectionsChanged(collections=[]))
        assert (await get("/v1/collections"))["items"] == []


async def test_every_other_parameter_is_a_filter() -> None:
    assert filters_of({"q": ["x"], "colour": ["red,blue", "oak"], "empty": ["", " , "]}) == {
        "colour": ["red", "blue", "oak"]
    }


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("fr, de-CH;q=0.3", "de"),
        ("en;q=0.2, de;q=0.8", "de"),
        ("de;q=0", "en"),
        ("*;q=nonsense, ;;;,=", "en"),
    ],
)
async def test_the_language_a_browser_likes_best_is_taken(header: str, language: str) -> None:
    assert preferred_language(header, ["en", "de"]) == language
