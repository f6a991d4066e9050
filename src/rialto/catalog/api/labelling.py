"""What the law wants told of goods: their price per unit, and who made them."""

from __future__ import annotations

from fractions import Fraction

from rialto.kernel.money import AMOUNT_MAX, Currency, Money, round_half_away
from rialto.kernel.service import Frozen

# The unit that a price is told for, and how many of the content's unit are one of it. Kilograms and litres also for
# small packs: since 2022 German law (PAngV section 5) knows no 100 g any more for goods in packs.
CONTENT_UNITS: dict[str, tuple[str, int]] = {
    "g": ("kg", 1000),
    "kg": ("kg", 1),
    "ml": ("l", 1000),
    "l": ("l", 1),
    "cm": ("m", 100),
    "m": ("m", 1),
    "m2": ("m2", 1),
    "piece": ("piece", 1),
}


class Content(Frozen):
    """How much an article holds: a decimal `amount` above zero, with at most 9 digits before the point and 3 after it.

    `unit` is g, kg, ml, l, cm, m, m2 or piece.
    """

    amount: str
    unit: str


class PricePerUnit(Frozen):
    """What one `per` costs, in minor units; `per` is kg, l, m, m2 or piece."""

    amount: int
    currency: Currency
    per: str

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)


class Maker(Frozen):
    """Who made it, as article 19 of Regulation (EU) 2023/988 has it: postal address, and e-mail or web address."""

    name: str
    address: str
    email: str | None = None
    url: str | None = None


def unit_price(price: Money, content: Content | None) -> PricePerUnit | None:
    """The price of one kilogram, litre, metre, square metre or piece, rounded half away from zero.

    None without a content, and where it would be more than the shop can count.
    """
    if content is None:
        return None
    per, of_these = CONTENT_UNITS[content.unit]
    amount = round_half_away(price.amount * of_these / Fraction(content.amount))
    return PricePerUnit(amount=amount, currency=price.currency, per=per) if amount <= AMOUNT_MAX else None
