"""Refusals as plain sentences on the right page."""

from __future__ import annotations

from collections.abc import Sequence

from rialto.kernel.errors import RialtoError, Unavailable
from rialto.kernel.service import Frozen
from rialto.storefront.texts import Texts

# Where a person can do something about it: the checkout step that mends a refused order.
STEP_OF: dict[str, str] = {
    "cart_empty": "cart",
    "out_of_stock": "cart",
    "sku_not_sold": "cart",
    "cart_limit": "cart",
    "address_missing": "checkout/address",
    "delivery_missing": "checkout/delivery",
    "delivery_not_available": "checkout/delivery",
    "payment_missing": "checkout/payment",
    "payment_declined": "checkout/payment",
    "provider_unknown": "checkout/payment",
    "card_number_refused": "checkout/payment",
}


class Problem(Frozen):
    """One line of the error summary; `field` is the id it leads to, where it is about a field."""

    text: str
    field: str | None = None


def problem_of(error: RialtoError, texts: Texts) -> Problem:
    fallback = "problem.unavailable" if isinstance(error, Unavailable) else "problem.generic"
    return Problem(text=texts.get(f"problem.{error.stable_code}", fallback))


def problem_by_code(code: str, texts: Texts) -> Problem | None:
    """From an address (`?problem=out_of_stock`): only codes we have a sentence for, nothing else is shown."""
    text = texts.sentences.get(f"problem.{code}")
    return Problem(text=text) if text else None


def declined(code: str, texts: Texts) -> Problem:
    """Why the card was refused, as far as the provider says."""
    return Problem(text=texts.get(f"declined.{code}", "declined.card_declined"))


def status_of(error: RialtoError) -> int:
    """The page's status: refusals that a person mends on the same page are not server errors."""
    return 503 if isinstance(error, Unavailable) else 422


def listed(problems: Sequence[Problem | None]) -> list[Problem]:
    return [problem for problem in problems if problem is not None]
