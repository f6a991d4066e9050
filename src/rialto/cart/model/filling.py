"""Lines from elsewhere come into a cart: a guest's at sign-in, a former order's. What does not fit is told, not refused.

First as many as the cart may hold (`with_lines`), then, once the other services have said what these articles are
today, without those that are not sold (`settled`).
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from rialto.cart.api import CODES_MAX, LINES_MAX, QUANTITY_MAX, LineConflict
from rialto.cart.model.contents import StoredCart, StoredLine, with_contact
from rialto.cart.model.views import Answers
from rialto.kernel.service import Frozen


class Filled(Frozen):
    """The cart with what came in, beside the articles that were `there`. `added` says by SKU how many came."""

    cart: StoredCart
    there: frozenset[str]
    incoming: tuple[StoredLine, ...]
    added: dict[str, int] = {}
    conflicts: tuple[LineConflict, ...] = ()


def with_lines(cart: StoredCart, incoming: Sequence[StoredLine]) -> Filled:
    """Quantities add up to QUANTITY_MAX, articles to LINES_MAX. A line that is there keeps the price it was shown at."""
    lines = {line.sku: line for line in cart.lines}
    last = max((line.position for line in cart.lines), default=0)
    added: dict[str, int] = {}
    conflicts: list[LineConflict] = []
    for line in incoming:
        present = lines.get(line.sku)
        if present is None and len(lines) >= LINES_MAX:
            conflicts.append(
                LineConflict(sku=line.sku, code="lines_full", requested=line.quantity, quantity=0)
            )
            continue
        before = present.quantity if present else 0
        requested = before + line.quantity
        allowed = min(requested, QUANTITY_MAX)
        if allowed < requested:
            conflicts.append(
                LineConflict(sku=line.sku, code="quantity_capped", requested=requested, quantity=allowed)
            )
        if present is None:
            last += 1
        lines[line.sku] = replace(present or replace(line, position=last), quantity=allowed)
        added[line.sku] = added.get(line.sku, 0) + allowed - before
    return Filled(
        cart=replace(cart, lines=tuple(lines.values())),
        there=frozenset(line.sku for line in cart.lines),
        incoming=tuple(incoming),
        added=added,
        conflicts=tuple(conflicts),
    )


def with_details(cart: StoredCart, source: StoredCart) -> StoredCart:
    """With address, delivery and payment of a cart that ends in this one, where this one has none, and its codes."""
    if cart.contact is None and source.contact is not None:
        cart = with_contact(cart, source.contact)
    codes = (*cart.codes, *(code for code in source.codes if code not in cart.codes))
    return replace(
        cart,
        codes=codes[:CODES_MAX],
        delivery_option_id=cart.delivery_option_id or source.delivery_option_id,
        payment=cart.payment or source.payment,
    )


def settled(filled: Filled, answers: Answers) -> Filled:
    """Without new lines that are not sold here; sold out articles and changed prices are told.

    A price shown in another currency is kept for no line: there it says nothing.
    """
    lines = {line.sku: line for line in filled.cart.lines}
    added = dict(filled.added)
    conflicts = list(filled.conflicts)
    for line in filled.incoming:
        if line.sku not in added:
            continue
        present = lines[line.sku]
        price, shown = answers.price(line.sku), line.shown_price
        told = LineConflict(
            sku=line.sku, code="not_sold", requested=present.quantity, quantity=present.quantity
        )
        if price is None:
            conflicts.append(replace(told, quantity=present.quantity - added.pop(line.sku)))
            if line.sku in filled.there:
                lines[line.sku] = replace(present, quantity=conflicts[-1].quantity)
            else:
                del lines[line.sku]
            continue
        if not answers.available.get(line.sku, 0):
            conflicts.append(replace(told, code="sold_out", unit_price=price))
        if shown is not None and shown != price:
            conflicts.append(replace(told, code="price_changed", unit_price=price, former_unit_price=shown))
        if line.sku not in filled.there and shown is not None and shown.currency != price.currency:
            lines[line.sku] = replace(present, shown_price=price)
    return replace(
        filled,
        cart=replace(filled.cart, lines=tuple(lines.values())),
        added=added,
        conflicts=tuple(conflicts),
    )
