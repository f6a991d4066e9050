"""What a product page shows of reviews: stars, the spread, a page of texts, and the ways to the others."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

import msgspec

from rialto.kernel.errors import Invalid, Unavailable
from rialto.kernel.ids import ProductId
from rialto.kernel.remembering import Remembered
from rialto.kernel.service import Frozen
from rialto.orders.api import Order
from rialto.reviews.api import SORTS, ListReviews, OrderReviews, ReviewPage, Reviews
from rialto.search.api import ProductDetail, Rating
from rialto.storefront.visit import Visit

SHOWN_AT_ONCE = 5
KEPT_S = 3600.0  # a review that was taken back is shown no longer than that
WAIT_S = 1.0  # the rest of the page does not wait for them longer
SORT, AFTER = "reviews", "after"


class SortLink(Frozen):
    name: str
    url: str
    chosen: bool


class ReviewBlock(Frozen):
    """`rating` is None where nobody has reviewed, `page` also where reviews do not answer right now."""

    rating: Rating | None
    page: ReviewPage | None
    sorts: list[SortLink]
    first_url: str | None
    next_url: str | None


async def review_block(
    visit: Visit, reviews: Reviews, remembered: Remembered, detail: ProductDetail
) -> ReviewBlock:
    """Asked for only where there are any, so that most pages need no store; a store that is away spoils no page.

    Then the first page is shown as it was read last, if that is not long ago.
    """
    asked = dict(visit.query)
    sort = asked.get(SORT, "") if asked.get(SORT) in SORTS else SORTS[0]
    cursor = asked.get(AFTER)
    page = None
    if detail.rating is not None:
        command = ListReviews(product_id=detail.id, sort=sort, cursor=cursor)
        page, cursor = await _page(reviews, command)
        page = await _as_read_last(remembered, command, page) if cursor is None else page
    return ReviewBlock(
        rating=detail.rating,
        page=page,
        sorts=[
            SortLink(name=name, url=_url(visit, name if name != SORTS[0] else None), chosen=name == sort)
            for name in SORTS
        ],
        first_url=_url(visit, asked.get(SORT)) if cursor else None,
        next_url=_url(visit, asked.get(SORT), page.next_cursor) if page and page.next_cursor else None,
    )


class Reviewable(Frozen):
    """A product of an order and the way to its review; `state` is that of what was written already."""

    title: str
    url: str
    state: str | None


async def reviewable(visit: Visit, reviews: Reviews, order: Order) -> list[Reviewable]:
    """Each product once, of an order that stands."""
    if order.status not in {"placed", "completed"}:
        return []
    try:
        own = (await reviews.of_order(OrderReviews(order_id=order.id, order_key=order.key))).items
    except Unavailable:
        own = []  # the links still lead somewhere, a moment later
    states = {review.product_id: review.status for review in own}
    titles = {line.product_id: line.title for line in reversed(order.lines) if line.product_id}
    return [
        Reviewable(
            title=titles[product],
            url=visit.url(f"orders/{order.id}/review", key=order.key, product=product),
            state=states.get(ProductId(product)),
        )
        for product in dict.fromkeys(line.product_id for line in order.lines)
        if product
    ]


async def _page(reviews: Reviews, command: ListReviews) -> tuple[ReviewPage | None, str | None]:
    """The page and the cursor it belongs to: one that means nothing leads to the first page."""
    for cursor in dict.fromkeys((command.cursor, None)):
        asked = ListReviews(
            product_id=command.product_id, sort=command.sort, cursor=cursor, limit=SHOWN_AT_ONCE
        )
        try:
            async with asyncio.timeout(WAIT_S):
                return await reviews.list(asked), cursor
        except Invalid:
            continue
        except (Unavailable, TimeoutError):
            return None, None
    return None, None


async def _as_read_last(
    remembered: Remembered, command: ListReviews, page: ReviewPage | None
) -> ReviewPage | None:
    """The first page itself, kept for later; or what was kept."""
    key = f"reviews:{command.product_id}:{command.sort}"
    if page is not None:
        await remembered.keep(key, msgspec.msgpack.encode(page), ttl_s=KEPT_S)
        return page
    packed = await remembered.recall(key)
    try:
        return None if packed is None else msgspec.msgpack.decode(packed, type=ReviewPage)
    except msgspec.MsgspecError:
        return None


def _url(visit: Visit, sort: str | None, after: str | None = None) -> str:
    """This page with another list of reviews; the variant that was chosen stays."""
    rest = [(name, value) for name, value in visit.query if name not in {SORT, AFTER}]
    rest += [(name, value) for name, value in ((SORT, sort), (AFTER, after)) if value]
    return visit.path + (f"?{urlencode(rest)}" if rest else "") + "#reviews"
