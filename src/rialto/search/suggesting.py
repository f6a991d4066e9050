"""What is offered while somebody types: categories, products, and ways to go on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rialto.catalog.api import Picture
from rialto.search.api import (
    CategoryHint,
    ProductCard,
    ProductHint,
    SuggestFor,
    Suggestion,
    Suggestions,
)
from rialto.search.front import Front
from rialto.search.matching import Matcher
from rialto.search.rendering import Rendering
from rialto.search.store import SearchStore
from rialto.search.words import fold, query_words

LIMIT_MAX = 50
CATEGORIES_MAX = 2
QUERIES_MAX = 2


def suggestions(
    store: SearchStore, matcher: Matcher, rendering: Rendering, command: SuggestFor
) -> Suggestions:
    """At most `limit` in all: categories, then products, then queries."""
    front, words = rendering.front, query_words(command.q)
    if not words:
        return Suggestions(items=[])
    limit = min(max(command.limit, 1), LIMIT_MAX)
    categories = list(_categories(front, rendering, words))[:CATEGORIES_MAX]
    queries = list(_completed(front, matcher, rendering.language, words))[:QUERIES_MAX]
    room = max(limit - len(categories) - len(queries), 1)
    match = matcher.match(command.q, rendering.language, front, limit=LIMIT_MAX)
    products = [_product(rendering.card(each)) for each in store.products(match.order[:room])]
    items = [
        *(
            Suggestion(kind="category", text=each.title, slug=each.slug, image=image)
            for each, image in categories
        ),
        *(
            Suggestion(
                kind="product", text=each.title, slug=each.slug, image=each.image, price_from=each.price_from
            )
            for each in products
        ),
        *(Suggestion(kind="query", text=text) for text in queries),
    ]
    return Suggestions(
        items=items[:limit],
        products=products,
        categories=[each for each, _ in categories],
        queries=queries,
    )


def _product(card: ProductCard) -> ProductHint:
    return ProductHint(
        slug=card.slug,
        title=card.title,
        image=card.images[0] if card.images else None,
        price_from=card.price_from,
        price_to=card.price_to,
    )


def _categories(
    front: Front, rendering: Rendering, words: Sequence[str]
) -> Iterator[tuple[CategoryHint, Picture | None]]:
    """Those with products whose title has a word that begins like each word typed."""
    asked = [fold(word) for word in words]
    for category in front.definitions.categories:
        title = rendering.text(category.title)
        parts = [fold(part) for part in query_words(title)]
        if all(any(part.startswith(word) for part in parts) for word in asked):
            count = front.category_bits(category.slug).bit_count()
            if count:
                yield CategoryHint(slug=category.slug, title=title, count=count), category.image


def _completed(front: Front, matcher: Matcher, language: str, words: Sequence[str]) -> Iterator[str]:
    """Queries that go on from the last word and find something as they are written."""
    for word in front.shelf.vocabularies[language].completions(words[-1]):
        text = " ".join([*words[:-1], word])
        if matcher.finds(text, language, front):
            yield text
