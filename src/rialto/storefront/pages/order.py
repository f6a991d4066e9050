"""After the purchase: thanks, and the order, for its owner or by its link. The link's `key` is what a guest has instead of an account."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from rialto.kernel.errors import Conflict, Denied, NotFound, Unavailable
from rialto.kernel.http import Injected
from rialto.kernel.ids import ORDER
from rialto.orders.api import CancelOrder, Order, OrderNotCancellable, OrderRef, Orders
from rialto.reviews.api import Reviews
from rialto.search.api import Search
from rialto.storefront import formats
from rialto.storefront.forms import typed
from rialto.storefront.pages.returning import returnable
from rialto.storefront.problems import Problem, problem_by_code
from rialto.storefront.rendering import PAGE, go, private_page
from rialto.storefront.reviews import reviewable
from rialto.storefront.visit import AnyRequest, Visit, forget_cart

# How far an order has come, for the line of steps. Anything else is told in words only.
PROGRESS = {"unfulfilled": 1, "partially_shipped": 2, "shipped": 3}


@get("/{lang:str}/orders/{order_id:str}/thanks")
async def thanks(
    order_id: FromPath[str], visit: Injected[Visit], search: Injected[Search], orders: Injected[Orders]
) -> PAGE:
    """Confirmation. Raises NotFound, also for a wrong key."""
    order = await _load(visit, order_id, dict(visit.query).get("key", ""), orders)
    context = _context(order, visit) | {"is_guest": visit.account_id is None}
    page = await private_page(visit, "pages/thanks.html", search=search, **context)
    if visit.cart_id == order.cart_id:
        forget_cart(page, visit)
    return page


@get("/{lang:str}/orders/{order_id:str}")
async def order_page(
    order_id: FromPath[str],
    visit: Injected[Visit],
    search: Injected[Search],
    orders: Injected[Orders],
    *,
    reviews: Injected[Reviews],
) -> PAGE:
    asked = dict(visit.query)
    order = await _load(visit, order_id, asked.get("key", ""), orders)
    problem = problem_by_code(asked.get("problem", ""), visit.texts)
    done = asked.get("done") == "cancelled" and order.status == "cancelled"
    context = _context(order, visit) | {
        "problems": [problem] if problem else [],
        "just_cancelled": done,
        "reviewable": await reviewable(visit, reviews, order),
    }
    return await private_page(visit, "pages/order.html", search=search, **context)


@post("/{lang:str}/orders/{order_id:str}/cancel", status_code=200)
async def cancel(
    order_id: FromPath[str],
    request: AnyRequest,
    visit: Injected[Visit],
    search: Injected[Search],
    orders: Injected[Orders],
) -> PAGE | Redirect:
    key = typed(dict(await request.form()), "key")
    order = await _load(visit, order_id, key, orders)
    try:
        await orders.cancel(CancelOrder(order_id=order.id, key=order.key))
    except (OrderNotCancellable, Conflict, Unavailable) as error:
        code = "order_not_cancellable" if isinstance(error, OrderNotCancellable) else "unavailable"
        problems = [Problem(text=visit.texts(f"problem.{code}"))]
        context = _context(order, visit) | {
            "problems": problems,
            "just_cancelled": False,
            "reviewable": [],
        }
        status = 503 if isinstance(error, Unavailable) else 409
        return await private_page(visit, "pages/order.html", search=search, status=status, **context)
    return go(visit.url(f"orders/{order.id}", key=order.key, done="cancelled"))


async def _load(visit: Visit, order_id: str, key: str, orders: Orders) -> Order:
    """By its key, or for its owner. Raises NotFound; Denied (401) where signing in again may show it."""
    named = ORDER.parse(order_id)
    if not key and visit.lapsed:
        raise Denied("Please sign in.", signed_in=False, code="not_signed_in")
    if not key and visit.account_id is None:
        raise NotFound
    return await orders.get(OrderRef(order_id=named, key=key or None, account_id=visit.account_id))


def _context(order: Order, visit: Visit) -> dict[str, Any]:
    delivery = order.delivery
    return {
        "order": order,
        "cart": order,
        "totals": order.totals,
        "taxes": order.taxes,
        "days": formats.days_between(delivery.delivered_on_from, delivery.delivered_on_to, visit.language)
        if delivery
        else "",
        "returnable": order.imported_at is None and any(returnable(line) > 0 for line in order.lines),
        "cancellable": order.status in {"pending", "placed"} and order.fulfilment_status == "unfulfilled",
        "progress": PROGRESS.get(order.fulfilment_status, 0)
        if order.status in {"placed", "completed"}
        else 0,
        "status_text": visit.texts.get(f"order.status.{order.status}", "order.status.placed"),
        "payment_text": visit.texts.get(f"order.payment.{order.payment_status}", "order.payment.authorised"),
        "fulfilment_text": visit.texts.get(
            f"order.fulfilment.{order.fulfilment_status}", "order.fulfilment.unfulfilled"
        ),
        "count": sum(line.quantity for line in order.lines),
    }
