"""What came back from customers and can be sold again: which movements it makes, and which it has made. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from rialto.inventory.api import Allocation, Reservation, ReturnRefused, TakeBack, TakenBack
from rialto.inventory.model import LINES_MAX, QUANTITY_MAX, check_returned
from rialto.inventory.store import Movement
from rialto.kernel.errors import Invalid
from rialto.kernel.ids import to_uuid
from rialto.kernel.text import clean_text


def movements_of(command: TakeBack) -> list[Movement]:
    """One per line; the cause names order, step and line. Raises Invalid."""
    fits = all(1 <= line.quantity <= QUANTITY_MAX and clean_text(line.sku) for line in command.lines)
    once = len({line.line_id for line in command.lines}) == len(command.lines)
    if not fits or not once or not 1 <= len(command.lines) <= LINES_MAX:
        raise Invalid("These lines cannot come back.")
    order_id: UUID = to_uuid(command.order_id)
    return [
        Movement(
            sku=line.sku,
            warehouse=command.warehouse,
            cause=f"{command.order_id}:return:{command.step}:{line.line_id}",
            order_id=order_id,
            kind="return",
            on_hand=line.quantity,
            reserved=0,
        )
        for line in command.lines
    ]


def not_made_yet(
    wanted: Sequence[Movement], rows: Sequence[Any], reservation: Reservation | None
) -> list[Movement]:
    """Those that the rows of the order do not have. Raises ReturnRefused.

    For a step that brought something else before, and for more than the order has used up.
    """
    known = {row["cause"]: (row["sku"], row["warehouse"], row["on_hand"]) for row in rows}
    for move in wanted:
        if known.get(move.cause, (move.sku, move.warehouse, move.on_hand)) != (
            move.sku,
            move.warehouse,
            move.on_hand,
        ):
            raise ReturnRefused
    fresh = [move for move in wanted if move.cause not in known]
    is_used_up = reservation is not None and reservation.state == "consumed"
    check_returned(
        reservation.allocations if reservation is not None and is_used_up else [],
        _sums((row["sku"], row["on_hand"]) for row in rows),
        _sums((move.sku, move.on_hand) for move in fresh),
    )
    return fresh


def taken_of(rows: Iterable[Mapping[str, Any]]) -> TakenBack:
    sums = _sums(((row["sku"], row["warehouse"]), row["on_hand"]) for row in rows)
    return TakenBack(
        items=[
            Allocation(sku=sku, warehouse=warehouse, quantity=count)
            for (sku, warehouse), count in sorted(sums.items())
        ]
    )


def _sums(parts: Iterable[tuple[Any, int]]) -> dict[Any, int]:
    found: dict[Any, int] = {}
    for key, count in parts:
        found[key] = found.get(key, 0) + count
    return found
