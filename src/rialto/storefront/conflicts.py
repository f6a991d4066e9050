"""Where a cart could not take all that came into it, from a guest's cart or from an order: told once, on the cart's page.

It travels in the cart's address, so that the page can be loaded again. Whatever else somebody writes there is not shown:
only known codes, whole numbers, and titles of what is in the cart.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from rialto.cart.api import Cart, LineConflict
from rialto.storefront.visit import Visit

PARAMETER = "conflict"
SHOWN_MAX = 20
# What the lines themselves do not say.
TOLD = ("quantity_capped", "not_sold", "lines_full")


def conflict_query(conflicts: Sequence[LineConflict]) -> str:
    """As the query of the cart's address; empty where there is nothing to tell."""
    told = [one for one in conflicts if one.code in TOLD][:SHOWN_MAX]
    return urlencode([(PARAMETER, f"{one.code}.{one.requested}.{one.quantity}.{one.sku}") for one in told])


def told_conflicts(visit: Visit, cart: Cart | None) -> list[str]:
    """The sentences for the conflicts that the address names."""
    titles = {line.sku: line.title for line in cart.lines} if cart else {}
    sentences = []
    for name, value in visit.query:
        code, requested, quantity, sku = [*value.split(".", 3), "", "", ""][:4]
        if name != PARAMETER or code not in TOLD or not (_is_count(requested) and _is_count(quantity)):
            continue
        title = titles.get(sku) or visit.texts("conflict.something")
        sentences.append(visit.texts(f"conflict.{code}", title=title, requested=requested, quantity=quantity))
    return sentences[:SHOWN_MAX]


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 6
