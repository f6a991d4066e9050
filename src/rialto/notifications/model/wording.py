"""The rules of mail texts: which kinds of mail there are, what their passages may say, and how placeholders are filled in.

Placeholders are a closed set for each kind of mail, put in by plain replacement, once: what is put in is never looked at for
placeholders again, and nothing a merchant or a customer writes is ever run as a template.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from rialto.kernel.errors import FieldProblem
from rialto.kernel.text import is_plain
from rialto.notifications.api.mail_texts import (
    PASSAGE_LENGTHS_MAX,
    PASSAGES,
    MailTextChanged,
    MailTextInvalid,
    Passages,
    has_stray_braces,
    unknown_placeholders,
)
from rialto.notifications.model import Template

ALWAYS = frozenset({"subject", "headline"})
ONE_LINE = frozenset({"subject", "headline", "greeting"})
NAME_SHOWN_MAX = 40

_PLACEHOLDER = re.compile(r"( ?)\{([a-z_]+)\}")


class Kind(StrEnum):
    """A mail as its reader sees it: what a template says differently (a part of an order, all of it) is two."""

    ORDER_PLACED = "order_placed"
    ORDER_SHIPPED = "order_shipped"
    ORDER_PARTLY_SHIPPED = "order_partly_shipped"
    ORDER_CANCELLED = "order_cancelled"
    ORDER_CANCELLED_BY_CUSTOMER = "order_cancelled_by_customer"
    ORDER_RETURN = "order_return"
    ORDER_WITHDRAWAL = "order_withdrawal"
    VERIFY_EMAIL = "verify_email"
    ALREADY_REGISTERED = "already_registered"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - the name of a mail
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a mail
    VERIFY_NEW_EMAIL = "verify_new_email"
    EMAIL_CHANGE = "email_change"
    BACK_IN_STOCK_CONFIRM = "back_in_stock_confirm"
    BACK_IN_STOCK = "back_in_stock"


_SHOP = ("shop_name",)
_ORDER = ("order_number", "placed_on", "total", "name", *_SHOP)
_RETURN = (*_ORDER, "requested_at")
# What a stranger entered as a name goes to no address that nobody proved: letters of accounts do not know `name`.
_LETTER = (*_SHOP, "valid_until")

PLACEHOLDERS: Mapping[Kind, tuple[str, ...]] = {
    Kind.ORDER_PLACED: _ORDER,
    Kind.ORDER_SHIPPED: (*_ORDER, "tracking"),
    Kind.ORDER_PARTLY_SHIPPED: (*_ORDER, "tracking"),
    Kind.ORDER_CANCELLED: _ORDER,
    Kind.ORDER_CANCELLED_BY_CUSTOMER: _ORDER,
    Kind.ORDER_RETURN: _RETURN,
    Kind.ORDER_WITHDRAWAL: _RETURN,
    Kind.VERIFY_EMAIL: _LETTER,
    Kind.ALREADY_REGISTERED: _SHOP,
    Kind.RESET_PASSWORD: _LETTER,
    Kind.PASSWORD_CHANGED: _SHOP,
    Kind.VERIFY_NEW_EMAIL: _LETTER,
    Kind.EMAIL_CHANGE: _LETTER,
    Kind.BACK_IN_STOCK_CONFIRM: ("article", "valid_until", *_SHOP),
    Kind.BACK_IN_STOCK: ("article", *_SHOP),
}


def kind_of(template: Template, facts: Mapping[str, Any]) -> Kind:
    """Which mail this is about an order; `facts` are those of its event."""
    match template:
        case Template.ORDER_SHIPPED if not facts.get("complete"):
            return Kind.ORDER_PARTLY_SHIPPED
        case Template.ORDER_CANCELLED if facts.get("by_customer"):
            return Kind.ORDER_CANCELLED_BY_CUSTOMER
        case Template.ORDER_RETURN if facts.get("withdrawal"):
            return Kind.ORDER_WITHDRAWAL
        case _:
            return Kind(template)


def template_of(kind: Kind) -> Template:
    match kind:
        case Kind.ORDER_PARTLY_SHIPPED:
            return Template.ORDER_SHIPPED
        case Kind.ORDER_CANCELLED_BY_CUSTOMER:
            return Template.ORDER_CANCELLED
        case Kind.ORDER_WITHDRAWAL:
            return Template.ORDER_RETURN
        case _:
            return Template(kind)


def checked_passages(kind: Kind, wanted: Passages) -> Passages:
    """Without what surrounds them. Raises MailTextInvalid naming every passage that cannot be used."""
    plain = Passages(**{name: _plain(getattr(wanted, name)) for name in PASSAGES})
    problems = [fault for name in PASSAGES for fault in _faults(kind, name, getattr(plain, name))]
    if problems:
        raise MailTextInvalid(fields=tuple(problems))
    return plain


def next_own(
    present: Mapping[str, str], version: int, wanted: Mapping[str, str], expected_version: int
) -> int:
    """The version under which `wanted` is to be kept; the present one where nothing changes. Raises MailTextChanged."""
    if wanted == present:
        return version
    if expected_version != version:
        raise MailTextChanged
    return version + 1


def own_words(passages: Passages, standard: Passages) -> dict[str, str]:
    """The passages that differ from the standard: of the others a later release may know better ones."""
    return {name: said for name in PASSAGES if (said := getattr(passages, name)) != getattr(standard, name)}


def worded(standard: Passages, own: Mapping[str, str]) -> Passages:
    """The standard with one's own words in their places."""
    return msgspec.structs.replace(standard, **{name: own[name] for name in PASSAGES if name in own})


def filled_in(text: str, values: Mapping[str, str]) -> str:
    """Placeholders replaced by their values. One without a value takes the blank before it along: `Hello {name},`."""
    return _PLACEHOLDER.sub(lambda found: _value(found, values), text)


def paragraphs(text: str) -> list[list[str]]:
    """The lines of each paragraph."""
    return [part.split("\n") for part in re.split(r"\n\s*\n", text) if part.strip()]


def _value(found: re.Match[str], values: Mapping[str, str]) -> str:
    """What a later release knows is left as it stands: a mail is rather odd than never sent."""
    value = values.get(found[2])
    if value is None:
        return found[0]
    return f"{found[1]}{value}" if value else ""


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _faults(kind: Kind, name: str, text: str) -> list[FieldProblem]:
    if name in ALWAYS and not text:
        return [FieldProblem(path=name, code="required", message="Please fill this in.")]
    most = PASSAGE_LENGTHS_MAX[name]
    if len(text) > most:
        return [FieldProblem(path=name, code="too_long", message=f"At most {most} characters.")]
    if not is_plain(text, lines=name not in ONE_LINE):
        what = "This has to be one line of plain text." if name in ONE_LINE else "This has to be plain text."
        return [FieldProblem(path=name, code="not_plain", message=what)]
    return _placeholder_faults(name, text, list(PLACEHOLDERS[kind]))


def _placeholder_faults(name: str, text: str, known: list[str]) -> list[FieldProblem]:
    if has_stray_braces(text):
        message = "Braces stand around the name of a placeholder, such as {shop_name}, and nowhere else."
        return [FieldProblem(path=name, code="placeholder_malformed", message=message)]
    unknown = unknown_placeholders(text, known)
    if not unknown:
        return []
    shown = f"{{{unknown[0][:NAME_SHOWN_MAX]}}}"
    message = f"This mail knows no {shown}. It knows {', '.join(f'{{{one}}}' for one in known)}."
    return [FieldProblem(path=name, code="placeholder_unknown", message=message)]
