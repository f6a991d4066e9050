"""What may stand in a shop front's profile."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rialto.catalog.api.accents import poorest_contrast
from rialto.catalog.api.profile import LEGAL_PAGES, Logo, ProfileChanged, ProfileInvalid, ShopProfile
from rialto.catalog.model.fields import Problems, named
from rialto.catalog.model.versions import next_version
from rialto.kernel.colours import CONTRAST_OF_TEXT, parse_colour

NAME_LENGTH_MAX = 60
EMAIL_LENGTH_MAX = 254
NOTICE_LENGTH_MAX = 200
PAGE_LENGTH_MAX = 30_000
LOGO_SIDE_MAX = 12_000
LOGO_WIDTHS_MAX = 10
_LOGO_FILE = re.compile(r"web-[0-9a-f]{24}")
_EMAIL = re.compile(r"[^@\s<>\",;]+@[^@\s<>\",;]+\.[^@\s<>\",;.]{2,}")


def decide_profile(
    current: ShopProfile, wanted: ShopProfile, expected_version: int, languages: Sequence[str]
) -> ShopProfile:
    """The profile as it will be; the current one where nothing changes. Raises ProfileInvalid, ProfileChanged."""
    return next_version(current, _checked(wanted, languages), expected_version, changed=ProfileChanged)


def _checked(profile: ShopProfile, languages: Sequence[str]) -> ShopProfile:
    """Without what surrounds texts, and without empty ones: they stand for Rialto's own."""
    plain = ShopProfile(
        name=profile.name.strip(),
        email=profile.email.strip(),
        notice=_filled(profile.notice),
        pages={page: texts for page, said in profile.pages.items() if (texts := _filled(said))},
        accent_light=profile.accent_light.strip().lower(),
        accent_dark=profile.accent_dark.strip().lower(),
        logo=profile.logo,
    )
    problems = Problems()
    if plain.name:
        problems.text("name", plain.name, length_max=NAME_LENGTH_MAX)
    if plain.email and (len(plain.email) > EMAIL_LENGTH_MAX or not _EMAIL.fullmatch(plain.email)):
        problems.add("email", "not_valid", "This is not an e-mail address.")
    _check_texts(problems, "notice", plain.notice, languages, length_max=NOTICE_LENGTH_MAX)
    for page, texts in plain.pages.items():
        path = f"pages.{named(page)}"
        if page not in LEGAL_PAGES:
            problems.add(path, "page_unknown", f"One of {', '.join(LEGAL_PAGES)}.")
        _check_texts(problems, path, texts, languages, length_max=PAGE_LENGTH_MAX, lines=True)
    _check_accent(problems, "light", plain.accent_light)
    _check_accent(problems, "dark", plain.accent_dark)
    if plain.logo is not None and not _is_kept(plain.logo):
        problems.add("logo", "not_valid", "This is no picture that was handed in.")
    problems.raise_as(ProfileInvalid, "These settings are not valid.")
    return plain


def _check_accent(problems: Problems, theme: str, colour: str) -> None:
    """It has to be read wherever it stands, as text has."""
    if not colour:
        return
    path = f"accent_{theme}"
    try:
        parse_colour(colour)
    except ValueError:
        problems.add(path, "colour_not_valid", "A colour is written like #0a5a52.")
        return
    found = poorest_contrast(theme, colour)
    if float(found.ratio) < CONTRAST_OF_TEXT:
        message = f"Its contrast with {found.role} is {found.ratio}; at least {CONTRAST_OF_TEXT} is needed."
        problems.add(path, "contrast_too_low", message)


def _is_kept(logo: Logo) -> bool:
    """Whether it can be a picture of ours; whether its files are there is seen where it is shown."""
    sizes = [*logo.widths, logo.width, logo.height]
    return (
        _LOGO_FILE.fullmatch(logo.file) is not None
        and 0 < len(logo.widths) <= LOGO_WIDTHS_MAX
        and logo.width == max(logo.widths)
        and all(0 < size <= LOGO_SIDE_MAX for size in sizes)
    )


def _check_texts(
    problems: Problems,
    path: str,
    texts: dict[str, str],
    languages: Sequence[str],
    *,
    length_max: int,
    lines: bool = False,
) -> None:
    problems.texts(path, texts, length_max=length_max, lines=lines)
    for language in texts:
        if language not in languages:
            problems.add(f"{path}.{named(language)}", "language_unknown", "The shop does not speak it.")


def _filled(texts: dict[str, str]) -> dict[str, str]:
    plain = {language: text.replace("\r\n", "\n").strip() for language, text in texts.items()}
    return {language: text for language, text in plain.items() if text}
