from __future__ import annotations

import pytest

from tests.api.fuzzing import Case, Client, needs_token, schema_for
from tests.api.people import Guest
from tests.api.serving import Served

schema = schema_for(made_up_tokens=True, thorough=lambda operation: not needs_token(operation))


@pytest.fixture(scope="module")
def guest(served: Served) -> Client:
    return Client(served, Guest(served))


@schema.parametrize()
def test_a_guest_is_answered_as_described(case: Case, guest: Client, operation: str) -> None:
    assert case.operation.label == operation
    guest.ask(case)


def test_every_operation_is_a_test_of_its_own(request: pytest.FixtureRequest) -> None:
    names = [item.nodeid for item in request.session.items]
    assert len(names) == len(set(names))


def test_after_all_that_the_shop_is_sound(served: Served) -> None:
    served.run(lambda shop: shop.settle())
    assert served.run(lambda shop: shop.audit()) == []
