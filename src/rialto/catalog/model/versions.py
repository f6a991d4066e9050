"""One rule for all that staff keep under a version: nobody replaces what they have not seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from rialto.catalog.api.collections import Collection
from rialto.catalog.api.profile import ShopProfile
from rialto.catalog.api.search_rules import Pins, Synonyms
from rialto.kernel.errors import NotFound, VersionConflict, field_problem

Kept = TypeVar("Kept", Collection, Synonyms, Pins, ShopProfile)


def next_version(
    present: Kept | None,
    wanted: Kept,
    expected_version: int,
    *,
    changed: type[VersionConflict],
    missing: type[NotFound] = NotFound,
) -> Kept:
    """As it will be stored; the present one where it says the same, whatever version was expected.

    Raises `changed` when another version is present, `missing` for a version of what is not there.
    """
    if present is None:
        if expected_version:
            raise missing
        return msgspec.structs.replace(wanted, version=1)
    if msgspec.structs.replace(wanted, version=present.version) == present:
        return present
    if present.version != expected_version:
        raise changed
    return msgspec.structs.replace(wanted, version=present.version + 1)


def check_room(path: str, known: Sequence[object], most: int) -> None:
    """Before one more is made. Raises Invalid, naming the field that would be new."""
    if len(known) >= most:
        raise field_problem(path, "too_many", f"There are {most} of them already.")
