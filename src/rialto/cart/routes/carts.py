"""Carts on the web; answers are the whole cart, never to be cached.

Whoever has a guest's cart's id may use it. With a customer's token carts are the account's, and nobody else's.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from litestar import Request, delete, get, patch, post, put
from litestar.datastructures import CacheControlHeader
from litestar.params import FromPath, JSONBody, PathParameter, QueryParameter
from msgspec import Meta

from rialto.cart.api import (
    QUANTITY_MAX,
    AddLine,
    Cart,
    CartLimit,
    CartMerged,
    CartNotFound,
    CartOrdered,
    CartRef,
    Carts,
    ChangeCode,
    ChangeLine,
    CodeNotValid,
    FilledCart,
    LineNotFound,
    MergeCart,
    NewCart,
    SetAddress,
    SetDelivery,
    SkuNotSold,
)
from rialto.cart.model.checks import EMAIL_LENGTH_MAX, SKU_LENGTH_MAX
from rialto.cart.model.views import text_in
from rialto.catalog.api import ChannelClosed
from rialto.kernel.address import Address
from rialto.kernel.auth import AccessTokenRefused
from rialto.kernel.http import Injected, about, customer_of, customer_only, host_of
from rialto.kernel.ids import CartId, LineId
from rialto.kernel.money import Money
from rialto.kernel.service import Frozen
from rialto.pricing.api import DeliveryUnavailable

PRIVATE = CacheControlHeader(no_store=True)
CHANGE = (CartNotFound, CartOrdered, CartMerged, AccessTokenRefused)
AnyRequest = Request[Any, Any, Any]
CHANGE_LINES = (*CHANGE, SkuNotSold, CartLimit)

# One that nothing is written in is not refused: titles fall back to the cart's language.
Language = Annotated[
    str | None, QueryParameter(max_length=16, description="The language of titles, such as `de`.")
]
Code = Annotated[str, Meta(min_length=1, max_length=60)]


class NewCartBody(Frozen):
    """All optional; what is unknown falls back to the channel's. Without `channel` the host name decides."""

    currency: Annotated[str, Meta(max_length=8, examples=["EUR"])] | None = None
    country: Annotated[str, Meta(max_length=8, examples=["DE"])] | None = None
    language: Annotated[str, Meta(max_length=16, examples=["en"])] | None = None
    channel: Annotated[str, Meta(max_length=40)] | None = None


class NewLineBody(Frozen):
    sku: Annotated[str, Meta(min_length=1, max_length=SKU_LENGTH_MAX)]
    quantity: Annotated[int, Meta(ge=1, le=QUANTITY_MAX)] = 1


class QuantityBody(Frozen):
    """0 removes the line."""

    quantity: Annotated[int, Meta(ge=0, le=QUANTITY_MAX)]


class CodeBody(Frozen):
    code: Code


class AddressBody(Frozen):
    """Without `billing` the invoice goes where the goods go."""

    email: Annotated[str, Meta(min_length=3, max_length=EMAIL_LENGTH_MAX)]
    shipping: Address
    billing: Address | None = None


class DeliveryBody(Frozen):
    option_id: Annotated[str, Meta(min_length=1, max_length=60)]


class MergeBody(Frozen):
    """The guest's cart that is to end in the account's."""

    cart_id: Annotated[str, Meta(min_length=1, max_length=60)]


class DeliveryChoice(Frozen):
    """One way of delivery, its title in the cart's language."""

    id: str
    title: str
    price: Money
    delivered_on_from: date
    delivered_on_to: date


class DeliveryChoices(Frozen):
    items: list[DeliveryChoice]


@post(
    "/v1/carts",
    cache_control=PRIVATE,
    **about("create_cart", "Start a cart", tag="carts", refuses=[ChannelClosed, AccessTokenRefused]),
)
async def create_cart(
    request: AnyRequest,
    carts: Injected[Carts],
    data: JSONBody[NewCartBody] = NewCartBody(),  # noqa: B008 - frozen
) -> Cart:
    """A new, empty cart. Keep its id secret: it is the key to the cart.

    With a customer's token it is the account's open cart in this channel, made when there is none.
    """
    spoken = request.headers.get("accept-language", "").split(",")[0].split(";")[0].split("-")[0]
    command = NewCart(
        account_id=customer_of(request),
        currency=data.currency,
        country=data.country,
        language=data.language or spoken.strip().lower() or None,
        channel=data.channel or "default",
        host=None if data.channel else host_of(request),
    )
    return await carts.create(command)


@get(
    "/v1/carts/{cart_id:str}",
    cache_control=PRIVATE,
    **about("read_cart", "Look at a cart", tag="carts", refuses=[CartNotFound, AccessTokenRefused]),
)
async def read_cart(
    request: AnyRequest, carts: Injected[Carts], cart_id: FromPath[str], language: Language = None
) -> Cart:
    """The cart, priced now. `language` chooses titles."""
    return await carts.get(
        CartRef(cart_id=CartId(cart_id), account_id=customer_of(request), language=language)
    )


@post(
    "/v1/carts/{cart_id:str}/lines",
    status_code=200,
    cache_control=PRIVATE,
    **about("add_line", "Put an article in", tag="carts", refuses=CHANGE_LINES),
)
async def add_line(
    request: AnyRequest,
    carts: Injected[Carts],
    cart_id: FromPath[str],
    data: JSONBody[NewLineBody],
    language: Language = None,
) -> Cart:
    """Add an article; one that is there already gets more."""
    command = AddLine(
        cart_id=CartId(cart_id),
        account_id=customer_of(request),
        sku=data.sku,
        quantity=data.quantity,
        language=language,
    )
    return await carts.add_line(command)


