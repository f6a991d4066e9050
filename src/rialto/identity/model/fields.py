"""The rules of accounts: e-mails, passwords, names, and the keys that stand for them."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from uuid import UUID

import msgspec

from rialto.identity.api import ImportCustomer, PasswordWeak, PutStaff, Register
from rialto.kernel import email as emails
from rialto.kernel.errors import FieldProblem, Invalid

PASSWORD_LENGTH_MIN = 12
PASSWORD_LENGTH_MAX = 1024
NAME_LENGTH_MAX = 120
EARLIEST_YEAR = 1990  # of an account anywhere

# All staff are born in one bucket: they are few, and their list must not be gathered from all shards.
STAFF_BUCKET = 0

# Where an unknown e-mail's account is looked for, so that it costs the same statements: no id has time zero.
NOBODY = UUID("00000000-0000-7000-8000-000000000000")

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_CHANNEL = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")

# Orders compare e-mails in the same way.
normalised_email = emails.normalised_email
email_hash = emails.email_hash
bucket_of_hash = emails.bucket_of_hash


def checked_email(email: str) -> str:
    """A normalised e-mail that mail can be sent to. Raises Invalid naming the field."""
    found = normalised_email(email)
    if not emails.is_email(found):
        raise Invalid(
            "This is not an e-mail address.", fields=(wrong("email", "This is not an e-mail address."),)
        )
    return found


def comparable_password(password: str) -> str:
    """NFKC, so that a password typed on another keyboard is the same (NIST SP 800-63B, 5.1.1.2).

    Longer than any password we accept it is cut: the work stays the same and no such account exists.
    """
    return unicodedata.normalize("NFKC", password[: PASSWORD_LENGTH_MAX + 1])


def checked_staff(command: PutStaff) -> PutStaff:
    """The command, normalised. Raises PasswordWeak, or Invalid naming every field that is wrong."""
    name, problems = check_name(command.name)
    if problems:
        raise Invalid("The member of staff is not complete.", fields=tuple(problems))
    return PutStaff(
        email=checked_email(command.email),
        name=name,
        password=checked_password(command.password),
        roles=sorted(set(command.roles)),
        by=command.by,
    )


def checked_registration(command: Register) -> Register:
    """The command, normalised. Raises PasswordWeak, or Invalid naming every field that is wrong."""
    name, problems = check_name(command.name)
    problems += check_language(command.language)
    problems += check_channel(command.channel)
    if problems:
        raise Invalid("The account is not complete.", fields=tuple(problems))
    return Register(
        email=checked_email(command.email),
        password=checked_password(command.password),
        name=name,
        language=command.language,
        channel=command.channel,
        client=command.client,
        key=command.key,
    )


def checked_import(command: ImportCustomer, at: datetime) -> ImportCustomer:
    """The command, normalised; addresses stay as they are. Raises Invalid naming every field that is wrong."""
    name, problems = check_name(command.name)
    problems += check_language(command.language)
    problems += check_channel(command.channel)
    for field in ("default_shipping", "default_billing"):
        place: int | None = getattr(command, field)
        if place and not 0 <= place < len(command.addresses):
            problems.append(wrong(field, "There is no such address."))
    since = command.registered_at
    if since is not None and (since.tzinfo is None or since.year < EARLIEST_YEAR or since > at):
        problems.append(wrong("registered_at", "Give a time with its zone that is not in the future."))
    if problems:
        raise Invalid("The account is not complete.", fields=tuple(problems))
    return msgspec.structs.replace(command, email=checked_email(command.email), name=name)


def check_name(given: str) -> tuple[str, list[FieldProblem]]:
    name = " ".join(given.split())
    if 1 <= len(name) <= NAME_LENGTH_MAX and name.isprintable():
        return name, []
    return name, [wrong("name", f"Give a name of at most {NAME_LENGTH_MAX} printable characters.")]


def check_language(given: str) -> list[FieldProblem]:
    return [] if _LANGUAGE.fullmatch(given) else [wrong("language", "Give a language such as `de`.")]


def check_channel(given: str) -> list[FieldProblem]:
    return [] if _CHANNEL.fullmatch(given) else [wrong("channel", "This is no channel's code.")]


def checked_password(password: str, *, path: str = "password") -> str:
    """A password good enough to be set, in comparable form. Raises PasswordWeak or Invalid."""
    found = comparable_password(password)
    if len(found) < PASSWORD_LENGTH_MIN or not found.strip():
        raise PasswordWeak(
            fields=(FieldProblem(path=path, code=PasswordWeak.code, message=PasswordWeak.message),)
        )
    if len(found) > PASSWORD_LENGTH_MAX or any("\ud800" <= letter <= "\udfff" for letter in found):
        message = f"Use at most {PASSWORD_LENGTH_MAX} characters."
        raise Invalid(message, fields=(wrong(path, message),))
    return found


def wrong(path: str, message: str) -> FieldProblem:
    return FieldProblem(path=path, code="not_valid", message=message)
