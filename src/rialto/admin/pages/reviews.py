"""Reviews that wait for a decision, and those that were decided on."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from rialto.admin.desk import HOME, AnyRequest, Desk
from rialto.admin.forms import Reading, read_values
from rialto.admin.problems import Problem, problems_of, status_of
from rialto.admin.rendering import PAGE, go, page
from rialto.admin.tables import Listing, read_listing
from rialto.catalog.api import Catalog, ProductNotFound, ProductRef
from rialto.kernel.errors import Invalid, RialtoError
from rialto.kernel.http import Injected, requires
from rialto.kernel.ids import ReviewId
from rialto.reviews.api import (
    STATUSES,
    ModeratedReview,
    ModeratedReviews,
    ModerateReview,
    ModerationQueue,
    Reviews,
)

QUEUE = f"{HOME}/reviews"
MODERATE = [requires("reviews.moderate")]
PAGE_SIZE = 20


@get(QUEUE, guards=MODERATE)
async def queue(desk: Injected[Desk], reviews: Injected[Reviews], catalog: Injected[Catalog]) -> PAGE:
    """What waits longest comes first."""
    return await _queue(desk, reviews, catalog)


@post(f"{QUEUE}/{{review_id:str}}", guards=MODERATE, status_code=200)
async def decide(
    request: AnyRequest,
    desk: Injected[Desk],
    reviews: Injected[Reviews],
    catalog: Injected[Catalog],
    *,
    review_id: FromPath[str],
) -> PAGE | Redirect:
    """Publish or reject what was read; a review that was changed meanwhile is to be read again."""
    reading = Reading(await read_values(request))
    status = reading.text("status")
    back = reading.text("back") if reading.text("back") in STATUSES else "pending"
    command = ModerateReview(
        id=ReviewId(review_id),
        status=status,
        reason=reading.text("reason") or None,
        expected=reading.number("revision"),
        by=desk.staff.id,
    )
    try:
        await reviews.moderate(command)
    except RialtoError as error:
        problems = [
            Problem(text=one.text, field=f"reason-{review_id}") for one in problems_of(error, desk.texts)
        ]
        return await _queue(desk, reviews, catalog, problems=problems, status=status_of(error))
    return go(f"{QUEUE}?status={back}&done=review_{status}")


async def _queue(
    desk: Desk,
    reviews: Reviews,
    catalog: Catalog,
    *,
    problems: list[Problem] | None = None,
    status: int = 200,
) -> PAGE:
    listing = read_listing(desk, ["status"], sorts=["waiting"])
    state = listing.value("status") if listing.value("status") in STATUSES else STATUSES[0]
    found = await _found(reviews, state, listing)
    return page(
        desk,
        "pages/reviews.html",
        section="reviews",
        status=status,
        listing=listing,
        state=state,
        states=STATUSES,
        reviews=found.items,
        products=await _products(catalog, found.items, desk.language),
        next_cursor=found.next_cursor,
        problems=problems or [],
    )


async def _found(reviews: Reviews, state: str, listing: Listing) -> ModeratedReviews:
    """A cursor that is none of ours leads to the beginning."""
    try:
        return await reviews.queue(ModerationQueue(status=state, limit=PAGE_SIZE, cursor=listing.cursor))
    except Invalid:
        return await reviews.queue(ModerationQueue(status=state, limit=PAGE_SIZE))


async def _products(catalog: Catalog, found: list[ModeratedReview], language: str) -> dict[str, str]:
    """Titles by id; of a product that is gone its id."""
    titles: dict[str, str] = {}
    for product_id in {review.product_id for review in found}:
        try:
            draft = (await catalog.get_product(ProductRef(ref=product_id))).draft
            titles[product_id] = draft.title.get(language) or draft.slug
        except ProductNotFound:
            titles[product_id] = product_id
    return titles


ROUTES: list[Any] = [queue, decide]
