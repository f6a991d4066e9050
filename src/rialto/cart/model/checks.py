"""What people may type into a cart: e-mail and addresses, and never a card number."""

from __future__ import annotations

import re

from rialto.cart.api import ChosenPayment, SetAddress
from rialto.cart.model.contents import Contact
from rialto.kernel.address import Address, check_address
from rialto.kernel.errors import FieldProblem, Invalid, NotFound
from rialto.kernel.ids import PRODUCT

SKU_LENGTH_MAX = 64
EMAIL_LENGTH_MAX = 254  # RFC 5321: a path of 256 octets with its angle brackets
TOKEN_LENGTH_MAX = 255
PROVIDER_LENGTH_MAX = 40
LABEL_LENGTH_MAX = 80

# The WHATWG's rule for `<input type=email>`, with dots that stand alone and a domain that has one.
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])"
)
_LOCAL_LENGTH_MAX = 64

_DIGITS = re.compile(r"\d(?:[\s-]*\d){11,}")  # twelve digits are the shortest card number
_USUAL_LENGTHS = (15, 16)
_CARD_SCHEMES = "23456"  # the first digit of what card schemes issue
_SECURITY_CODE_LENGTH = 3


def is_sku(text: str) -> bool:
    """Whether a catalogue may know it at all."""
    return 0 < len(text) <= SKU_LENGTH_MAX and text.isprintable()


def is_product(text: str) -> bool:
    """Whether it is a product's id, not a SKU."""
    try:
        PRODUCT.parse(text)
    except NotFound:
        return False
    return True


def is_email(text: str) -> bool:
    local, _, _ = text.partition("@")
    return (
        len(text) <= EMAIL_LENGTH_MAX
        and len(local) <= _LOCAL_LENGTH_MAX
        and _EMAIL.fullmatch(text) is not None
    )


def checked_contact(command: SetAddress) -> Contact:
    """Everything trimmed, the billing address being the shipping address unless given.

    Raises Invalid naming all faulty fields at once.
    """
    problems: list[FieldProblem] = []
    email = command.email.strip()
    if not is_email(email):
        message = "Please give an e-mail address." if email else "Please fill this in."
        problems.append(
            FieldProblem(path="email", code="not_valid" if email else "required", message=message)
        )
    shipping = _address(command.shipping, "shipping", problems)
    billing = shipping if command.billing is None else _address(command.billing, "billing", problems)
    if problems:
        raise Invalid("The address is not complete.", fields=tuple(problems))
    return Contact(email=email, shipping=shipping, billing=billing)


def _address(address: Address, path: str, problems: list[FieldProblem]) -> Address:
    try:
        return check_address(address, path=path)
    except Invalid as refused:
        problems.extend(refused.fields)
        return address


def checked_payment(payment: ChosenPayment) -> ChosenPayment:
    """Raises Invalid: `card_number_refused`, or the field that is empty, too long or not printable."""
    for path in ("token", "label", "provider"):
        if holds_card_number(getattr(payment, path)):
            message = "A card number must never be sent here. Nothing of it was kept."
            problem = FieldProblem(path=f"payment.{path}", code="card_number_refused", message=message)
            raise Invalid(message, code="card_number_refused", fields=(problem,))
    lengths = (
        ("provider", 1, PROVIDER_LENGTH_MAX),
        ("token", 1, TOKEN_LENGTH_MAX),
        ("label", 0, LABEL_LENGTH_MAX),
    )
    problems = [
        FieldProblem(path=f"payment.{path}", code="not_valid", message=f"Give {least} to {most} letters.")
        for path, least, most in lengths
        if not (least <= len(getattr(payment, path)) <= most and getattr(payment, path).isprintable())
    ]
    if problems:
        raise Invalid("This way to pay cannot be taken.", fields=tuple(problems))
    return payment


def holds_card_number(text: str) -> bool:
    """Whether some digits in it, blanks and dashes aside, are twelve or more and pass the check of card numbers.

    A longer run of digits may be a number with its expiry date or security code behind it.
    """
    for run in _DIGITS.findall(text):
        digits = "".join(letter for letter in run if letter.isdigit())
        beginnings = [
            digits[:length] for length in _USUAL_LENGTHS if length + _SECURITY_CODE_LENGTH <= len(digits)
        ]
        if _passes_luhn(digits) or (digits[0] in _CARD_SCHEMES and any(map(_passes_luhn, beginnings))):
            return True
    return False


def _passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B."""
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    return (
        sum(map(int, digits[-1::-2])) + sum(value - 9 if value > 9 else value for value in doubled)
    ) % 10 == 0
