from __future__ import annotations

import pytest

from tests.api.fuzzing import Case, Client, is_for_staff, schema_for
from tests.api.people import Chief
from tests.api.serving import Served

schema = schema_for(made_up_tokens=False, thorough=is_for_staff)


@pytest.fixture(scope="module")
def owner(served: Served) -> Client:
    return Client(served, Chief(served))


@schema.parametrize()
def test_the_owner_is_answered_as_described(case: Case, owner: Client, operation: str) -> None:
    assert case.operation.label == operation
    owner.ask(case)


def test_all_that_staff_do_was_not_only_refused_but_done(owner: Client) -> None:
    paths = schema.raw_schema["paths"].values()
    theirs = {one["operationId"] for item in paths for one in item.values() if is_for_staff(one)}
    if not theirs <= owner.asked:
        pytest.skip("only after all of them were asked")
    assert theirs <= owner.done


def test_after_all_that_the_shop_is_sound(served: Served) -> None:
    served.run(lambda shop: shop.settle())
    assert served.run(lambda shop: shop.audit()) == []
