"""The errors a caller can meet, as one small tree.

    RialtoError
    ├── NotFound      the thing is not there, or not for this principal        (404)
    ├── Invalid       the request can never succeed as it stands               (400, 422)
    ├── Conflict      it clashes with the present state; re-read and decide    (409, 412)
    ├── Denied        not signed in, or not allowed                            (401, 403)
    ├── TooMany       slow down; `retry_after_s` says how long                 (429)
    ├── Declined      a payment was refused by whoever pays                    (402)
    └── Unavailable   a dependency failed; nothing was changed as far as known (503)
        ├── OutcomeUnknown   the effect may or may not have happened: ask, never guess
        └── Overloaded       there is too much to do; it was not begun

`code` is for programs and stable for ever; the text is for people and may change.
Services derive their own in `api.py`. The HTTP status is mapped in `kernel/http.py` and nowhere else.
`InvariantBroken` is not in the tree: it is a bug, crashes the unit of work and is never shown.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec


class FieldProblem(msgspec.Struct, frozen=True, kw_only=True):
    """One fault of one field. `path` is a JSON path such as `shipping.postal_code`."""

    path: str
    code: str
    message: str


class RialtoError(Exception):
    """Root of every expected refusal. `retryable` says whether the same request may succeed later."""

    code: ClassVar[str] = "error"
    message: ClassVar[str] = "The request could not be carried out."
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        fields: tuple[FieldProblem, ...] = (),
        retry_after_s: float | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        self.text = message or self.message
        self.stable_code = code or self.code
        self.fields = fields
        self.retry_after_s = retry_after_s
        self.extra = extra or {}
        super().__init__(self.text)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.stable_code}: {self.text})"


class NotFound(RialtoError):
    code = "not_found"
    message = "There is nothing here."


class Invalid(RialtoError):
    code = "validation_failed"
    message = "The request is not valid."


class Conflict(RialtoError):
    code = "conflict"
    message = "The request clashes with the present state."


class Denied(RialtoError):
    """`signed_in` decides between 401 and 403."""

    code = "denied"
    message = "This is not allowed."

    def __init__(
        self, message: str | None = None, *, signed_in: bool = True, code: str | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.signed_in = signed_in


class TooMany(RialtoError):
    code = "rate_limited"
    message = "Too many requests."
    retryable = True


class Declined(RialtoError):
    code = "payment_declined"
    message = "The payment was declined."


class Unavailable(RialtoError):
    code = "unavailable"
    message = "A part of the shop does not answer at the moment."
    retryable = True


class OutcomeUnknown(Unavailable):
    """A reply was lost or a caller left: the effect may have happened. Ask by key; never retry blindly."""

    code = "outcome_unknown"
    message = "The outcome is not known yet."


class Overloaded(Unavailable):
    """Turned away before anything was begun, and in good health: `retry_after_s` says when to come back."""

    code = "overloaded"
    message = "The shop is very busy at the moment. Nothing was changed; please try again in a moment."


class VersionConflict(Conflict):
    """Somebody else wrote first (optimistic lock, If-Match)."""

    code = "version_conflict"
    message = "Somebody else changed this in the meantime."


class InvariantBroken(AssertionError):
    """Something that cannot be is. A bug: the unit of work is rolled back and the process says so loudly."""


def field_problem(path: str, code: str, message: str) -> Invalid:
    """An `Invalid` about a single field."""
    return Invalid(message, fields=(FieldProblem(path=path, code=code, message=message),))


ROOTS: tuple[type[RialtoError], ...] = (
    NotFound,
    Invalid,
    Conflict,
    Denied,
    TooMany,
    Declined,
    OutcomeUnknown,
    Unavailable,
)
