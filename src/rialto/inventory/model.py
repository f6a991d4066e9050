"""The rules of stock, pure: which warehouse gives what, and what a whole batch may take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rialto.inventory.api import Allocation, OutOfStock, ReturnRefused, StockLine
from rialto.kernel.errors import FieldProblem, Invalid

LINES_MAX = 200
QUANTITY_MAX = 1_000_000

Shelf = tuple[str, str]  # (sku, warehouse)


def merged(lines: Sequence[StockLine]) -> dict[str, int]:
    """Quantities by SKU. Raises Invalid for none, too many, or a quantity outside 1-QUANTITY_MAX."""
    wanted: dict[str, int] = {}
    problems = []
    for index, line in enumerate(lines):
        if not 1 <= line.quantity <= QUANTITY_MAX:
            problems.append(
                FieldProblem(path=f"lines.{index}.quantity", code="not_valid", message="Not a quantity.")
            )
        wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
    if problems or not wanted or len(wanted) > LINES_MAX:
        raise Invalid("These lines cannot be reserved.", fields=tuple(problems))
    return wanted


def warehouses_for(country: str | None, warehouses: Sequence[tuple[str, str]]) -> list[str]:
    """Codes in the order they are asked: those in the country first, then as the shop ranks them."""
    return [code for code, _ in sorted(warehouses, key=lambda pair: pair[1] != country)]


def allocate(
    wanted: Mapping[str, int], order: Sequence[str], available: Mapping[Shelf, int]
) -> list[Allocation]:
    """Take each SKU from the first warehouse that has all of it, else from several in order.

    Raises OutOfStock naming every short SKU; then nothing is taken of any.
    """
    found: list[Allocation] = []
    short = []
    for sku, quantity in wanted.items():
        shelves = [(warehouse, available.get((sku, warehouse), 0)) for warehouse in order]
        if sum(count for _, count in shelves) < quantity:
            short.append({"sku": sku, "requested": quantity, "available": sum(count for _, count in shelves)})
            continue
        whole = next((warehouse for warehouse, count in shelves if count >= quantity), None)
        if whole is not None:
            found.append(Allocation(sku=sku, warehouse=whole, quantity=quantity))
            continue
        left = quantity
        for warehouse, count in shelves:
            if left and count:
                found.append(Allocation(sku=sku, warehouse=warehouse, quantity=min(left, count)))
                left -= min(left, count)
    if short:
        raise OutOfStock(extra={"items": short})
    return found


def check_returned(used_up: Sequence[Allocation], before: Mapping[str, int], now: Mapping[str, int]) -> None:
    """That no more of a SKU comes back, all told, than the order has used up. Raises ReturnRefused."""
    gone: dict[str, int] = {}
    for part in used_up:
        gone[part.sku] = gone.get(part.sku, 0) + part.quantity
    if any(before.get(sku, 0) + count > gone.get(sku, 0) for sku, count in now.items()):
        raise ReturnRefused
