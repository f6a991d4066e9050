"""Orders of a source, taken in as history one after the other."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from rialto.importing.model import PastOrderRow
from rialto.importing.terms import Came
from rialto.kernel.errors import RialtoError, Unavailable
from rialto.orders.api import Orders


async def put_orders(orders: Orders, rows: Sequence[PastOrderRow], *, dry_run: bool) -> Came:
    """By number. One that is refused harms no other."""
    came = Came()
    for row in rows:
        command = msgspec.structs.replace(row.order, dry_run=dry_run)
        try:
            came.outcomes.append((await orders.import_order(command)).outcome)
        except Unavailable:
            raise
        except RialtoError as refused:
            fields = "; ".join(f"{problem.path}: {problem.message}" for problem in refused.fields[:5])
            came.refuse(row, f"order {row.order.number[:40]}: {fields or refused.text}")
    return came
