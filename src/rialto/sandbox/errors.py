"""What the sandbox refuses, and with which stable code.

    Exception
    ├── Refused       an expected answer: `code` for programs, `detail` for people
    │   └── Invalid   several fields of one form at once
    └── Unavailable   the books could not be written; the outcome is unknown

The table below is the whole vocabulary; `http.py` reads the status from it.
A code is part of the contract: codes are added, never renamed.
"""

from __future__ import annotations

from dataclasses import dataclass

STATUS: dict[str, int] = {
    "validation_failed": 400,
    "idempotency_key_missing": 400,
    "unauthenticated": 401,
    "origin_refused": 403,
    "origin_not_valid": 422,
    "not_found": 404,
    "method_not_allowed": 405,
    "intent_not_capturable": 409,
    "intent_not_voidable": 409,
    "intent_not_refundable": 409,
    "amount_exceeds_authorised": 409,
    "amount_exceeds_captured": 409,
    "challenge_closed": 409,
    "session_closed": 409,
    "body_too_large": 413,
    "amount_invalid": 422,
    "currency_invalid": 422,
    "currency_mismatch": 422,
    "reference_invalid": 422,
    "return_url_missing": 422,
    "return_url_refused": 422,
    "token_unknown": 422,
    "token_used": 422,
    "token_expired": 422,
    "idempotency_key_reused": 422,
    "card_refused": 422,
    "unavailable": 503,
}


class Refused(Exception):
    """An expected refusal. `code` is stable; `detail` may change its wording."""

    def __init__(self, code: str, detail: str) -> None:
        """Refuse with one of the codes of `STATUS`."""
        assert code in STATUS, code
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, kw_only=True)
class FieldProblem:
    """One field of a form and the stable code of what is wrong with it."""

    field: str
    code: str


class Invalid(Refused):
    """A form with one or more wrong fields, all of them reported at once."""

    def __init__(self, code: str, detail: str, problems: tuple[FieldProblem, ...]) -> None:
        """Refuse the whole form; `problems` keeps the order of the fields."""
        super().__init__(code, detail)
        self.problems = problems


class Unavailable(Exception):
    """The books could not be written or the queue is full; ask again later.

    Whoever gets this does not know whether the operation happened, and finds
    out by asking with the same idempotency key or the same reference.
    """
