"""A signed-in customer's wishlist on the web. Each entry is a SKU or a product's id."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import delete, get, post, put
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta

from rialto.cart.api import (
    QUANTITY_MAX,
    Cart,
    CartLimit,
    Carts,
    MoveWish,
    SkuNotSold,
    Wishes,
    WishLimit,
    WishlistOf,
    WishNotFound,
    WishRef,
)
from rialto.cart.model.checks import SKU_LENGTH_MAX
from rialto.cart.routes.carts import PRIVATE, AnyRequest, Language
from rialto.catalog.api import ProductNotFound
from rialto.kernel.http import Injected, about, customer_of, customer_only, host_of
from rialto.kernel.ids import AccountId
from rialto.kernel.service import Frozen

TAG = "wishlist"
Item = Annotated[str, PathParameter(max_length=SKU_LENGTH_MAX, description="A SKU, or a product's id.")]
# One that is not sold in is not refused: prices fall back to the channel's first.
Currency = Annotated[str | None, QueryParameter(pattern="^[A-Za-z]{3}$")]
Channel = Annotated[str | None, QueryParameter(max_length=40)]


class MoveBody(Frozen):
    """`sku` says which variant, where the wish is a product."""

    sku: Annotated[str, Meta(min_length=1, max_length=SKU_LENGTH_MAX)] | None = None
    quantity: Annotated[int, Meta(ge=1, le=QUANTITY_MAX)] = 1


@get(
    "/v1/account/wishlist",
    guards=[customer_only],
    cache_control=PRIVATE,
    **about("read_wishlist", "See the wishlist", tag=TAG),
)
async def read_wishlist(
    request: AnyRequest,
    carts: Injected[Carts],
    currency: Currency = None,
    language: Language = None,
    channel: Channel = None,
) -> Wishes:
    """The newest first, at today's prices."""
    return await carts.wishes(
        WishlistOf(
            account_id=_owner(request),
            currency=currency,
            language=language,
            channel=channel or "default",
            host=None if channel else host_of(request),
        )
    )


@put(
    "/v1/account/wishlist/{item:str}",
    status_code=204,
    guards=[customer_only],
    **about("add_wish", "Wish for an article", tag=TAG, refuses=[SkuNotSold, ProductNotFound, WishLimit]),
)
async def add_wish(request: AnyRequest, carts: Injected[Carts], item: Item) -> None:
    """Again: it is on the list once, where it was."""
    await carts.wish(WishRef(account_id=_owner(request), item=item))


@delete(
    "/v1/account/wishlist/{item:str}",
    status_code=204,
    guards=[customer_only],
    **about("remove_wish", "Strike an article out", tag=TAG),
)
async def remove_wish(request: AnyRequest, carts: Injected[Carts], item: Item) -> None:
    """What is not on the list changes nothing."""
    await carts.unwish(WishRef(account_id=_owner(request), item=item))


@post(
    "/v1/account/wishlist/{item:str}/move",
    status_code=200,
    guards=[customer_only],
    cache_control=PRIVATE,
    **about("move_wish", "Put a wish into the cart", tag=TAG, refuses=[WishNotFound, SkuNotSold, CartLimit]),
)
async def move_wish(
    request: AnyRequest,
    carts: Injected[Carts],
    *,
    item: Item,
    data: JSONBody[MoveBody | None] = None,
    language: Language = None,
    channel: Channel = None,
) -> Cart:
    """From the list into the account's cart. A wish for a product needs the `sku` of a variant."""
    wanted = data or MoveBody()
    return await carts.move_wish(
        MoveWish(
            account_id=_owner(request),
            item=item,
            sku=wanted.sku,
            quantity=wanted.quantity,
            language=language,
            channel=channel or "default",
            host=None if channel else host_of(request),
        )
    )


def _owner(request: AnyRequest) -> AccountId:
    account_id = customer_of(request)
    assert account_id is not None, "the guard lets customers in only"
    return account_id


ROUTES: list[Any] = [read_wishlist, add_wish, remove_wish, move_wish]
