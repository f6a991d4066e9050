"""Payments on the web: the providers' webhooks, and what staff may look at."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post

from rialto.kernel.http import Injected, requires
from rialto.kernel.ids import ORDER
from rialto.payments.api import OfPaidOrder, PaymentList, Payments, Webhook


@post("/v1/payments/webhooks/{provider:str}", status_code=204, summary="A payment provider's message")
async def webhook(provider: str, request: Request[Any, Any, Any], payments: Injected[Payments]) -> None:
    """Signed after Standard Webhooks. Answers 204 when taken in or known already, 403 for a wrong signature."""
    headers = {name: value for name, value in request.headers.items() if name.startswith("webhook-")}
    await payments.webhook(Webhook(provider=provider, headers=headers, body=await request.body()))


@get(
    "/v1/admin/orders/{order_id:str}/payments",
    guards=[requires("payments.read")],
    summary="Payments of an order",
)
async def payments_of_order(order_id: str, payments: Injected[Payments]) -> PaymentList:
    return await payments.of_order(OfPaidOrder(order_id=ORDER.parse(order_id)))


ROUTES = [webhook, payments_of_order]
