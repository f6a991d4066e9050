"""What an account may say about its owner."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rialto.identity.api import ChangeAccount, Consent, GiveConsent
from rialto.identity.model.fields import check_language, check_name, wrong
from rialto.kernel.errors import FieldProblem, Invalid

PURPOSES_MAX = 20

_PURPOSE = re.compile(r"[a-z][a-z0-9_]{0,59}")
_TEXT_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


def checked_change(command: ChangeAccount) -> ChangeAccount:
    """The command, normalised. Raises Invalid naming every field that is wrong."""
    problems: list[FieldProblem] = []
    name = command.name
    if name is not None:
        name, found = check_name(name)
        problems += found
    if command.language is not None:
        problems += check_language(command.language)
    for index, consent in enumerate(command.consents):
        if not _PURPOSE.fullmatch(consent.purpose):
            problems.append(wrong(f"consents[{index}].purpose", "A purpose is a word such as `newsletter`."))
        if not _TEXT_VERSION.fullmatch(consent.text_version):
            problems.append(wrong(f"consents[{index}].text_version", "Name the text, such as `2026-01`."))
    purposes = [consent.purpose for consent in command.consents]
    if len(set(purposes)) < len(purposes):
        problems.append(wrong("consents", "Each purpose can stand here once."))
    if problems:
        raise Invalid("The account cannot be changed so.", fields=tuple(problems))
    return ChangeAccount(
        account_id=command.account_id, name=name, language=command.language, consents=command.consents
    )


def news(given: Sequence[GiveConsent], latest: Sequence[Consent]) -> list[GiveConsent]:
    """What is not known yet. Raises Invalid for more purposes than an account has."""
    known = {consent.purpose: (consent.granted, consent.text_version) for consent in latest}
    if len(known.keys() | {consent.purpose for consent in given}) > PURPOSES_MAX:
        raise Invalid(
            "There are too many purposes.",
            fields=(wrong("consents", f"An account has at most {PURPOSES_MAX} purposes."),),
        )
    return [
        consent for consent in given if known.get(consent.purpose) != (consent.granted, consent.text_version)
    ]
