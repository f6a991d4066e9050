"""Refusals as plain sentences on the page where they can be mended."""

from __future__ import annotations

from collections.abc import Mapping

from rialto.kernel.errors import Conflict, Denied, Invalid, NotFound, RialtoError, TooMany, Unavailable
from rialto.kernel.service import Frozen
from rialto.storefront.texts import Texts

STATUS: Mapping[type[RialtoError], int] = {
    Unavailable: 503,
    TooMany: 429,
    Conflict: 409,
    Denied: 403,
    NotFound: 404,
    Invalid: 422,
}


class Problem(Frozen):
    """One line of the summary above a form; `field` is the id it leads to, where it is about a field."""

    text: str
    field: str | None = None


def problems_of(
    error: RialtoError, texts: Texts, *, fields: Mapping[str, str] | None = None
) -> list[Problem]:
    """What a service refused: its faults by field, or its one sentence.

    `fields` says which field of the form a path of the command (`variants[0].sku`) is; a path is its own field
    where it is not named. A code without a sentence of ours is told in the service's words, which are plain English.
    """
    if error.fields:
        known = fields or {}
        return [
            Problem(
                text=texts.sentences.get(f"problem.{fault.code}", fault.message),
                field=known.get(fault.path, fault.path) or None,
            )
            for fault in error.fields
        ]
    fallback = texts("problem.unavailable") if isinstance(error, Unavailable) else error.text
    return [Problem(text=texts.sentences.get(f"problem.{error.stable_code}", fallback))]


def status_of(error: RialtoError) -> int:
    """The status of a page that shows this refusal."""
    return next((status for root, status in STATUS.items() if isinstance(error, root)), 422)
