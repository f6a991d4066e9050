"""The cart: shown, filled, changed. Everything here belongs to one visitor and is never cached."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.response import Redirect

from rialto.cart.api import (
    QUANTITY_MAX,
    AddLine,
    Cart,
    CartOrdered,
    Carts,
    ChangeCode,
    ChangeLine,
    CodeNotValid,
    LineNotFound,
)
from rialto.kernel.clock import Clock
from rialto.kernel.errors import Conflict, Invalid, NotFound, RialtoError, Unavailable
from rialto.kernel.http import Injected
from rialto.kernel.ids import LINE
from rialto.kernel.remembering import Remembered
from rialto.search.api import Search
from rialto.storefront import formats, last_carts
from rialto.storefront.conflicts import told_conflicts
from rialto.storefront.forms import typed, whole_number
from rialto.storefront.last_carts import LastCart
from rialto.storefront.problems import Problem, listed, problem_by_code, problem_of, status_of
from rialto.storefront.rendering import PAGE, go, private_page
from rialto.storefront.visit import AnyRequest, Visit, load_cart, open_cart, remember_cart


@get("/{lang:str}/cart")
async def cart_page(
    visit: Injected[Visit],
    search: Injected[Search],
    carts: Injected[Carts],
    clock: Injected[Clock],
    *,
    remembered: Injected[Remembered],
) -> PAGE:
    """While carts do not answer, as it was seen last."""
    asked = dict(visit.query)
    problem = problem_by_code(asked.get("problem", ""), visit.texts)
    try:
        cart = await _shown_cart(visit, carts)
    except Unavailable:
        return await _as_seen(visit, search, await last_carts.recall(visit, remembered))
    await last_carts.remember(visit, remembered, cart, clock.now())
    return await _page(visit, search, cart=cart, problems=listed([problem]), added=asked.get("added", ""))


@get("/{lang:str}/cart/count.json")
async def cart_count(
    visit: Injected[Visit], carts: Injected[Carts], remembered: Injected[Remembered]
) -> Response[dict[str, int]]:
    """How many pieces are in the cart: the one thing a cached page asks for afterwards."""
    try:
        cart = await _shown_cart(visit, carts)
    except Unavailable:
        last = await last_carts.recall(visit, remembered)
        cart = last.cart if last is not None else None
    count = sum(line.quantity for line in cart.lines) if cart else 0
    return Response({"count": count}, headers={"Cache-Control": "no-store"})


@post("/{lang:str}/cart/add", status_code=200)
async def add_line(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], carts: Injected[Carts]
) -> PAGE | Redirect:
    """From a product page; afterwards the cart is shown with what was added marked."""
    data = dict(await request.form())
    sku = typed(data, "sku").strip()
    quantity = whole_number(typed(data, "quantity") or "1", lowest=1, highest=QUANTITY_MAX) or 1
    cart = await open_cart(visit, carts)
    command = AddLine(
        cart_id=cart.id, account_id=visit.account_id, sku=sku, quantity=quantity, language=visit.language
    )
    answer: PAGE | Redirect
    try:
        await carts.add_line(command)
        answer = go(visit.url("cart", added=sku))
    except (Invalid, Conflict) as error:
        answer = await _refused(visit, search, cart=cart, error=error)
    remember_cart(answer, visit, cart.id)
    return answer


@post("/{lang:str}/cart/change", status_code=200)
async def change_line(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], carts: Injected[Carts]
) -> PAGE | Redirect:
    """A new quantity, typed or by a button that holds the next one. At 0 the line goes."""
    data = dict(await request.form())
    quantity = whole_number(typed(data, "quantity"), lowest=0, highest=QUANTITY_MAX)
    cart = await load_cart(visit, carts)
    if cart is None:
        return go(visit.url("cart", problem="cart_gone"))
    if quantity is None:
        text = visit.texts("problem.quantity_not_valid")
        return await _page(visit, search, cart=cart, problems=[Problem(text=text)], status=422)
    return await _changed(visit, search, carts, cart=cart, line=typed(data, "line"), quantity=quantity)


@post("/{lang:str}/cart/remove", status_code=200)
async def remove_line(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], carts: Injected[Carts]
) -> PAGE | Redirect:
    data = dict(await request.form())
    cart = await load_cart(visit, carts)
    if cart is None:
        return go(visit.url("cart", problem="cart_gone"))
    return await _changed(visit, search, carts, cart=cart, line=typed(data, "line"), quantity=0)


@post("/{lang:str}/cart/codes", status_code=200)
async def change_code(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], carts: Injected[Carts]
) -> PAGE | Redirect:
    """Add a code, or with `remove` take it off again."""
    data = dict(await request.form())
    cart = await load_cart(visit, carts)
    if cart is None:
        return go(visit.url("cart", problem="cart_gone"))
    command = ChangeCode(cart_id=cart.id, account_id=visit.account_id, code=typed(data, "code").strip()[:40])
    try:
        await (carts.remove_code(command) if typed(data, "remove") else carts.add_code(command))
    except (CodeNotValid, Invalid, CartOrdered) as error:
        return await _refused(visit, search, cart=cart, error=error, field="code")
    return go(visit.url("cart"))


async def _changed(
    visit: Visit, search: Search, carts: Carts, *, cart: Cart, line: str, quantity: int
) -> PAGE | Redirect:
    try:
        line_id = LINE.parse(line)
        command = ChangeLine(
            cart_id=cart.id,
            account_id=visit.account_id,
            line_id=line_id,
            quantity=quantity,
            language=visit.language,
        )
        await carts.change_line(command)
    except (LineNotFound, NotFound):
        return go(visit.url("cart"))  # removed in another tab: the cart says the rest
    except (Invalid, Conflict) as error:
        return await _refused(visit, search, cart=cart, error=error)
    return go(visit.url("cart"))


async def _refused(
    visit: Visit, search: Search, *, cart: Cart, error: RialtoError, field: str | None = None
) -> PAGE:
    problem = Problem(text=problem_of(error, visit.texts).text, field=field)
    return await _page(visit, search, cart=cart, problems=[problem], status=status_of(error))


async def _page(
    visit: Visit,
    search: Search,
    *,
    cart: Cart | None,
    problems: list[Problem],
    added: str = "",
    status: int = 200,
    seen: str = "",
    away: bool = False,
) -> PAGE:
    """`seen`: when a cart that cannot be changed now was seen last; `away`: there is not even that."""
    lines = cart.lines if cart else []
    return await private_page(
        visit,
        "pages/cart.html",
        search=search,
        status=status,
        cart=cart,
        count=sum(line.quantity for line in lines),
        problems=problems,
        added=next((line for line in lines if line.sku == added), None),
        orderable=bool(lines) and all(_orderable(line.problem) for line in lines),
        quantity_max=QUANTITY_MAX,
        conflicts=told_conflicts(visit, cart),
        ended=visit.lapsed and cart is None,
        seen=seen,
        away=away,
    )


async def _as_seen(visit: Visit, search: Search, last: LastCart | None) -> PAGE:
    if last is None:
        return await _page(visit, search, cart=None, problems=[], status=503, away=True)
    at = formats.moment_and_time(last.seen_at, visit.language)
    return await _page(visit, search, cart=last.cart, problems=[], seen=at)


def _orderable(problem: str | None) -> bool:
    return problem in {None, "none", "price_changed"}


async def _shown_cart(visit: Visit, carts: Carts) -> Cart | None:
    """The open one. A customer whose cart was ordered goes on with another, a guest with the next that is added to."""
    cart = await load_cart(visit, carts)
    if cart is not None and cart.status != "open":
        return await open_cart(visit, carts) if visit.account_id is not None else None
    return cart
