from __future__ import annotations

import pytest

from tests.api.fuzzing import Case, Client, schema_for
from tests.api.serving import Served

schema = schema_for(made_up_tokens=False)

# A webhook needs its provider's signature, and there are no vouchers yet.
NEVER_DONE = {"take_webhook", "add_code"}


@pytest.fixture(scope="module")
def owner(served: Served) -> Client:
    return Client(served, as_owner=True)


@schema.parametrize()
def test_the_owner_is_answered_as_described(case: Case, owner: Client, operation: str) -> None:
    assert case.operation.label == operation
    owner.ask(case)


def test_every_operation_is_a_test_of_its_own(request: pytest.FixtureRequest) -> None:
    names = [item.nodeid for item in request.session.items]
    assert len(names) == len(set(names))


def test_everything_was_not_only_refused_but_done(owner: Client) -> None:
    paths = schema.raw_schema["paths"].values()
    described = {operation["operationId"] for item in paths for operation in item.values()}
    if owner.asked != described:
        pytest.skip("only after all of them were asked")
    assert described - owner.done == NEVER_DONE


def test_after_all_that_the_shop_is_sound(served: Served) -> None:
    served.run(lambda shop: shop.settle())
    assert served.run(lambda shop: shop.audit()) == []
