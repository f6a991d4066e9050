"""What a code may look like, by rules alone."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rialto.kernel.errors import Invalid
from rialto.pricing.api import MakeVouchers, Voucher
from rialto.pricing.model.codes import (
    BATCH_LENGTH_MAX,
    MADE_AT_ONCE_MAX,
    USES_MAX,
    checked_batch,
    checked_voucher,
)

pytestmark = pytest.mark.fast

VOUCHER = Voucher(code="SPRING", promotion_id="winter")
BATCH = MakeVouchers(promotion_id="winter", count=10, batch="letter")


def fault(check: Any, command: Any) -> list[str]:
    with pytest.raises(Invalid) as refused:
        check(command)
    return [one.path for one in refused.value.fields]


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("code", {"code": "-no"}),
        ("batch", {"batch": "x" * (BATCH_LENGTH_MAX + 1)}),
        ("uses_max", {"uses_max": 0}),
        ("customer_max", {"customer_max": USES_MAX + 1}),
    ],
)
def test_a_voucher_that_cannot_be_is_refused_by_its_field(path: str, fields: dict[str, Any]) -> None:
    assert checked_voucher(VOUCHER).code == "SPRING"
    assert fault(checked_voucher, msgspec.structs.replace(VOUCHER, **fields)) == [f"voucher.{path}"]


@pytest.mark.parametrize(
    ("path", "fields"),
    [("count", {"count": 0}), ("count", {"count": MADE_AT_ONCE_MAX + 1}), ("batch", {"batch": " "})],
)
def test_a_batch_that_cannot_be_is_refused_by_its_field(path: str, fields: dict[str, Any]) -> None:
    assert checked_batch(BATCH) == BATCH
    assert fault(checked_batch, msgspec.structs.replace(BATCH, **fields)) == [path]
