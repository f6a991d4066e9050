"""What a customer remembers for later."""

from __future__ import annotations

from litestar import get, post
from litestar.response import Redirect

from rialto.cart.api import (
    Carts,
    MoveWish,
    SkuNotSold,
    WishLimit,
    WishlistOf,
    WishNotFound,
    WishRef,
)
from rialto.kernel.errors import Conflict, Invalid, NotFound, RialtoError
from rialto.kernel.http import Injected, customer_only, status_of
from rialto.search.api import Search
from rialto.storefront.accounts import own_account, refusal, told_done
from rialto.storefront.forms import typed
from rialto.storefront.rendering import PAGE, go, private_page
from rialto.storefront.visit import AnyRequest, Visit, remember_cart


@get("/{lang:str}/account/wishlist", guards=[customer_only])
async def wishlist_page(visit: Injected[Visit], search: Injected[Search], carts: Injected[Carts]) -> PAGE:
    return await _page(visit, search, carts)


@post("/{lang:str}/account/wishlist", status_code=200, guards=[customer_only])
async def wish(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], carts: Injected[Carts]
) -> PAGE | Redirect:
    """From a product's page. A guest is led to sign in, and back to the product."""
    sku = typed(dict(await request.form()), "sku").strip()
    try:
        await carts.wish(WishRef(account_id=own_account(visit), item=sku))
    except (SkuNotSold, WishLimit, NotFound) as error:
        return await _page(visit, search, carts, error=error)
    return go(visit.url("account/wishlist", done="wish"))


@post("/{lang:str}/account/wishlist/remove", status_code=200, guards=[customer_only])
async def unwish(request: AnyRequest, visit: Injected[Visit], carts: Injected[Carts]) -> Redirect:
    item = typed(dict(await request.form()), "item")
    await carts.unwish(WishRef(account_id=own_account(visit), item=item))
    return go(visit.url("account/wishlist", done="wish_removed"))


@post("/{lang:str}/account/wishlist/move", status_code=200, guards=[customer_only])
async def move(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], carts: Injected[Carts]
) -> PAGE | Redirect:
    """Into the cart, and off the list."""
    data = dict(await request.form())
    command = MoveWish(
        account_id=own_account(visit),
        item=typed(data, "item"),
        sku=typed(data, "sku") or None,
        language=visit.language,
        channel=visit.channel.code,
    )
    try:
        cart = await carts.move_wish(command)
    except WishNotFound:
        return go(visit.url("account/wishlist"))  # moved or removed in another tab
    except (Invalid, Conflict) as error:
        return await _page(visit, search, carts, error=error)
    answer = go(visit.url("cart", added=command.sku or command.item))
    remember_cart(answer, visit, cart.id)
    return answer


async def _page(visit: Visit, search: Search, carts: Carts, *, error: RialtoError | None = None) -> PAGE:
    found = await carts.wishes(
        WishlistOf(
            account_id=own_account(visit),
            currency=visit.currency,
            language=visit.language,
            channel=visit.channel.code,
        )
    )
    return await private_page(
        visit,
        "pages/account/wishlist.html",
        search=search,
        status=200 if error is None else status_of(error),
        place="wishlist",
        wishes=found.items,
        done=told_done(visit),
        problems=[] if error is None else [refusal(error, visit.texts)],
    )
