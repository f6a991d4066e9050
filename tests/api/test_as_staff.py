"""Two of the staff, in one shop: who owns it and may do everything, and who packs parcels and may do little."""

from __future__ import annotations

import pytest

from tests.api.fuzzing import Case, Client, is_for_staff, schema_for
from tests.api.people import Chief, Clerk
from tests.api.roles import MAY
from tests.api.serving import Served
from tests.api.stocked import Existing

schema = schema_for(made_up_tokens=False, thorough=is_for_staff)
# What is not for staff is answered to one of them as to another, and what a field takes does not depend on who asks.
clerks = schema_for(
    made_up_tokens=False,
    thorough=lambda _: False,
    asked=is_for_staff,
    examples=12,
    refused=lambda operation: operation["operationId"] not in MAY[Clerk.role],
)


@pytest.fixture(scope="module")
def existing(served: Served) -> Existing:
    return Existing(served)


@pytest.fixture(scope="module")
def owner(served: Served, existing: Existing) -> Client:
    return Client(served, Chief(served), existing)


@pytest.fixture(scope="module")
def clerk(served: Served, existing: Existing) -> Client:
    return Client(served, Clerk(served), existing)


@schema.parametrize()
def test_the_owner_is_answered_as_described(case: Case, owner: Client, operation: str) -> None:
    assert case.operation.label == operation
    owner.ask(case)


@clerks.parametrize()
def test_a_clerk_is_answered_as_described_and_refused_what_is_not_theirs(
    case: Case, clerk: Client, operation: str
) -> None:
    assert case.operation.label == operation
    status = clerk.ask(case)
    named = case.operation.definition.raw["operationId"]
    assert (status == 403) is (named not in MAY[Clerk.role])


def test_all_that_staff_do_was_not_only_refused_but_done(owner: Client, clerk: Client) -> None:
    paths = schema.raw_schema["paths"].values()
    theirs = {one["operationId"] for item in paths for one in item.values() if is_for_staff(one)}
    if not theirs <= owner.asked or not theirs <= clerk.asked:
        pytest.skip("only after all of them were asked")
    assert theirs <= owner.done
    assert clerk.done == MAY[Clerk.role]


def test_after_all_that_the_shop_is_sound(served: Served) -> None:
    served.run(lambda shop: shop.settle())
    assert served.run(lambda shop: shop.audit()) == []
