"""Reviews on the web: reading and reporting for everybody, writing for buyers, moderation for staff."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, post, put
from litestar.datastructures import CacheControlHeader
from litestar.params import FromPath, JSONBody, PathParameter, QueryParameter

from rialto.kernel.auth import AccessTokenRefused
from rialto.kernel.http import (
    IfMatch,
    Injected,
    about,
    client_of,
    customer_of,
    etag,
    if_match,
    principal_of,
    requires,
)
from rialto.kernel.ids import ORDER, PRODUCT, ReviewId
from rialto.kernel.service import Frozen
from rialto.orders.api import OrderNotFound
from rialto.reviews.api import (
    BODY_MAX,
    NAME_MAX,
    REASON_MAX,
    STARS_MAX,
    TITLE_MAX,
    AlreadyReviewed,
    Draft,
    EditReview,
    ListReviews,
    ModeratedReview,
    ModeratedReviews,
    ModerateReview,
    ModerationQueue,
    NotBought,
    OrderReviews,
    OwnReview,
    OwnReviews,
    ReportReview,
    ReviewChanged,
    ReviewNotEditable,
    ReviewNotFound,
    ReviewPage,
    ReviewRef,
    Reviews,
    TooManyReports,
    WithdrawReview,
    WriteReview,
)

AnyRequest = Request[Any, Any, Any]
SHARED = "public, max-age=0, s-maxage=2, stale-while-revalidate=3, stale-if-error=3600"
PRIVATE = CacheControlHeader(no_store=True)
TAG, STAFF = "reviews", "staff: reviews"
MODERATE = [requires("reviews.moderate")]

ProductRef = Annotated[str, PathParameter(description="The product's id.")]
OrderKey = Annotated[
    str | None,
    QueryParameter(max_length=200, description="The order's key, which its `status_url` holds."),
]
Cursor = Annotated[str | None, QueryParameter(max_length=1500)]
Short = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class ReviewText(Frozen):
    """Plain text; links and markup are refused. `name` is what the author wants to be called in public."""

    rating: Annotated[int, msgspec.Meta(ge=1, le=STARS_MAX)]
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=TITLE_MAX)]
    body: Annotated[str, msgspec.Meta(min_length=1, max_length=BODY_MAX)]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_MAX)]

    def draft(self) -> Draft:
        return Draft(rating=self.rating, title=self.title, body=self.body, name=self.name)


class NewReview(ReviewText):
    """The product was bought with this order. Who is signed in as its owner needs no `order_key`. Without `language`, the order's."""

    order_id: Short
    order_key: Short | None = None
    language: Annotated[str, msgspec.Meta(pattern="^[a-z]{2,3}$")] | None = None


class NewReport(Frozen):
    """Why it should not stand there: offensive, advertising, personal, wrong_product, other."""

    reason: Annotated[str, msgspec.Meta(pattern="^(offensive|advertising|personal|wrong_product|other)$")]


class Decision(Frozen):
    """`status` is published or rejected. The author sees `reason`."""

    status: Annotated[str, msgspec.Meta(pattern="^(published|rejected)$")]
    reason: Annotated[str, msgspec.Meta(max_length=REASON_MAX)] | None = None


@get(
    "/v1/products/{product_id:str}/reviews",
    **about("list_reviews", "Read reviews", tag=TAG),
)
async def list_reviews(
    reviews: Injected[Reviews],
    product_id: ProductRef,
    sort: Annotated[
        str,
        QueryParameter(
            pattern="^(newest|highest|lowest)$", description="newest, highest or lowest: by time or by stars."
        ),
    ] = "newest",
    limit: Annotated[int, QueryParameter(ge=1, le=50)] = 10,
    cursor: Cursor = None,
) -> Response[ReviewPage]:
    """Published reviews of a product, all by buyers, and what they come to. A product nobody reviewed has none."""
    page = await reviews.list(
        ListReviews(product_id=PRODUCT.parse(product_id), sort=sort, limit=limit, cursor=cursor)
    )
    headers = {
        "Cache-Control": SHARED,
        "Vary": "Accept-Encoding",
        "Surrogate-Key": f"product:{product_id} reviews",
    }
    return Response(page, headers=headers)


@post(
    "/v1/products/{product_id:str}/reviews",
    **about(
        "write_review",
        "Write a review",
        tag=TAG,
        refuses=[AccessTokenRefused, OrderNotFound, NotBought, AlreadyReviewed],
        tagged=True,
    ),
)
async def write_review(
    request: AnyRequest, reviews: Injected[Reviews], product_id: ProductRef, data: JSONBody[NewReview]
) -> Response[OwnReview]:
    """One for each product of a placed order. It is shown after moderation. The same again answers the same."""
    account_id = customer_of(request)  # before anything else: a bad token is told even where there is nothing
    written = await reviews.write(
        WriteReview(
            product_id=PRODUCT.parse(product_id),
            order_id=ORDER.parse(data.order_id),
            order_key=data.order_key,
            account_id=account_id,
            language=data.language,
            draft=data.draft(),
        )
    )
    return _tagged(written, status=201, location=f"/v1/orders/{data.order_id}/reviews")


