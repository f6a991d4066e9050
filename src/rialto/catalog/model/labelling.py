"""The rules of what the law wants told of goods."""

from __future__ import annotations

import re
from decimal import Decimal

import msgspec

from rialto.catalog.api import CONTENT_UNITS, Maker, VariantDraft
from rialto.catalog.model.fields import Problems, is_web_address

MAKER_NAME_LENGTH_MAX = 200
MAKER_ADDRESS_LENGTH_MAX = 500
EMAIL_LENGTH_MAX = 254
SAFETY_LENGTH_MAX = 5_000

_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,3})?")
_EMAIL = re.compile(r"[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+")


def check_content(problems: Problems, path: str, variant: VariantDraft) -> None:
    if variant.content is None:
        return
    amount = variant.content.amount
    if not _AMOUNT.fullmatch(amount) or not Decimal(amount):
        message = "A decimal above zero, at most 9 digits before the point and 3 after it."
        problems.add(f"{path}.content.amount", "content_not_valid", message)
    if variant.content.unit not in CONTENT_UNITS:
        problems.add(f"{path}.content.unit", "unit_unknown", f"One of {', '.join(CONTENT_UNITS)}.")


def with_plain_content(variant: VariantDraft) -> VariantDraft:
    """500 for "500.0" and 0.5 for "00.50": one amount has one form, so that an equal draft is equal."""
    if variant.content is None:
        return variant
    amount = f"{Decimal(variant.content.amount).normalize():f}"
    content = msgspec.structs.replace(variant.content, amount=amount)
    return msgspec.structs.replace(variant, content=content)


def check_maker(problems: Problems, maker: Maker | None) -> None:
    if maker is None:
        return
    problems.text("maker.name", maker.name, length_max=MAKER_NAME_LENGTH_MAX)
    problems.text("maker.address", maker.address, length_max=MAKER_ADDRESS_LENGTH_MAX, lines=True)
    if maker.email is None and maker.url is None:
        problems.add("maker.email", "required", "An e-mail address or a web address is needed.")
    if maker.email is not None and not _is_email(maker.email):
        problems.add("maker.email", "email_not_valid", "This is not an e-mail address.")
    if maker.url is not None and not is_web_address(maker.url):
        problems.add("maker.url", "not_valid", "This is not an http or https address.")


def _is_email(value: str) -> bool:
    return len(value) <= EMAIL_LENGTH_MAX and _EMAIL.fullmatch(value) is not None
