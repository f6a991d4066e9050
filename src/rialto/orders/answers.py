"""The answer a client's Idempotency-Key stands for: kept as a reference to a version, rendered again on repeat."""

from __future__ import annotations

import msgspec

from rialto.kernel.ids import AccountId, CartId, bucket_of
from rialto.kernel.service import Frozen
from rialto.orders.model import OrderState

# Why a checkout failed, as its outcome.
REFUSED = {
    "payment_declined": "declined",
    "out_of_stock": "out_of_stock",
    "code_not_valid": "code_not_valid",
    "not_first_order": "not_first_order",
}


def scope_of(account_id: AccountId | None, cart_id: CartId) -> str:
    """Within what an Idempotency-Key is unique: the account that asks for its own cart, else the cart.

    A guest's cart that is bought by somebody signed in stands in another bucket than the account; where chance has put
    both into one, the account counts.
    """
    is_near = account_id is not None and bucket_of(account_id) == bucket_of(cart_id)
    return account_id if account_id is not None and is_near else cart_id


class Answered(Frozen):
    """`outcome`: placed, action, pending, declined, out_of_stock, code_not_valid, not_first_order, cancelled; as of `version`."""

    outcome: str
    version: int
    action_url: str | None = None

    @staticmethod
    def of(state: OrderState, action_url: str | None = None) -> bytes:
        """The stored form of what is to be told about this state."""
        return msgspec.json.encode(
            Answered(outcome=outcome_of(state, action_url), version=state.version, action_url=action_url)
        )

    @staticmethod
    def read(stored: bytes) -> Answered:
        return msgspec.json.decode(stored, type=Answered)


def outcome_of(state: OrderState, action_url: str | None) -> str:
    if state.status == "cancelled":
        return REFUSED.get(state.cancel_reason or "", "cancelled")
    if state.placed_at is None:  # pending, or handed over to a person before it was placed
        return "action" if action_url else "pending"
    return "placed"
