"""The version rule, for each kind of thing that goes by it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from rialto.catalog.api import Collection, CollectionChanged, CollectionNotFound, Pins, ShopProfile, Synonyms
from rialto.catalog.model.versions import Kept, check_room, next_version
from rialto.kernel.errors import Invalid

pytestmark = pytest.mark.fast

KINDS: Sequence[Collection | Synonyms | Pins | ShopProfile] = (
    Collection(slug="gifts", title={"en": "Gifts"}, version=3),
    Synonyms(id="lights", language="en", terms=["lamp", "light"], version=3),
    Pins(id="gifts", language="en", query="gift", products=["lamp"], version=3),
    ShopProfile(name="Lamps", version=3),
)


def decided(present: Kept | None, wanted: Kept, expected_version: int) -> Kept:
    return next_version(
        present, wanted, expected_version, changed=CollectionChanged, missing=CollectionNotFound
    )


@pytest.mark.parametrize("present", KINDS, ids=lambda kind: type(kind).__name__)
def test_every_kind_goes_by_the_same_rule(present: Collection) -> None:
    name = msgspec.structs.fields(present)[0].name
    other = msgspec.structs.replace(present, **{name: "other"}, version=0)
    assert decided(None, other, 0) == msgspec.structs.replace(other, version=1), "the first one"
    assert decided(present, other, 3) == msgspec.structs.replace(other, version=4), "based on what is there"
    said_again = msgspec.structs.replace(present, version=0)
    for expected_version in (0, 2, 3, 9):
        assert decided(present, said_again, expected_version) is present, "told again, nothing changes"
    for expected_version in (0, 2, 4):
        with pytest.raises(CollectionChanged):
            decided(present, other, expected_version)
    with pytest.raises(CollectionNotFound):
        decided(None, other, 3)


def test_there_is_room_below_the_most_and_none_at_it() -> None:
    check_room("slug", KINDS, len(KINDS) + 1)
    with pytest.raises(Invalid) as refused:
        check_room("slug", KINDS, len(KINDS))
    assert [(fault.path, fault.code) for fault in refused.value.fields] == [("slug", "too_many")]
