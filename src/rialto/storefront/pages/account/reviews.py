"""What a customer has said about what they bought, the newest first, with the way to each product."""

from __future__ import annotations

from litestar import get

from rialto.kernel.errors import NotFound, Unavailable
from rialto.kernel.http import Injected, customer_only
from rialto.kernel.service import Frozen
from rialto.reviews.api import Author, OwnReview, Reviews
from rialto.search.api import ProductAsked, Search
from rialto.storefront.accounts import own_account
from rialto.storefront.rendering import PAGE, private_page
from rialto.storefront.visit import Visit

# Each names its product, which is looked up: more would make a slow page, and the archive holds all.
SHOWN_MAX = 50


class Written(Frozen):
    """`title` and `url` are of the product, while it is sold."""

    review: OwnReview
    title: str | None = None
    url: str | None = None


@get("/{lang:str}/account/reviews", guards=[customer_only])
async def review_list(visit: Injected[Visit], search: Injected[Search], reviews: Injected[Reviews]) -> PAGE:
    own = (await reviews.export(Author(account_id=own_account(visit)))).items
    newest = sorted(own, key=lambda review: review.written_at, reverse=True)[:SHOWN_MAX]
    return await private_page(
        visit,
        "pages/account/reviews.html",
        search=search,
        place="reviews",
        written=[await _written(visit, search, review) for review in newest],
        problems=[],
    )


async def _written(visit: Visit, search: Search, review: OwnReview) -> Written:
    try:
        product = await search.product(ProductAsked(view=visit.view, ref=review.product_id))
    except (NotFound, Unavailable):
        return Written(review=review)
    return Written(review=review, title=product.title, url=visit.url(f"p/{product.slug}") + "#reviews")
