"""What people type: read from a form, kept as typed for showing again, and turned into an address.

Errors are by field, so that each stands beside its field and all of them in the summary above the form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from rialto.kernel.address import Address, check_address
from rialto.kernel.errors import FieldProblem, Invalid
from rialto.kernel.service import Frozen
from rialto.storefront.visit import AnyRequest

ADDRESS_FIELDS = ("name", "company", "line1", "line2", "postal_code", "city", "region", "country", "phone")
TYPED_LENGTH_MAX = 500
SECRET_LENGTH_MAX = 20_000
# Fields that are never written into a page.
SECRETS = frozenset({"password", "old_password", "new_password", "token", "mfa_token", "credential", "typed"})
_FIELDS = ("email", *(f"{side}-{name}" for side in ("shipping", "billing") for name in ADDRESS_FIELDS))
_FIELD_ORDER = {field: position for position, field in enumerate(_FIELDS)}
_KEY = re.compile(r"[!-~]{1,80}")
_EMAIL = re.compile(r"[^@\s<>\",;]+@[^@\s<>\",;]+\.[^@\s<>\",;.]{2,}")


class FieldError(Frozen):
    """`id` is the field's id on the page, `text` the key of a sentence."""

    id: str
    text: str


class AddressForm(Frozen):
    """The whole address page as typed. `values` are keyed like the fields' ids: `email`, `shipping-name`, …"""

    values: dict[str, str]
    separate_billing: bool = False

    def value(self, field: str) -> str:
        return self.values.get(field, "")


def read_address_form(data: Mapping[str, object]) -> AddressForm:
    values = {field: typed(data, field) for field in _FIELDS}
    return AddressForm(values=values, separate_billing=typed(data, "billing-separate") == "1")


def fill_address_form(
    email: str | None, shipping: Address | None, billing: Address | None, *, country: str
) -> AddressForm:
    """The form as the cart remembers it."""
    values = {"email": email or "", "shipping-country": country, "billing-country": country}
    for side, address in (("shipping", shipping), ("billing", billing)):
        if address is not None:
            values |= {f"{side}-{name}": getattr(address, name) or "" for name in ADDRESS_FIELDS}
    return AddressForm(values=values, separate_billing=billing is not None and billing != shipping)


def parse_one_address(form: AddressForm) -> Address:
    """The delivery address of a form that has no other. Raises Invalid naming every wrong field."""
    return check_address(_address(form, "shipping"), path="shipping")


def with_shipping(form: AddressForm, address: Address) -> AddressForm:
    """The form with this delivery address in the place of what was typed."""
    values = {f"shipping-{name}": getattr(address, name) or "" for name in ADDRESS_FIELDS}
    return AddressForm(values=form.values | values, separate_billing=form.separate_billing)


def parse_address_form(form: AddressForm) -> tuple[str, Address, Address | None]:
    """E-mail, delivery and billing address. Raises Invalid naming every wrong field at once."""
    email = form.value("email").strip()
    problems: list[FieldProblem] = []
    if not email:
        problems.append(FieldProblem(path="email", code="required", message="Please fill this in."))
    elif len(email) > 254 or not _EMAIL.fullmatch(email):
        problems.append(
            FieldProblem(path="email", code="not_valid", message="This is not an e-mail address.")
        )
    sides: dict[str, Address | None] = {"shipping": None, "billing": None}
    for side in ("shipping", "billing") if form.separate_billing else ("shipping",):
        try:
            sides[side] = check_address(_address(form, side), path=side)
        except Invalid as invalid:
            problems += invalid.fields
    shipping = sides["shipping"]
    if problems or shipping is None:
        raise Invalid("The address is not complete.", fields=tuple(problems))
    return email, shipping, sides["billing"]


def field_errors(invalid: Invalid) -> list[FieldError]:
    """The service's field paths (`shipping.postal_code`) as the page's ids, with a sentence's key for each."""
    errors = [FieldError(id=_field_id(problem.path), text=_sentence(problem)) for problem in invalid.fields]
    return sorted(errors, key=lambda error: _FIELD_ORDER.get(error.id, 0))


def typed(data: Mapping[str, object], field: str) -> str:
    """One text field, whatever was sent; never longer than a person types."""
    value = data.get(field)
    return value[:TYPED_LENGTH_MAX] if isinstance(value, str) else ""


def secret(data: Mapping[str, object], field: str) -> str:
    """A password, a token or a browser's answer: longer than a person types."""
    value = data.get(field)
    return value[:SECRET_LENGTH_MAX] if isinstance(value, str) else ""


async def note_typed(request: AnyRequest) -> None:
    """Before a form is taken: what was typed is at hand for the page that says that it could not be."""
    if request.scope["method"] == "POST":
        request.scope["rialto.typed"] = tuple((await request.form()).multi_items())  # type: ignore[typeddict-unknown-key]


def typed_again(scope: Mapping[str, Any]) -> tuple[tuple[str, str], ...] | None:
    """What to send once more; None where nothing was typed, or something among it must not stand on a page."""
    fields = scope.get("rialto.typed") or ()
    if not fields or any(name in SECRETS for name, _ in fields):
        return None
    return tuple((name, value) for name, value in fields if isinstance(value, str))


def credential_of(data: Mapping[str, object]) -> dict[str, Any]:
    """The browser's answer; empty for what is none, which the service refuses."""
    try:
        return msgspec.json.decode(secret(data, "credential"), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeEncodeError):
        return {}


def once_key(data: Mapping[str, object]) -> str | None:
    """What a form was made with, so that pressing twice does it once; None for what no form of ours has made."""
    key = data.get("key")
    return key if isinstance(key, str) and _KEY.fullmatch(key) else None


def is_own_path(url: str, language: str) -> bool:
    """Whether this is an address of our own pages in this language, and never another site's, whatever was sent."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return (
        not parts.scheme
        and not parts.netloc
        and url.startswith(f"/{language}/")
        and "\\" not in url
        and url.isprintable()
    )


def whole_number(text: str, *, lowest: int, highest: int) -> int | None:
    """A quantity as typed; None when it is not one. Too large is cut to what may be asked for."""
    text = text.strip()
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        return None
    return max(lowest, min(highest, int(text)))


def _address(form: AddressForm, side: str) -> Address:
    parts = {name: form.value(f"{side}-{name}").strip() for name in ADDRESS_FIELDS}
    return Address(**parts)


def _field_id(path: str) -> str:
    side, _, name = path.removeprefix("address.").partition(".")
    return f"{side}-{name}" if name else side


def _sentence(problem: FieldProblem) -> str:
    field = _field_id(problem.path).rpartition("-")[2]
    if problem.code == "required":
        return f"error.required.{field}"
    return f"error.not_valid.{field}"
