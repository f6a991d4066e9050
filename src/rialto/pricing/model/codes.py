"""Codes: how they are written, and whether one can be used."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime

from rialto.kernel.errors import field_problem
from rialto.kernel.ids import Ids
from rialto.kernel.text import is_plain
from rialto.pricing.api import CodeRefused, MakeVouchers, Voucher
from rialto.pricing.model.rules import is_moment

CODES_OF_CART_MAX = 5
MADE_AT_ONCE_MAX = 10_000
USES_MAX = 10**9
BATCH_LENGTH_MAX = 60

# No vowels, and nothing that looks like something else: a code is read from paper and spells no words.
_LETTERS = "BCDFGHJKMNPQRSTVWXYZ23456789"
_GROUPS = 3
_GROUP_LENGTH = 4
_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{2,39}")


def normalised_code(text: str) -> str | None:
    """As it is stored: capitals, no blanks; None for what can be no code."""
    code = "".join(text.split()).upper()
    return code if _CODE.fullmatch(code) else None


def new_code(ids: Ids) -> str:
    """Twelve letters of 28: nobody guesses one of a million codes within 10^11 attempts."""
    letters = [_LETTERS[ids.below(len(_LETTERS))] for _ in range(_GROUPS * _GROUP_LENGTH)]
    groups = [
        "".join(letters[start : start + _GROUP_LENGTH]) for start in range(0, len(letters), _GROUP_LENGTH)
    ]
    return "-".join(groups)


def checked_voucher(voucher: Voucher) -> Voucher:
    """As it may be stored. Raises Invalid naming the field."""
    code = normalised_code(voucher.code)
    if code is None:
        raise field_problem(
            "voucher.code", "not_valid", "A code is 3 to 40 letters, digits and hyphens, no hyphen first."
        )
    _check_batch(voucher.batch, "voucher.batch")
    for name, value in (("uses_max", voucher.uses_max), ("customer_max", voucher.customer_max)):
        if value is not None and not 1 <= value <= USES_MAX:
            raise field_problem(f"voucher.{name}", "not_valid", f"From 1 to {USES_MAX}, or nothing.")
    _check_end(voucher.ends_at, "voucher.ends_at")
    return Voucher(
        code=code,
        promotion_id=voucher.promotion_id,
        batch=voucher.batch,
        uses_max=voucher.uses_max,
        customer_max=voucher.customer_max,
        ends_at=voucher.ends_at,
        active=voucher.active,
    )


def checked_batch(command: MakeVouchers) -> MakeVouchers:
    """Raises Invalid naming the field."""
    if not 1 <= command.count <= MADE_AT_ONCE_MAX:
        raise field_problem("count", "not_valid", f"From 1 to {MADE_AT_ONCE_MAX} at a time.")
    _check_batch(command.batch, "batch")
    _check_end(command.ends_at, "ends_at")
    return command


def refuse_unusable(voucher: Voucher | None, code: str, at: datetime) -> Voucher:
    """The voucher, if it can be used at that time. Raises CodeRefused with the reason."""
    if voucher is None or not voucher.active:
        raise refused(code, "unknown")
    if voucher.ends_at is not None and at >= voucher.ends_at:
        raise refused(code, "ended")
    if voucher.uses_max is not None and voucher.uses >= voucher.uses_max:
        raise refused(code, "used_up")
    return voucher


def refused(code: str, reason: str) -> CodeRefused:
    return CodeRefused(extra={"code": code, "reason": reason})


def customer_key(customer: str) -> bytes:
    """What stands for a customer beside the codes they used: an account or an e-mail, but not legible."""
    return hashlib.sha256(b"rialto:voucher:" + customer.encode("utf-8", "surrogatepass")).digest()


def _check_batch(batch: str, path: str) -> None:
    if len(batch) > BATCH_LENGTH_MAX or not is_plain(batch) or (batch and not batch.strip()):
        raise field_problem(path, "not_valid", f"At most {BATCH_LENGTH_MAX} printable characters.")


def _check_end(ends_at: datetime | None, path: str) -> None:
    if ends_at is not None and not is_moment(ends_at):
        raise field_problem(path, "not_valid", "An end needs a time zone and a year of our time.")
