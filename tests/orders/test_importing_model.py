"""Orders from elsewhere, by rules alone: which are taken in, and that they are history."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from rialto.kernel.errors import Invalid
from rialto.kernel.money import EUR, Money
from rialto.orders.api import (
    OrderNotReceivable,
    OrderNotRefundable,
    OrderNotReturnable,
    OrderTax,
    ReceiveGoods,
    RefundOrder,
    RequestReturn,
)
from rialto.orders.model import OrderState, fold
from rialto.orders.model.importing import check_imported, take_in
from rialto.orders.model.returning import decide_refund, receive, request_return
from tests.orders.builders import AT, ORDER_ID
from tests.orders.test_importing import from_elsewhere

pytestmark = pytest.mark.fast


def history() -> OrderState:
    return fold([take_in(from_elsewhere(), ORDER_ID, AT)])


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("delivery_title", {"delivery_title": "two\nlines"}),
        ("codes", {"codes": ["x" * 4000]}),
        ("taxes", {"taxes": [OrderTax(rate="19 %", net=Money(0, EUR), tax=Money(0, EUR))]}),
        ("fulfilment_status", {"fulfilment_status": "cancelled"}),
        ("payment_status", {"payment_status": "declined"}),
        ("refunded", {"refunded": Money(1, EUR)}),
        ("placed_at", {"placed_at": AT + timedelta(days=4000)}),
        ("lines.0.sku", {"lines": [{"sku": "two\nlines"}]}),
        ("lines.0.quantity", {"lines": [{"quantity": 0, "shipped": 0}]}),
        ("lines.0.shipped", {"lines": [{"shipped": 3}]}),
        ("lines.0.tax_rate", {"lines": [{"tax_rate": "19"}]}),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(path: str, fields: dict[str, Any]) -> None:
    if "lines" in fields:
        [line] = from_elsewhere().lines
        fields = {"lines": [msgspec.structs.replace(line, **changed) for changed in fields["lines"]]}
    check_imported(from_elsewhere(), AT + timedelta(days=4000))
    with pytest.raises(Invalid) as refused:
        check_imported(from_elsewhere(**fields), AT + timedelta(days=3999))
    assert path in {fault.path for fault in refused.value.fields}


def test_neither_money_nor_goods_of_another_shop_come_back_here() -> None:
    state = history()
    [line] = state.shipped()
    with pytest.raises(OrderNotRefundable):
        decide_refund(state, RefundOrder(order_id=ORDER_ID, reason="bent", step="one"), AT)
    with pytest.raises(OrderNotReturnable):
        request_return(
            state, RequestReturn(order_id=ORDER_ID, lines={line: 1}, reason="withdrawal", step="one"), AT
        )
    goods = ReceiveGoods(order_id=ORDER_ID, lines={line: 1}, fit={}, warehouse="", step="one")
    with pytest.raises(OrderNotReceivable):
        receive(state, goods, AT)
