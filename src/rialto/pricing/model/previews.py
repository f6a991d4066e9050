"""What a cart may be that staff have in mind: checked before anybody is asked about it."""

from __future__ import annotations

from rialto.kernel.errors import FieldProblem, Invalid
from rialto.kernel.money import EXPONENTS
from rialto.kernel.text import is_plain
from rialto.pricing.api import PreviewFor
from rialto.pricing.model.codes import CODES_OF_CART_MAX
from rialto.pricing.model.quotes import ITEMS_MAX, QUANTITY_MAX
from rialto.pricing.model.rules import is_moment

SKU_LENGTH_MAX = 64


def checked_preview(command: PreviewFor) -> PreviewFor:
    """The command. Raises Invalid naming every field that cannot be."""
    wanted = [
        ("items", len(command.items) <= ITEMS_MAX, "too_many"),
        ("codes", len(command.codes) <= CODES_OF_CART_MAX, "too_many"),
        ("at", command.at is None or is_moment(command.at), "not_valid"),
        ("currency", command.currency in EXPONENTS, "currency_unknown"),
    ]
    for index, item in enumerate(command.items[:ITEMS_MAX]):
        named = 0 < len(item.sku) <= SKU_LENGTH_MAX and is_plain(item.sku)
        wanted.append((f"items.{index}.sku", named, "sku_not_valid"))
        wanted.append((f"items.{index}.quantity", 1 <= item.quantity <= QUANTITY_MAX, "not_valid"))
    faults = [
        FieldProblem(path=path, code=code, message="This cannot be tried.")
        for path, fine, code in wanted
        if not fine
    ]
    if faults:
        raise Invalid("This cart cannot be tried.", fields=tuple(faults))
    return command
