"""What the public API answers: the service's views with addresses of pictures. Fields are only ever added."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from rialto.catalog.api import AttributeValue, Maker, Picture, PricePerUnit, Texts
from rialto.kernel.ids import ProductId
from rialto.kernel.money import Money
from rialto.kernel.service import Frozen
from rialto.search.api import (
    AttributeLine,
    CategoryHint,
    CategoryLink,
    CollectionHead,
    Facet,
    FewerWords,
    PriceRange,
    ProductCard,
    ProductDetail,
    ProductHint,
    ProductOption,
    ProductPage,
    Rating,
    Suggestion,
    Suggestions,
    Variant,
    VariantCard,
)

MEDIA = "/media"


class ApiPicture(Frozen):
    """`url` is the largest file, `srcset` names all of them as HTML wants it."""

    url: str | None
    srcset: str
    alt: Texts
    file: str | None
    widths: list[int]
    width: int
    height: int
    options: dict[str, str]


class ApiListItem(Frozen):
    id: ProductId
    slug: str
    title: str
    category: str | None
    attributes: dict[str, AttributeValue]
    images: list[ApiPicture]
    price_from: Money | None
    price_to: Money | None
    compare_at: Money | None
    lowest_30_days: Money | None
    unit_price: PricePerUnit | None
    variants: list[VariantCard]
    availability: str
    rating: Rating | None


class ApiCategory(Frozen):
    slug: str
    title: str
    count: int
    description: str
    parent: str | None
    image: ApiPicture | None
    children: list[ApiCategory]


class ApiProductPage(Frozen):
    items: list[ApiListItem]
    next_cursor: str | None
    facets: list[Facet]
    total: int
    price_range: PriceRange | None
    categories: list[ApiCategory]
    did_you_mean: list[str]
    fewer_words: list[FewerWords]


class ApiProduct(Frozen):
    id: ProductId
    slug: str
    title: str
    description: str
    category: str | None
    breadcrumb: list[ApiCategory]
    attributes: dict[str, AttributeValue]
    details: list[AttributeLine]
    options: list[ProductOption]
    images: list[ApiPicture]
    price_from: Money | None
    price_to: Money | None
    variants: list[Variant]
    availability: str
    rating: Rating | None
    changed_on: date | None
    maker: Maker | None
    safety: str


class ApiCategories(Frozen):
    items: list[ApiCategory]


class ApiCollection(Frozen):
    slug: str
    title: str
    description: str


class ApiCollections(Frozen):
    items: list[ApiCollection]


class ApiSuggestion(Frozen):
    kind: str
    text: str
    slug: str | None
    image: ApiPicture | None
    price_from: Money | None


class ApiProductHint(Frozen):
    slug: str
    title: str
    image: ApiPicture | None
    price_from: Money | None
    price_to: Money | None


class ApiSuggestions(Frozen):
    """`items` hold everything in one order; `products`, `categories` and `queries` are the same by kind."""

    items: list[ApiSuggestion]
    products: list[ApiProductHint]
    categories: list[CategoryHint]
    queries: list[str]


def api_picture(picture: Picture) -> ApiPicture:
    widths = sorted(picture.widths)
    files = [f"{MEDIA}/{picture.file}-{width}.webp" for width in widths] if picture.file else []
    return ApiPicture(
        url=files[-1] if files else picture.url,
        srcset=", ".join(f"{file} {width}w" for file, width in zip(files, widths, strict=False)),
        alt=picture.alt,
        file=picture.file,
        widths=picture.widths,
        width=picture.width,
        height=picture.height,
        options=picture.options,
    )


def api_item(card: ProductCard) -> ApiListItem:
    return ApiListItem(
        id=card.id,
        slug=card.slug,
        title=card.title,
        category=card.category,
        attributes=card.attributes,
        images=_pictures(card.images),
        price_from=card.price_from,
        price_to=card.price_to,
        compare_at=card.compare_at,
        lowest_30_days=card.lowest_30_days,
        unit_price=card.unit_price,
        variants=card.variants,
        availability=card.availability,
        rating=card.rating,
    )


def api_page(page: ProductPage) -> ApiProductPage:
    return ApiProductPage(
        items=[api_item(card) for card in page.items],
        next_cursor=page.next_cursor,
        facets=page.facets,
        total=page.total,
        price_range=page.price_range,
        categories=api_categories(page.categories),
        did_you_mean=page.did_you_mean,
        fewer_words=page.fewer_words,
    )


def api_product(product: ProductDetail) -> ApiProduct:
    return ApiProduct(
        id=product.id,
        slug=product.slug,
        title=product.title,
        description=product.description,
        category=product.category,
        breadcrumb=api_categories(product.breadcrumb),
        attributes=product.attributes,
        details=product.details,
        options=product.options,
        images=_pictures(product.images),
        price_from=product.price_from,
        price_to=product.price_to,
        variants=product.variants,
        availability=product.availability,
        rating=product.rating,
        changed_on=product.changed_on,
        maker=product.maker,
        safety=product.safety,
    )


def api_categories(links: Sequence[CategoryLink]) -> list[ApiCategory]:
    return [
        ApiCategory(
            slug=link.slug,
            title=link.title,
            count=link.count,
            description=link.description,
            parent=link.parent,
            image=api_picture(link.image) if link.image else None,
            children=api_categories(link.children),
        )
        for link in links
    ]


def api_collections(heads: Sequence[CollectionHead]) -> list[ApiCollection]:
    return [ApiCollection(slug=head.slug, title=head.title, description=head.description) for head in heads]


def api_suggestions(found: Suggestions) -> ApiSuggestions:
    return ApiSuggestions(
        items=[_suggestion(suggestion) for suggestion in found.items],
        products=[_product_hint(hint) for hint in found.products],
        categories=found.categories,
        queries=found.queries,
    )


def _suggestion(suggestion: Suggestion) -> ApiSuggestion:
    return ApiSuggestion(
        kind=suggestion.kind,
        text=suggestion.text,
        slug=suggestion.slug,
        image=api_picture(suggestion.image) if suggestion.image else None,
        price_from=suggestion.price_from,
    )


def _product_hint(hint: ProductHint) -> ApiProductHint:
    return ApiProductHint(
        slug=hint.slug,
        title=hint.title,
        image=api_picture(hint.image) if hint.image else None,
        price_from=hint.price_from,
        price_to=hint.price_to,
    )


def _pictures(pictures: Sequence[Picture]) -> list[ApiPicture]:
    return [api_picture(picture) for picture in pictures]
