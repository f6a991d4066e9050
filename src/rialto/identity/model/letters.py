"""Letters: which there are, whereto their links lead and how long those are good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from rialto.identity.model.tokens import Purpose

# Of one e-mail: three at once, then each has to wait longer than the one before.
LETTERS_FREE = 3


class Template(StrEnum):
    VERIFY_EMAIL = "verify_email"
    ALREADY_REGISTERED = "already_registered"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - the name of a template
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a template
    VERIFY_NEW_EMAIL = "verify_new_email"
    EMAIL_CHANGE = "email_change"


@dataclass(frozen=True, kw_only=True)
class Link:
    """`page` is below the shop's language; `purpose` and `lasts` are those of the token it carries, if any."""

    page: str
    purpose: Purpose | None = None
    lasts: timedelta = timedelta(0)


LINKS: dict[Template, Link] = {
    Template.VERIFY_EMAIL: Link(
        page="account/verify", purpose=Purpose.VERIFY_EMAIL, lasts=timedelta(hours=24)
    ),
    Template.ALREADY_REGISTERED: Link(page="account/sign-in"),
    Template.RESET_PASSWORD: Link(
        page="account/reset", purpose=Purpose.RESET_PASSWORD, lasts=timedelta(hours=1)
    ),
    Template.PASSWORD_CHANGED: Link(page="account/forgot"),
    Template.VERIFY_NEW_EMAIL: Link(
        page="account/verify", purpose=Purpose.VERIFY_NEW_EMAIL, lasts=timedelta(hours=24)
    ),
    Template.EMAIL_CHANGE: Link(
        page="account/take-back", purpose=Purpose.TAKE_BACK_EMAIL, lasts=timedelta(hours=72)
    ),
}
