"""Test cards and tokens: what each of them makes the sandbox do.

Pure rules about card data. Nothing here keeps a number: `read_card` looks at
it, answers with brand, last four digits and behaviour, and forgets it.
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum

import msgspec

from rialto.sandbox.errors import FieldProblem, Invalid


class Behaviour(StrEnum):
    """What happens when a token of this kind is authorised."""

    SUCCESS = "success"
    DECLINED = "declined"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    CHALLENGE = "challenge"
    SLOW = "slow"
    LOST_REPLY = "lost_reply"


class CardFacts(msgspec.Struct, frozen=True, kw_only=True):
    """All that is kept of a card."""

    brand: str
    last4: str
    behaviour: Behaviour

    @property
    def label(self) -> str:
        """How the card is shown to its owner: `Visa •••• 4242`."""
        return f"{self.brand} •••• {self.last4}"


class CardForm(msgspec.Struct, frozen=True, kw_only=True):
    """Card data as typed; lives only as long as the request that brought it."""

    number: str = ""
    expiry: str = ""
    cvc: str = ""
    name: str = ""

    def __repr__(self) -> str:
        """Hide every field, so that no log or traceback can show a number."""
        return "CardForm(…)"


TEST_CARDS: dict[str, Behaviour] = {
    "4242424242424242": Behaviour.SUCCESS,
    "5555555555554444": Behaviour.SUCCESS,
    "378282246310005": Behaviour.SUCCESS,
    "4000000000000002": Behaviour.DECLINED,
    "4000000000009995": Behaviour.INSUFFICIENT_FUNDS,
    "4000002760003184": Behaviour.CHALLENGE,
    "4000000000000259": Behaviour.SLOW,
    "4000000000000341": Behaviour.LOST_REPLY,
}


def _well_known(last4: str, behaviour: Behaviour) -> CardFacts:
    return CardFacts(brand="Visa", last4=last4, behaviour=behaviour)


WELL_KNOWN_TOKENS: dict[str, CardFacts] = {
    "tok_success": _well_known("4242", Behaviour.SUCCESS),
    "tok_declined": _well_known("0002", Behaviour.DECLINED),
    "tok_insufficient_funds": _well_known("9995", Behaviour.INSUFFICIENT_FUNDS),
    "tok_3ds": _well_known("3184", Behaviour.CHALLENGE),
    "tok_slow": _well_known("0259", Behaviour.SLOW),
    "tok_lost_reply": _well_known("0341", Behaviour.LOST_REPLY),
}

FIELDS_LENGTH_MAX = 120
_BRANDS = (("4", "Visa"), ("5", "Mastercard"), ("2", "Mastercard"), ("3", "American Express"))
_EXPIRY = re.compile(r"\s*(\d{1,2})\s*[/\-. ]\s*(?:20)?(\d{2})\s*|\s*(\d{2})(?:20)?(\d{2})\s*", re.ASCII)
_SEPARATORS = re.compile(r"[\s\-.]+")


def read_card(form: CardForm, at: datetime) -> CardFacts:
    """Check a card form and answer what may be kept of it.

    Raises `Invalid("card_refused")` naming every wrong field, in the order of
    the form. The codes: `number_missing`, `number_invalid`, `not_a_test_card`,
    `expiry_missing`, `expiry_invalid`, `card_expired`, `cvc_missing`,
    `cvc_invalid`, `name_missing`, `too_long`.
    """
    number = _SEPARATORS.sub("", form.number)
    found = (
        ("number", _too_long(form.number) or _number_problem(number)),
        ("expiry", _too_long(form.expiry) or _expiry_problem(form.expiry, at)),
        ("cvc", _too_long(form.cvc) or _cvc_problem(form.cvc.strip())),
        ("name", _too_long(form.name) or ("" if form.name.strip() else "name_missing")),
    )
    problems = tuple(FieldProblem(field=field, code=code) for field, code in found if code)
    if problems:
        raise Invalid("card_refused", "The card was not accepted.", problems)
    return CardFacts(brand=brand_of(number), last4=number[-4:], behaviour=TEST_CARDS[number])


def brand_of(number: str) -> str:
    """Name the card scheme by its first digit."""
    return next((brand for prefix, brand in _BRANDS if number.startswith(prefix)), "Card")


def luhn_holds(number: str) -> bool:
    """Whether the check digit of a string of digits is right."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in number[-2::-2])
    return (sum(int(digit) for digit in number[-1::-2]) + sum(doubled)) % 10 == 0


def _too_long(typed: str) -> str:
    return "too_long" if len(typed) > FIELDS_LENGTH_MAX else ""


def _number_problem(number: str) -> str:
    if not number:
        return "number_missing"
    if not (number.isascii() and number.isdigit() and 12 <= len(number) <= 19 and luhn_holds(number)):
        return "number_invalid"
    return "" if number in TEST_CARDS else "not_a_test_card"


def _expiry_problem(typed: str, at: datetime) -> str:
    if not typed.strip():
        return "expiry_missing"
    match = _EXPIRY.fullmatch(typed)
    if match is None:
        return "expiry_invalid"
    month, year = int(match[1] or match[3]), 2000 + int(match[2] or match[4])
    if not 1 <= month <= 12:
        return "expiry_invalid"
    return "card_expired" if (year, month) < (at.year, at.month) else ""


def _cvc_problem(typed: str) -> str:
    if not typed:
        return "cvc_missing"
    return "" if typed.isascii() and typed.isdigit() and len(typed) in {3, 4} else "cvc_invalid"
