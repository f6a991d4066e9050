"""A product's plan: from when and until when it is published. A moment that has come is done, and taken out."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from rialto.catalog.api import ProductDraft
from rialto.catalog.model.fields import Problems

YEARS = (2000, 9999)


def check_plan(problems: Problems, draft: ProductDraft) -> None:
    begin, end = draft.publish_at, draft.unpublish_at
    for path, at in (("publish_at", begin), ("unpublish_at", end)):
        if at is not None and not _is_moment(at):
            problems.add(path, "not_valid", "A time with its zone, such as 2026-11-27T08:00:00Z.")
    if begin and end and _is_moment(begin) and _is_moment(end) and begin >= end:
        problems.add("unpublish_at", "ends_before_start", "The end is after the beginning.")


def with_utc(draft: ProductDraft) -> ProductDraft:
    """Of a checked draft: one moment has one form, so that an equal draft is equal."""
    begin, end = draft.publish_at, draft.unpublish_at
    return msgspec.structs.replace(
        draft, publish_at=begin and begin.astimezone(UTC), unpublish_at=end and end.astimezone(UTC)
    )


def as_planned(draft: ProductDraft, now: datetime) -> ProductDraft:
    """What its plan makes of a draft at this time; of what came of it, the same.

    While it waits to be published it is hidden, whatever `published` says. The end comes after the beginning.
    """
    published, begin, end = draft.published, draft.publish_at, draft.unpublish_at
    if begin is not None:
        published = begin <= now
        begin = None if published else begin
    if end is not None and end <= now:
        published, end = False, None
    return msgspec.structs.replace(draft, published=published, publish_at=begin, unpublish_at=end)


def by_hand(draft: ProductDraft, *, published: bool) -> ProductDraft:
    """Who publishes now does not wait for the moment that was planned; an end stays planned."""
    begin = None if published else draft.publish_at
    return msgspec.structs.replace(draft, published=published, publish_at=begin)


def next_moment(draft: ProductDraft) -> datetime | None:
    return min((at for at in (draft.publish_at, draft.unpublish_at) if at is not None), default=None)


def _is_moment(at: datetime) -> bool:
    """Whether it names its time zone, and stays a date in every zone."""
    return at.tzinfo is not None and YEARS[0] <= at.year < YEARS[1]