@get(
    "/v1/orders/{order_id:str}/reviews",
    cache_control=PRIVATE,
    **about(
        "read_own_reviews",
        "Read one's own reviews",
        tag=TAG,
        refuses=[OrderNotFound, AccessTokenRefused],
    ),
)
async def read_own_reviews(
    request: AnyRequest, reviews: Injected[Reviews], order_id: FromPath[str], key: OrderKey = None
) -> OwnReviews:
    """What was written about this order's products, also what is not shown (yet)."""
    return await reviews.of_order(
        OrderReviews(order_id=ORDER.parse(order_id), order_key=key, account_id=customer_of(request))
    )


@put(
    "/v1/reviews/{review_id:str}",
    **about(
        "edit_review",
        "Change one's review",
        tag=TAG,
        refuses=[AccessTokenRefused, ReviewNotFound, ReviewNotEditable, ReviewChanged],
        tagged=True,
    ),
)
async def edit_review(
    request: AnyRequest,
    reviews: Injected[Reviews],
    review_id: FromPath[str],
    data: JSONBody[ReviewText],
    *,
    key: OrderKey = None,
    based_on: IfMatch = None,
) -> Response[OwnReview]:
    """Within 30 days, by its author. The new text waits for moderation as the first one did."""
    edited = await reviews.edit(
        EditReview(
            id=ReviewId(review_id),
            order_key=key,
            account_id=customer_of(request),
            expected=if_match(based_on),
            draft=data.draft(),
        )
    )
    return _tagged(edited)


@delete(
    "/v1/reviews/{review_id:str}",
    **about("withdraw_review", "Delete one's review", tag=TAG, refuses=[AccessTokenRefused, ReviewNotFound]),
)
async def withdraw_review(
    request: AnyRequest, reviews: Injected[Reviews], review_id: FromPath[str], key: OrderKey = None
) -> None:
    """Name, text and stars are gone; the product's rating follows."""
    await reviews.withdraw(
        WithdrawReview(id=ReviewId(review_id), order_key=key, account_id=customer_of(request))
    )


@post(
    "/v1/reviews/{review_id:str}/reports",
    status_code=204,
    **about(
        "report_review",
        "Report a review",
        tag=TAG,
        refuses=[ReviewNotFound, TooManyReports(retry_after_s=600)],
    ),
)
async def report_review(
    request: AnyRequest, reviews: Injected[Reviews], review_id: FromPath[str], data: JSONBody[NewReport]
) -> None:
    """Each visitor counts once. When several find a review wrong it is hidden until staff have looked."""
    await reviews.report(ReportReview(id=ReviewId(review_id), client=client_of(request), reason=data.reason))


@get(
    "/v1/admin/reviews",
    guards=MODERATE,
    cache_control=PRIVATE,
    **about("list_all_reviews", "List reviews by state", tag=STAFF),
)
async def list_all_reviews(
    reviews: Injected[Reviews],
    status: Annotated[
        str,
        QueryParameter(
            pattern="^(pending|published|rejected|hidden)$",
            description="pending (new), hidden (reported), published or rejected.",
        ),
    ] = "pending",
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
    cursor: Cursor = None,
) -> ModeratedReviews:
    """What waits longest comes first."""
    return await reviews.queue(ModerationQueue(status=status, limit=limit, cursor=cursor))


@get(
    "/v1/admin/reviews/{review_id:str}",
    guards=MODERATE,
    **about("read_review", "Look at a review", tag=STAFF, refuses=[ReviewNotFound], tagged=True),
)
async def read_review(reviews: Injected[Reviews], review_id: FromPath[str]) -> Response[ModeratedReview]:
    """With its reports; its ETag is what a decision is based on."""
    return _tagged(await reviews.inspect(ReviewRef(id=ReviewId(review_id))))


@put(
    "/v1/admin/reviews/{review_id:str}",
    guards=MODERATE,
    **about(
        "moderate_review",
        "Publish or reject a review",
        tag=STAFF,
        refuses=[ReviewNotFound, ReviewChanged],
        tagged=True,
        example={"status": "rejected", "reason": "Names a person."},
    ),
)
async def moderate_review(
    request: AnyRequest,
    reviews: Injected[Reviews],
    review_id: FromPath[str],
    data: JSONBody[Decision],
    based_on: IfMatch = None,
) -> Response[ModeratedReview]:
    """Decides about the text as of the ETag, and about its reports. The product's rating follows."""
    command = ModerateReview(
        id=ReviewId(review_id),
        status=data.status,
        reason=data.reason,
        expected=if_match(based_on),
        by=principal_of(request).id or "",
    )
    return _tagged(await reviews.moderate(command))


def _tagged(review: Any, *, status: int = 200, location: str | None = None) -> Response[Any]:
    headers = {"ETag": etag(review.revision), "Cache-Control": "no-store"}
    if location is not None:
        headers["Location"] = location
    return Response(review, status_code=status, headers=headers)


ROUTES: list[Any] = [
    list_reviews,
    write_review,
    read_own_reviews,
    edit_review,
    withdraw_review,
    report_review,
    list_all_reviews,
    read_review,
    moderate_review,
]
