"""The list of products, published or not."""

from __future__ import annotations

from typing import Any

from litestar import get

from rialto.admin.desk import HOME, Desk
from rialto.admin.rendering import PAGE, page
from rialto.admin.tables import Choice, Column, Filter, read_listing
from rialto.catalog.api import Catalog, ListProducts, ProductDraft, ProductNotFound, Products
from rialto.importing.demo_removal import demo_products
from rialto.kernel.http import Injected, requires
from rialto.kernel.ids import ProductId
from rialto.kernel.money import Currency, Money
from rialto.kernel.service import Nothing
from rialto.storefront import pictures

LIST = f"{HOME}/products"
PAGE_SIZE = 30
COLUMNS = ("product", "category", "variants", "price", "state")


@get(LIST, guards=[requires("catalog.read")])
async def list_products(desk: Injected[Desk], catalog: Injected[Catalog]) -> PAGE:
    """In the order they were made; found by title, address or SKU."""
    listing = read_listing(desk, ["q", "category", "state"], sorts=["made"])
    state = {"published": True, "hidden": False}.get(listing.value("state"))
    command = ListProducts(
        text=listing.value("q"),
        category=listing.value("category") or None,
        published=state,
        cursor=None if listing.cursor is None else ProductId(listing.cursor),
        limit=PAGE_SIZE,
    )
    found = await _found(catalog, command)
    texts = desk.texts
    categories = (await catalog.categories(Nothing())).items
    names = {each.slug: _text(each.title, desk.language) for each in categories}
    states = [Choice(value=one, label=texts(f"products.{one}")) for one in ("published", "hidden")]
    filters = [
        Filter(
            name="category",
            label=texts("products.category"),
            choices=[Choice(value=slug, label=name) for slug, name in names.items()],
        ),
        Filter(name="state", label=texts("products.state"), choices=states),
    ]
    return page(
        desk,
        "pages/products/list.html",
        section="products",
        listing=listing,
        filters=filters,
        columns=[Column(label=texts(f"products.{name}"), numeric=name == "variants") for name in COLUMNS],
        products=[_row(product.id, product.draft, desk.language) for product in found.items],
        categories=names,
        has_demo=any(one.draft.published and one.draft.slug in demo_products() for one in found.items),
        next_cursor=found.next_cursor,
    )


async def _found(catalog: Catalog, command: ListProducts) -> Products:
    """A cursor that is none of ours leads to the beginning."""
    try:
        return await catalog.list_products(command)
    except ProductNotFound:
        first = ListProducts(
            text=command.text, category=command.category, published=command.published, limit=command.limit
        )
        return await catalog.list_products(first)


def _row(product_id: str, draft: ProductDraft, language: str) -> dict[str, Any]:
    title = _text(draft.title, language)
    picture = draft.images[0] if draft.images else None
    currency = _first_currency(draft)
    prices = [
        Money(variant.prices[currency], currency) for variant in draft.variants if currency in variant.prices
    ]
    return {
        "id": product_id,
        "title": title,
        "slug": draft.slug,
        "picture": pictures.shown(picture, language=language, title=title),
        "category": draft.category or "",
        "variants": len(draft.variants),
        "price": min(prices, default=None),
        "published": draft.published,
        "publish_at": draft.publish_at,
        "unpublish_at": draft.unpublish_at,
    }


def _first_currency(draft: ProductDraft) -> Currency:
    return Currency(next((currency for variant in draft.variants for currency in variant.prices), ""))


def _text(texts: dict[str, str], language: str) -> str:
    return texts.get(language) or next(iter(texts.values()), "")


ROUTES: list[Any] = [list_products]
