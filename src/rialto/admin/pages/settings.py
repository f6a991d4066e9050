"""How the shop presents itself: its name, its notice, and the texts that its merchant is answerable for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import get, post
from litestar.response import Redirect

from rialto.admin.conflicts import Field, conflict_page
from rialto.admin.desk import HOME, AnyRequest, Desk
from rialto.admin.forms import Reading, Values, read_values
from rialto.admin.problems import Problem, problems_of, status_of
from rialto.admin.rendering import PAGE, go, page
from rialto.admin.tables import Choice
from rialto.catalog.api import (
    LEGAL_PAGES,
    Catalog,
    Channel,
    ProfileChanged,
    PutProfile,
    ShopProfile,
    poorest_contrast,
)
from rialto.kernel.errors import NotFound, RialtoError
from rialto.kernel.http import Injected, requires
from rialto.kernel.service import Nothing
from rialto.storefront import logos
from rialto.storefront.texts import LANGUAGES

PLACE = f"{HOME}/settings"
READ = [requires("settings.read")]
WRITE = [requires("settings.write")]
PLAIN = ("name", "email", "accent_light", "accent_dark")


@get(PLACE, guards=READ)
async def settings(desk: Injected[Desk], catalog: Injected[Catalog]) -> PAGE:
    return await settings_page(desk, catalog, await channel_of(catalog, desk.asked("channel")))


@post(PLACE, guards=WRITE, status_code=200)
async def save(request: AnyRequest, desk: Injected[Desk], catalog: Injected[Catalog]) -> PAGE | Redirect:
    """Whoever comes second is shown what the first one changed."""
    values = await read_values(request)
    reading = Reading(values)
    channel = await channel_of(catalog, reading.text("channel"))
    command = PutProfile(
        channel=channel.code,
        profile=_profile(reading, channel),
        expected_version=reading.number("version"),
    )
    try:
        await catalog.put_profile(command)
    except ProfileChanged:
        return _conflict(desk, await channel_of(catalog, channel.code), values)
    except RialtoError as error:
        return await settings_page(desk, catalog, channel, values=values, error=error)
    return go(f"{PLACE}?channel={channel.code}&done=settings_saved")


async def channel_of(catalog: Catalog, code: str) -> Channel:
    """The one asked for, or the first."""
    channels = (await catalog.channels(Nothing())).items
    found = next((one for one in channels if one.code == code), None if code else channels[0])
    if found is None:
        raise NotFound
    return found


def _profile(reading: Reading, channel: Channel) -> ShopProfile:
    return ShopProfile(
        name=reading.text("name"),
        email=reading.text("email"),
        notice={language: reading.text(f"notice-{language}") for language in channel.languages},
        pages={
            name: {language: reading.text(f"{name}-{language}") for language in channel.languages}
            for name in LEGAL_PAGES
        },
        accent_light=reading.text("accent_light"),
        accent_dark=reading.text("accent_dark"),
        logo=channel.profile.logo,
    )


def _values(channel: Channel) -> Values:
    profile = channel.profile
    texts = {
        f"{name}-{language}": said.get(language, "")
        for name, said in {
            "notice": profile.notice,
            **{name: profile.pages.get(name, {}) for name in LEGAL_PAGES},
        }.items()
        for language in channel.languages
    }
    return {
        "name": profile.name,
        "email": profile.email,
        "accent_light": profile.accent_light,
        "accent_dark": profile.accent_dark,
        "version": str(profile.version),
        **texts,
    }


def _fields(desk: Desk, channel: Channel) -> list[Field]:
    texts = desk.texts
    return [
        *(Field(name=name, label=texts(f"settings.{name}")) for name in PLAIN),
        *(
            Field(name=f"{name}-{language}", label=f"{texts(f'settings.{name}')} ({language})")
            for name in ("notice", *LEGAL_PAGES)
            for language in channel.languages
        ),
    ]


def _conflict(desk: Desk, channel: Channel, values: Values) -> PAGE:
    return conflict_page(
        desk,
        section="settings",
        title=desk.texts("settings.title"),
        action=PLACE,
        back=f"{PLACE}?channel={channel.code}",
        version=str(channel.profile.version),
        fields=_fields(desk, channel),
        yours=values,
        theirs=_values(channel),
    )


async def settings_page(
    desk: Desk,
    catalog: Catalog,
    channel: Channel,
    *,
    values: Values | None = None,
    error: RialtoError | None = None,
) -> PAGE:
    channels = (await catalog.channels(Nothing())).items
    paths = {
        f"{path}.{language}": f"{name}-{language}"
        for path, name in {"notice": "notice", **{f"pages.{name}": name for name in LEGAL_PAGES}}.items()
        for language in channel.languages
    }
    return page(
        desk,
        "pages/settings.html",
        section="settings",
        status=200 if error is None else status_of(error),
        channel=channel,
        channels=[Choice(value=one.code, label=one.profile.name or one.code) for one in channels],
        spoken=[language for language in channel.languages if language in LANGUAGES],
        legal_pages=LEGAL_PAGES,
        values=_values(channel) | (values or {}),
        problems=[] if error is None else _problems(desk, error, fields=paths, values=values or {}),
        logo=logos.shown(channel.profile),
    )


def _problems(desk: Desk, error: RialtoError, *, fields: Mapping[str, str], values: Values) -> list[Problem]:
    """As everywhere; a colour that cannot be read is told with what was measured."""
    told = problems_of(error, desk.texts, fields=fields)
    for index, fault in enumerate(error.fields):
        if fault.code == "contrast_too_low":
            found = poorest_contrast(fault.path.removeprefix("accent_"), values[fault.path].strip().lower())
            where = desk.texts(f"settings.role.{found.role}")
            text = desk.texts("settings.contrast_too_low", ratio=found.ratio, where=where)
            told[index] = Problem(text=text, field=fault.path)
    return told


ROUTES: list[Any] = [settings, save]
