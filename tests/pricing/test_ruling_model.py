"""How many ways of delivery there may be, and where one can be moved to, by rules alone."""

from __future__ import annotations

import msgspec
import pytest

from rialto.kernel.errors import Invalid
from rialto.pricing.api import DeliveryUnknown, StoredDelivery
from rialto.pricing.model.rules import METHODS_MAX
from rialto.pricing.model.ruling import decide_delivery, moved
from tests.pricing.peers import a_method

pytestmark = pytest.mark.fast


def ways(count: int) -> list[StoredDelivery]:
    method = a_method("way")
    return [
        StoredDelivery(method=msgspec.structs.replace(method, id=f"way_{number}"), version=1)
        for number in range(count)
    ]


def test_there_are_only_so_many_ways_and_those_can_still_be_changed() -> None:
    known = ways(METHODS_MAX)
    with pytest.raises(Invalid) as refused:
        decide_delivery(known, a_method("one_more"), None)
    assert [fault.code for fault in refused.value.fields] == ["too_many_methods"]
    changed = msgspec.structs.replace(known[0].method, days_max=known[0].method.days_max + 1)
    assert decide_delivery(known, changed, 1) == StoredDelivery(method=changed, version=1)


def test_nothing_is_moved_before_what_is_not_there() -> None:
    with pytest.raises(DeliveryUnknown):
        moved(ways(2), "way_0", "way_7", 1)


def test_what_stands_in_its_place_is_not_moved() -> None:
    known = ways(2)
    assert moved(known, "way_0", "way_1", 1) == []
    assert [one.id for one in moved(known, "way_1", "way_0", 1)] == ["way_1", "way_0"]
