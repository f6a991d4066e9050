"""Writing a review from an order's page, and reporting one from a product's. Works without JavaScript."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from rialto.kernel.errors import Invalid, NotFound, RialtoError
from rialto.kernel.http import Injected, client_of
from rialto.kernel.ids import ORDER, REVIEW, ProductId, ReviewId
from rialto.orders.api import Order, OrderLine, OrderRef, Orders
from rialto.reviews.api import (
    BODY_MAX,
    NAME_MAX,
    REASONS,
    STARS_MAX,
    TITLE_MAX,
    Draft,
    EditReview,
    OrderReviews,
    OwnReview,
    ReportReview,
    Reviews,
    WithdrawReview,
    WriteReview,
)
from rialto.search.api import Search
from rialto.storefront.forms import typed
from rialto.storefront.problems import Problem, problem_of, status_of
from rialto.storefront.rendering import PAGE, go, private_page
from rialto.storefront.visit import AnyRequest, Visit

FIELDS = ("rating", "title", "body", "name")
LIMITS = {"title_max": TITLE_MAX, "body_max": BODY_MAX, "name_max": NAME_MAX}


@get("/{lang:str}/orders/{order_id:str}/review")
async def review_form(
    order_id: FromPath[str],
    visit: Injected[Visit],
    search: Injected[Search],
    orders: Injected[Orders],
    *,
    reviews: Injected[Reviews],
) -> PAGE:
    """Empty, or with what was written before. Raises NotFound, also for a wrong key."""
    asked = dict(visit.query)
    order, line = await _bought(order_id, asked.get("key", ""), asked.get("product", ""), orders)
    own = await _own(order, line, reviews)
    values = {} if own is None else {name: str(getattr(own, name)) for name in FIELDS}
    return await private_page(
        visit, "pages/write_review.html", search=search, **_form_context(order, line, own, values)
    )


@post("/{lang:str}/orders/{order_id:str}/review", status_code=200)
async def save_review(
    request: AnyRequest,
    order_id: FromPath[str],
    visit: Injected[Visit],
    search: Injected[Search],
    *,
    orders: Injected[Orders],
    reviews: Injected[Reviews],
) -> PAGE | Redirect:
    """Write it, or change it when the form says which revision it shows."""
    data = dict(await request.form())
    key, product = typed(data, "key"), typed(data, "product")
    order, line = await _bought(order_id, key, product, orders)
    values = {name: typed(data, name) for name in ("rating", "title", "name")} | {"body": _body(data)}
    own = await _own(order, line, reviews)
    try:
        await _save(order, line, own, draft=_draft(values), data=data, reviews=reviews, visit=visit)
    except RialtoError as error:
        context = _form_context(order, line, own, values) | _faults(error, visit)
        return await private_page(
            visit, "pages/write_review.html", search=search, status=status_of(error), **context
        )
    return go(visit.url(f"orders/{order.id}/review/thanks", key=key, product=product))


@post("/{lang:str}/orders/{order_id:str}/review/delete", status_code=200)
async def delete_review(
    request: AnyRequest,
    order_id: FromPath[str],
    visit: Injected[Visit],
    orders: Injected[Orders],
    *,
    reviews: Injected[Reviews],
) -> Redirect:
    """Gone, also when it was gone before. Raises Unavailable."""
    data = dict(await request.form())
    key, product = typed(data, "key"), typed(data, "product")
    order, line = await _bought(order_id, key, product, orders)
    own = await _own(order, line, reviews)
    if own is not None:
        await reviews.withdraw(WithdrawReview(id=own.id, order_key=key))
    return go(visit.url(f"orders/{order.id}/review/thanks", key=key, product=product))


@get("/{lang:str}/orders/{order_id:str}/review/thanks")
async def review_thanks(
    order_id: FromPath[str],
    visit: Injected[Visit],
    search: Injected[Search],
    orders: Injected[Orders],
    *,
    reviews: Injected[Reviews],
) -> PAGE:
    """What became of it: waiting, shown, or deleted."""
    asked = dict(visit.query)
    order, line = await _bought(order_id, asked.get("key", ""), asked.get("product", ""), orders)
    own = await _own(order, line, reviews)
    return await private_page(
        visit,
        "pages/review_thanks.html",
        search=search,
        order=order,
        line=line,
        state=own.status if own else "deleted",
    )


@get("/{lang:str}/reviews/{review_id:str}/report")
async def report_form(review_id: FromPath[str], visit: Injected[Visit], search: Injected[Search]) -> PAGE:
    """Raises NotFound for what cannot be a review's id."""
    return await _report_page(visit, search, REVIEW.parse(review_id))