@patch(
    "/v1/carts/{cart_id:str}/lines/{line_id:str}",
    cache_control=PRIVATE,
    **about("change_line", "Change a quantity", tag="carts", refuses=[LineNotFound, *CHANGE_LINES]),
)
async def change_line(
    request: AnyRequest,
    carts: Injected[Carts],
    *,
    cart_id: FromPath[str],
    line_id: FromPath[str],
    data: JSONBody[QuantityBody],
    language: Language = None,
) -> Cart:
    """Set a line's quantity."""
    return await carts.change_line(
        ChangeLine(
            cart_id=CartId(cart_id),
            account_id=customer_of(request),
            line_id=LineId(line_id),
            quantity=data.quantity,
            language=language,
        )
    )


@delete(
    "/v1/carts/{cart_id:str}/lines/{line_id:str}",
    status_code=200,
    cache_control=PRIVATE,
    **about("remove_line", "Take an article out", tag="carts", refuses=[LineNotFound, *CHANGE]),
)
async def remove_line(
    request: AnyRequest,
    carts: Injected[Carts],
    cart_id: FromPath[str],
    line_id: FromPath[str],
    language: Language = None,
) -> Cart:
    """The line goes, however many of the article were in it."""
    return await carts.change_line(
        ChangeLine(
            cart_id=CartId(cart_id),
            account_id=customer_of(request),
            line_id=LineId(line_id),
            quantity=0,
            language=language,
        )
    )


@post(
    "/v1/carts/{cart_id:str}/codes",
    status_code=200,
    cache_control=PRIVATE,
    **about("add_code", "Enter a code", tag="carts", refuses=[*CHANGE, CodeNotValid]),
)
async def add_code(
    request: AnyRequest, carts: Injected[Carts], cart_id: FromPath[str], data: JSONBody[CodeBody]
) -> Cart:
    """Enter a code. One that is not valid is refused with `code_not_valid`."""
    return await carts.add_code(
        ChangeCode(cart_id=CartId(cart_id), account_id=customer_of(request), code=data.code)
    )


@delete(
    "/v1/carts/{cart_id:str}/codes/{code:str}",
    status_code=200,
    cache_control=PRIVATE,
    **about("remove_code", "Take a code off", tag="carts", refuses=CHANGE),
)
async def remove_code(
    request: AnyRequest,
    carts: Injected[Carts],
    cart_id: FromPath[str],
    code: Annotated[str, PathParameter(max_length=60)],
) -> Cart:
    """Take a code off again; one that the cart does not have changes nothing."""
    return await carts.remove_code(
        ChangeCode(cart_id=CartId(cart_id), account_id=customer_of(request), code=code)
    )


@put(
    "/v1/carts/{cart_id:str}/address",
    cache_control=PRIVATE,
    **about("set_address", "Say who buys and where it goes", tag="carts", refuses=CHANGE),
)
async def set_address(
    request: AnyRequest, carts: Injected[Carts], cart_id: FromPath[str], data: JSONBody[AddressBody]
) -> Cart:
    """Who buys and where it goes. Taxes and deliveries follow the shipping country."""
    command = SetAddress(
        cart_id=CartId(cart_id),
        account_id=customer_of(request),
        email=data.email,
        shipping=data.shipping,
        billing=data.billing,
    )
    return await carts.set_address(command)


@get(
    "/v1/carts/{cart_id:str}/delivery-options",
    cache_control=PRIVATE,
    **about("read_delivery_options", "See the ways of delivery", tag="carts", refuses=CHANGE),
)
async def read_delivery_options(
    request: AnyRequest, carts: Injected[Carts], cart_id: FromPath[str], language: Language = None
) -> DeliveryChoices:
    """How this cart can be delivered to its country; empty when it cannot."""
    found = await carts.delivery_options(
        CartRef(cart_id=CartId(cart_id), account_id=customer_of(request), language=language)
    )
    return DeliveryChoices(
        items=[
            DeliveryChoice(
                id=option.id,
                title=text_in(option.title, (), option.id),
                price=option.price,
                delivered_on_from=option.delivered_on_from,
                delivered_on_to=option.delivered_on_to,
            )
            for option in found.items
        ]
    )


@put(
    "/v1/carts/{cart_id:str}/delivery",
    cache_control=PRIVATE,
    **about("set_delivery", "Choose a way of delivery", tag="carts", refuses=[*CHANGE, DeliveryUnavailable]),
)
async def set_delivery(
    request: AnyRequest, carts: Injected[Carts], cart_id: FromPath[str], data: JSONBody[DeliveryBody]
) -> Cart:
    """Choose one of the delivery options."""
    return await carts.set_delivery(
        SetDelivery(cart_id=CartId(cart_id), account_id=customer_of(request), option_id=data.option_id)
    )


@post(
    "/v1/carts/merge",
    status_code=200,
    guards=[customer_only],
    cache_control=PRIVATE,
    **about("merge_cart", "Take over a guest's cart", tag="carts", refuses=[CartNotFound, CartOrdered]),
)
async def merge_cart(
    request: AnyRequest, carts: Injected[Carts], data: JSONBody[MergeBody], language: Language = None
) -> FilledCart:
    """After signing in: what a guest put together goes into the account's cart, and the guest's cart ends.

    `conflicts` tells what could not be taken over as it was. Sent again it answers the same and adds nothing.
    """
    account_id = customer_of(request)
    assert account_id is not None, "the guard lets customers in only"
    return await carts.merge(
        MergeCart(cart_id=CartId(data.cart_id), account_id=account_id, language=language)
    )


ROUTES: list[Any] = [
    create_cart,
    merge_cart,
    read_cart,
    add_line,
    change_line,
    remove_line,
    add_code,
    remove_code,
    set_address,
    read_delivery_options,
    set_delivery,
]
