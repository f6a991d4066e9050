"""The rules of whose an order is."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from rialto.kernel.ids import ACCOUNT, CART
from rialto.orders import model
from rialto.orders.answers import scope_of
from rialto.orders.events import OrderAttached, OrderPlaced
from rialto.orders.model import fold
from rialto.orders.saga import _place
from tests.orders.builders import AT, BUCKET, CART_ID, ORDER_ID, a_placed_order, a_start, cancelled, then
from tests.support.values import seeded_ids

pytestmark = pytest.mark.fast

IDS = seeded_ids(5)
NEAR, FAR = ACCOUNT.new(IDS, BUCKET), ACCOUNT.new(IDS, BUCKET + 1)


def test_an_order_belongs_to_who_was_signed_in_when_it_began() -> None:
    state = fold([replace(a_start(), account_id=NEAR)])
    assert state.account_id == NEAR
    (placed,) = _place(state, AT)
    assert isinstance(placed, OrderPlaced)
    assert placed.account_id == NEAR


def test_an_account_in_another_bucket_hears_of_its_order_by_an_event() -> None:
    state = fold([replace(a_start(), account_id=FAR)])
    _, attached = _place(state, AT)
    assert attached == OrderAttached(order_id=ORDER_ID, account_id=FAR, attached_at=AT)
    assert then(state, *_place(state, AT)).account_id == FAR


def test_a_guests_order_is_attached_once_and_to_nobody_else() -> None:
    state = a_placed_order()
    attached = then(state, *model.attach(state, FAR, AT))
    assert attached.account_id == FAR
    assert model.attach(attached, NEAR, AT) == []
    assert model.attach(attached, FAR, AT) == []


def test_an_order_that_was_never_placed_is_not_attached() -> None:
    assert model.attach(fold([a_start()]), FAR, AT) == []
    assert model.attach(cancelled(fold([a_start()])), FAR, AT) == []


def test_a_cancelled_order_that_was_placed_is_attached() -> None:
    assert len(model.attach(cancelled(a_placed_order()), FAR, AT)) == 1


def test_attaching_changes_nothing_else() -> None:
    state = a_placed_order()
    attached = then(state, *model.attach(state, FAR, AT))
    assert replace(attached, account_id=None, version=state.version) == state
    assert attached.at_rest


def test_a_key_is_unique_within_the_account_or_within_a_guests_cart() -> None:
    assert scope_of(None, CART_ID) == CART_ID
    assert scope_of(NEAR, CART_ID) == NEAR
    assert scope_of(FAR, CART_ID) == CART_ID
    assert scope_of(NEAR, CART.new(IDS, BUCKET)) == scope_of(NEAR, CART_ID)