@post("/{lang:str}/reviews/{review_id:str}/report", status_code=200)
async def report_review(
    request: AnyRequest,
    review_id: FromPath[str],
    visit: Injected[Visit],
    search: Injected[Search],
    *,
    reviews: Injected[Reviews],
) -> PAGE:
    """A review that is gone meanwhile was reported well enough."""
    reason = typed(dict(await request.form()), "reason")
    named = REVIEW.parse(review_id)
    try:
        await reviews.report(ReportReview(id=named, client=client_of(request), reason=reason))
    except NotFound:
        return await _report_page(visit, search, named, done=True)
    except Invalid as error:
        problem = Problem(text=visit.texts("report.error.reason"), field="reason-1")
        return await _report_page(visit, search, named, problem=problem, status=status_of(error))
    except RialtoError as error:
        problem = problem_of(error, visit.texts)
        return await _report_page(visit, search, named, problem=problem, status=status_of(error))
    return await _report_page(visit, search, named, done=True)


async def _report_page(
    visit: Visit,
    search: Search,
    review_id: ReviewId,
    *,
    problem: Problem | None = None,
    status: int = 200,
    done: bool = False,
) -> PAGE:
    return await private_page(
        visit,
        "pages/report_review.html",
        search=search,
        status=status,
        review_id=review_id,
        reasons=REASONS,
        problems=[problem] if problem else [],
        done=done,
    )


async def _bought(order_id: str, key: str, product: str, orders: Orders) -> tuple[Order, OrderLine]:
    """The order and its line with this product. Raises NotFound for whoever may not see them."""
    if not key:
        raise NotFound
    order = await orders.get(OrderRef(order_id=ORDER.parse(order_id), key=key))
    line = next((line for line in order.lines if line.product_id and line.product_id == product), None)
    if line is None or order.status not in {"placed", "completed"}:
        raise NotFound
    return order, line


async def _own(order: Order, line: OrderLine, reviews: Reviews) -> OwnReview | None:
    found = await reviews.of_order(OrderReviews(order_id=order.id, order_key=order.key))
    return next((review for review in found.items if review.product_id == line.product_id), None)


async def _save(
    order: Order,
    line: OrderLine,
    own: OwnReview | None,
    *,
    draft: Draft,
    data: Mapping[str, object],
    reviews: Reviews,
    visit: Visit,
) -> None:
    revision = typed(data, "revision")
    if own is not None and revision.isdecimal():
        await reviews.edit(
            EditReview(id=own.id, order_key=order.key, expected=int(revision[:9]), draft=draft)
        )
        return
    await reviews.write(
        WriteReview(
            product_id=ProductId(line.product_id or ""),
            order_id=order.id,
            order_key=order.key,
            account_id=visit.account_id,
            language=visit.language,
            draft=draft,
        )
    )


def _draft(values: Mapping[str, str]) -> Draft:
    """A rating that was not chosen is none; the service says so with the other faults."""
    rating = values["rating"]
    return Draft(
        rating=int(rating) if rating in set(map(str, range(1, STARS_MAX + 1))) else 0,
        title=values["title"],
        body=values["body"],
        name=values["name"],
    )


def _body(data: Mapping[str, object]) -> str:
    """A little more than is taken, so that too long is said and not cut off."""
    value = data.get("body")
    return value[: 2 * BODY_MAX] if isinstance(value, str) else ""


def _form_context(
    order: Order, line: OrderLine, own: OwnReview | None, values: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "order": order,
        "line": line,
        "own": own,
        "values": {name: values.get(name, "") for name in FIELDS},
        "errors": {},
        "problems": [],
        "stars": range(STARS_MAX, 0, -1),
        **LIMITS,
    }


def _faults(error: RialtoError, visit: Visit) -> dict[str, Any]:
    """Each faulty field's sentence beside it and in the summary; another refusal in the summary only."""
    if not error.fields:
        return {"problems": [problem_of(error, visit.texts)]}
    errors = {
        problem.path: visit.texts.get(
            f"review.error.{problem.path}.{problem.code}", f"review.error.{problem.code}"
        )
        for problem in sorted(error.fields, key=lambda one: FIELDS.index(one.path))
    }
    places = {"rating": f"rating-{STARS_MAX}"}
    return {
        "errors": errors,
        "problems": [Problem(text=text, field=places.get(name, name)) for name, text in errors.items()],
    }
