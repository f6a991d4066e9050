"""Sending back: what comes back is chosen, then confirmed by a button of its own, as the law wants a withdrawal to be."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from rialto.kernel.errors import Conflict, Invalid
from rialto.kernel.http import Injected, customer_of
from rialto.kernel.ids import ORDER, Ids
from rialto.orders.api import Order, OrderLine, OrderRef, Orders, RequestReturn, ReturnReason
from rialto.search.api import Search
from rialto.storefront.forms import typed, whole_number
from rialto.storefront.problems import Problem, problem_of, status_of
from rialto.storefront.rendering import PAGE, go, private_page
from rialto.storefront.visit import AnyRequest, Visit

REASONS = tuple(str(reason) for reason in ReturnReason)
STEP_LENGTH_MAX = 64


@get("/{lang:str}/orders/{order_id:str}/return")
async def return_form(
    order_id: FromPath[str],
    request: AnyRequest,
    visit: Injected[Visit],
    search: Injected[Search],
    *,
    orders: Injected[Orders],
    ids: Injected[Ids],
) -> PAGE:
    """Raises NotFound, also for a wrong key. An order of which nothing can come back says so."""
    asked = dict(visit.query)
    order = await _load(request, order_id, asked.get("key", ""), orders)
    done = next((back for back in order.returns if back.id == asked.get("done")), None)
    mode, chosen = ("done", done.lines) if done else ("choose", {})
    return await _page(visit, search, order, mode=mode, chosen=chosen, step=ids.token(80))


@post("/{lang:str}/orders/{order_id:str}/return", status_code=200)
async def announce_return(
    order_id: FromPath[str],
    request: AnyRequest,
    visit: Injected[Visit],
    search: Injected[Search],
    *,
    orders: Injected[Orders],
) -> PAGE | Redirect:
    """First shows what was chosen; with `confirmed` announces it. Sent twice it announces once."""
    data = dict(await request.form())
    key, step = typed(data, "key"), typed(data, "step")[:STEP_LENGTH_MAX]
    order = await _load(request, order_id, key, orders)
    chosen = {line.id: units for line in order.lines if (units := _units(data, line))}
    reason = typed(data, "reason") if typed(data, "reason") in REASONS else str(ReturnReason.WITHDRAWAL)
    context: dict[str, Any] = {"chosen": chosen, "step": step, "reason": reason}
    if not chosen:
        problem = Problem(text=visit.texts("return.nothing"))
        return await _page(visit, search, order, mode="choose", problems=[problem], status=422, **context)
    if not typed(data, "confirmed"):
        return await _page(visit, search, order, mode="confirm", **context)
    command = RequestReturn(
        order_id=order.id,
        key=key,
        account_id=customer_of(request),
        lines=chosen,
        reason=reason,
        step=step,
    )
    try:
        await orders.request_return(command)
    except (Invalid, Conflict) as error:
        problem = Problem(text=problem_of(error, visit.texts).text)
        return await _page(
            visit, search, order, mode="choose", problems=[problem], status=status_of(error), **context
        )
    return go(visit.url(f"orders/{order.id}/return", key=key, done=step))


def returnable(line: OrderLine) -> int:
    """How many of a line may still be sent back."""
    return line.shipped - line.returning


def _units(data: dict[str, object], line: OrderLine) -> int:
    """How many of the line were chosen; nothing where that is no number that could be."""
    found = whole_number(typed(data, f"units-{line.id}") or "0", lowest=0, highest=max(returnable(line), 0))
    return found or 0


async def _load(request: AnyRequest, order_id: str, key: str, orders: Orders) -> Order:
    ref = OrderRef(order_id=ORDER.parse(order_id), key=key or None, account_id=customer_of(request))
    return await orders.get(ref)


async def _page(
    visit: Visit,
    search: Search,
    order: Order,
    *,
    mode: str,
    chosen: dict[str, int],
    step: str,
    reason: str = REASONS[0],
    problems: list[Problem] | None = None,
    status: int = 200,
) -> PAGE:
    return await private_page(
        visit,
        "pages/return.html",
        search=search,
        status=status,
        order=order,
        mode=mode,
        chosen=chosen,
        lines=[
            (line, returnable(line))
            for line in order.lines
            if order.imported_at is None and (returnable(line) > 0 or line.id in chosen)
        ],
        reasons=REASONS,
        reason=reason,
        step=step,
        problems=problems or [],
    )
