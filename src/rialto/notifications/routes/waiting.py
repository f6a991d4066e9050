"""Waiting for articles on the web."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, post
from litestar.datastructures import CacheControlHeader
from litestar.params import JSONBody

from rialto.kernel.auth import AccessTokenRefused
from rialto.kernel.http import Injected, about, client_of, customer_of
from rialto.kernel.service import Frozen
from rialto.notifications.api import (
    AvailableNow,
    Notifications,
    SkuNotOffered,
    TooManyWishes,
    WaitFor,
    WaitingAnswer,
    WaitingLimit,
    WaitingLinkRefused,
    WaitingToken,
)

NO_STORE = CacheControlHeader(no_store=True)
TAG = "waiting"


class WaitingWish(Frozen):
    """`language` and `channel` are those of the shop front that mails should speak for."""

    sku: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    email: Annotated[str, msgspec.Meta(min_length=3, max_length=254)]
    language: Annotated[str, msgspec.Meta(max_length=35)] = "en"
    channel: Annotated[str, msgspec.Meta(max_length=60)] = "default"


class WaitingLink(Frozen):
    """The `token` of a link that was mailed."""

    token: Annotated[str, msgspec.Meta(max_length=2000)]


@post(
    "/v1/back-in-stock",
    status_code=202,
    cache_control=NO_STORE,
    **about(
        "wait_for_stock",
        "Wait for an article",
        tag=TAG,
        refuses=[
            AccessTokenRefused,
            SkuNotOffered,
            AvailableNow,
            WaitingLimit,
            TooManyWishes(retry_after_s=600),
        ],
        example={"sku": "MUG-STONE", "email": "ada@example.com", "language": "en"},
    ),
)
async def wait_for_stock(
    request: Request[Any, Any, Any], data: JSONBody[WaitingWish], notifications: Injected[Notifications]
) -> WaitingAnswer:
    """Mails the address once when the article can be bought again, within 180 days.

    Who gives another address than the verified one of the account that is signed in has to confirm it by a link that is
    mailed. The answer is the same whether somebody waits under this address already.
    """
    return await notifications.wait(
        WaitFor(
            sku=data.sku,
            email=data.email,
            language=data.language,
            channel=data.channel,
            client=client_of(request),
            account_id=customer_of(request),
        )
    )


@post(
    "/v1/back-in-stock/confirm",
    status_code=204,
    **about("confirm_waiting", "Confirm the address", tag=TAG, refuses=[WaitingLinkRefused]),
)
async def confirm_waiting(data: JSONBody[WaitingLink], notifications: Injected[Notifications]) -> None:
    """The link of the first mail: good for 24 hours. Again changes nothing."""
    await notifications.confirm_waiting(WaitingToken(token=data.token))


@post(
    "/v1/back-in-stock/end",
    status_code=204,
    **about("end_waiting", "Stop waiting", tag=TAG, refuses=[WaitingLinkRefused]),
)
async def end_waiting(data: JSONBody[WaitingLink], notifications: Injected[Notifications]) -> None:
    """The link at the end of each of these mails: the address waits for nothing any more. Again changes nothing."""
    await notifications.end_waiting(WaitingToken(token=data.token))


ROUTES: list[Any] = [wait_for_stock, confirm_waiting, end_waiting]
