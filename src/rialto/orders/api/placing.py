"""Placing an order: the checkout and what can stop it."""

from __future__ import annotations

from rialto.kernel.errors import Conflict, Invalid
from rialto.kernel.ids import AccountId, CartId, OrderId
from rialto.kernel.money import Money
from rialto.kernel.service import Frozen
from rialto.orders.api.following import Order


class CartEmpty(Invalid):
    code = "cart_empty"
    message = "The cart is empty."


class AddressMissing(Invalid):
    code = "address_missing"
    message = "An address and an e-mail are needed first."


class DeliveryMissing(Invalid):
    code = "delivery_missing"
    message = "Please choose a way of delivery first."


class PaymentMissing(Invalid):
    code = "payment_missing"
    message = "Please choose a way to pay first."


class PriceChanged(Conflict):
    """`extra["totals"]` is the new quote; sending the checkout again accepts it."""

    code = "price_changed"
    message = "The total has changed since it was shown."


class KeyReused(Invalid):
    code = "idempotency_key_reused"
    message = "This Idempotency-Key was used for another request."


class KeyMissing(Invalid):
    code = "idempotency_key_missing"
    message = "This request needs an Idempotency-Key header."


class RequestInProgress(Conflict):
    code = "request_in_progress"
    message = "The same request is still being worked on."
    retryable = True


class CheckoutInProgress(Conflict):
    code = "checkout_in_progress"
    message = "Another checkout of this cart is still open."
    retryable = True


class OrderCancelledMeanwhile(Conflict):
    """The checkout ended without an order (its time ran out); the cart is open again. `extra["reason"]` says why."""

    code = "order_cancelled"
    message = "This checkout has ended; please try again."


class Tender(Frozen):
    """One way to pay a part. Without an amount it pays what is left."""

    provider: str
    token: str
    amount: Money | None = None


class PlaceOrder(Frozen):
    """`key` is the client's Idempotency-Key, `request_hash` a digest of what it sent with it.

    With `account_id` the order is that account's, from its own cart or a guest's.
    """

    cart_id: CartId
    account_id: AccountId | None = None
    tenders: list[Tender]
    key: str
    request_hash: str
    expected_total: Money | None = None


class ContinueCheckout(Frozen):
    """`key` is the order's own, from `status_url`; the account's owner needs none."""

    order_id: OrderId
    key: str | None = None
    account_id: AccountId | None = None


class CheckoutAnswer(Frozen):
    """`outcome`: placed, action (go to `next_action_url`), pending (ask again), declined.

    Declined: the stock is released and the cart open again; `decline_code` says why.
    """

    outcome: str
    order: Order
    next_action_url: str | None = None
    decline_code: str | None = None


class Reorder(Frozen):
    """Into `cart_id`; without it into the account's open cart, and for a guest into a new one."""

    order_id: OrderId
    key: str | None = None
    account_id: AccountId | None = None
    cart_id: CartId | None = None
    language: str | None = None
