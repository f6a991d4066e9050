"""Payments on the web: the providers' webhooks, and what staff may look at."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from rialto.kernel.http import Injected, about, requires
from rialto.kernel.ids import ORDER
from rialto.payments.api import OfPaidOrder, PaymentList, Payments, ProviderUnknown, SignatureWrong, Webhook


@post(
    "/v1/payments/webhooks/{provider:str}",
    status_code=204,
    **about(
        "take_webhook",
        "Take a provider's message",
        tag="payments",
        refuses=[ProviderUnknown, SignatureWrong],
        goes_on=True,
    ),
)
async def webhook(
    provider: FromPath[str], request: Request[Any, Any, Any], payments: Injected[Payments]
) -> None:
    """Signed after Standard Webhooks. Answers 204 when taken in or known already, 403 for a wrong signature."""
    headers = {name: value for name, value in request.headers.items() if name.startswith("webhook-")}
    await payments.webhook(Webhook(provider=provider, headers=headers, body=await request.body()))


@get(
    "/v1/admin/orders/{order_id:str}/payments",
    guards=[requires("payments.read")],
    **about("read_payments", "Payments of an order", tag="staff: orders"),
)
async def payments_of_order(order_id: FromPath[str], payments: Injected[Payments]) -> PaymentList:
    """As they are known here, without asking the provider; empty while none was tried."""
    return await payments.of_order(OfPaidOrder(order_id=ORDER.parse(order_id)))


ROUTES = [webhook, payments_of_order]
