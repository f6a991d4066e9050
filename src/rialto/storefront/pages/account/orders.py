"""What was bought with the account, and buying it again."""

from __future__ import annotations

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from rialto.cart.api import CartMerged, CartNotFound, CartOrdered, Carts
from rialto.kernel.errors import Invalid
from rialto.kernel.http import Injected, customer_only
from rialto.kernel.ids import ORDER
from rialto.orders.api import Orders, OwnOrders, Reorder
from rialto.search.api import Search
from rialto.storefront.accounts import own_account
from rialto.storefront.conflicts import conflict_query
from rialto.storefront.forms import typed
from rialto.storefront.rendering import PAGE, go, private_page
from rialto.storefront.visit import AnyRequest, Visit, open_cart, remember_cart

PAGE_SIZE = 10


@get("/{lang:str}/account/orders", guards=[customer_only])
async def order_list(
    visit: Injected[Visit], search: Injected[Search], orders: Injected[Orders]
) -> PAGE | Redirect:
    """The newest first. An address that no list of ours has made leads to the first page."""
    cursor = dict(visit.query).get("cursor")
    try:
        found = await orders.own(
            OwnOrders(account_id=own_account(visit), cursor=cursor or None, limit=PAGE_SIZE)
        )
    except Invalid:
        return go(visit.url("account/orders"))
    return await private_page(
        visit,
        "pages/account/orders.html",
        search=search,
        place="orders",
        orders=found.items,
        older=visit.url("account/orders", cursor=found.next_cursor) if found.next_cursor else "",
        is_first=not cursor,
        problems=[],
    )


@post("/{lang:str}/orders/{order_id:str}/reorder", status_code=200)
async def reorder(
    order_id: FromPath[str],
    request: AnyRequest,
    visit: Injected[Visit],
    carts: Injected[Carts],
    *,
    orders: Injected[Orders],
) -> Redirect:
    """Into the visitor's cart, as far as it goes; the cart's page tells the rest. Raises NotFound for others' orders."""
    key = typed(dict(await request.form()), "key")
    cart = await open_cart(visit, carts)
    command = Reorder(
        order_id=ORDER.parse(order_id),
        key=key or None,
        account_id=visit.account_id,
        cart_id=cart.id,
        language=visit.language,
    )
    try:
        filled = await orders.reorder(command)
    except (CartNotFound, CartOrdered, CartMerged):
        return go(visit.url("cart", problem="cart_gone"))
    notes = conflict_query(filled.conflicts)
    answer = go(visit.url("cart") + (f"?{notes}" if notes else ""))
    remember_cart(answer, visit, cart.id)
    return answer
