from __future__ import annotations

import pytest

from tests.api.fuzzing import Case, Client, is_for_staff, looks_at_tokens, needs_token, schema_for
from tests.api.people import Customer
from tests.api.serving import Served

schema = schema_for(
    made_up_tokens=False,
    thorough=needs_token,
    asked=lambda operation: looks_at_tokens(operation) and not is_for_staff(operation),
)


@pytest.fixture(scope="module")
def customer(served: Served) -> Client:
    return Client(served, Customer(served))


@schema.parametrize()
def test_a_customer_is_answered_as_described(case: Case, customer: Client, operation: str) -> None:
    assert case.operation.label == operation
    customer.ask(case)


def test_after_all_that_the_shop_is_sound(served: Served) -> None:
    served.run(lambda shop: shop.settle())
    assert served.run(lambda shop: shop.audit()) == []
