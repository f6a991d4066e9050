"""How the shop presents itself: its name, its notice, and the texts that its merchant is answerable for."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.response import Redirect

from rialto.admin.conflicts import Field, conflict_page
from rialto.admin.desk import HOME, AnyRequest, Desk
from rialto.admin.forms import Reading, Values, read_values
from rialto.admin.problems import problems_of, status_of
from rialto.admin.rendering import PAGE, go, page
from rialto.catalog.api import (
    LEGAL_PAGES,
    Catalog,
    Channel,
    ProfileChanged,
    PutProfile,
    ShopProfile,
)
from rialto.kernel.errors import NotFound, RialtoError
from rialto.kernel.http import Injected, requires
from rialto.kernel.service import Nothing
from rialto.storefront.texts import LANGUAGES

PLACE = f"{HOME}/settings"
READ = [requires("settings.read")]
WRITE = [requires("settings.write")]


@get(PLACE, guards=READ)
async def settings(desk: Injected[Desk], catalog: Injected[Catalog]) -> PAGE:
    return _page(desk, await _channel(catalog, desk.asked("channel")))


@post(PLACE, guards=WRITE, status_code=200)
async def save(request: AnyRequest, desk: Injected[Desk], catalog: Injected[Catalog]) -> PAGE | Redirect:
    """Whoever comes second is shown what the first one changed."""
    values = await read_values(request)
    reading = Reading(values)
    channel = await _channel(catalog, reading.text("channel"))
    command = PutProfile(
        channel=channel.code,
        profile=_profile(reading, channel),
        expected_version=reading.number("version"),
    )
    try:
        await catalog.put_profile(command)
    except ProfileChanged:
        return _conflict(desk, await _channel(catalog, channel.code), values)
    except RialtoError as error:
        return _page(desk, channel, values=values, error=error)
    return go(f"{PLACE}?channel={channel.code}&done=settings_saved")


async def _channel(catalog: Catalog, code: str) -> Channel:
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
    return {"name": profile.name, "email": profile.email, "version": str(profile.version), **texts}


def _fields(desk: Desk, channel: Channel) -> list[Field]:
    texts = desk.texts
    return [
        *(Field(name=name, label=texts(f"settings.{name}")) for name in ("name", "email")),
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


def _page(
    desk: Desk, channel: Channel, *, values: Values | None = None, error: RialtoError | None = None
) -> PAGE:
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
        spoken=[language for language in channel.languages if language in LANGUAGES],
        legal_pages=LEGAL_PAGES,
        values=_values(channel) | (values or {}),
        problems=[] if error is None else problems_of(error, desk.texts, fields=paths),
    )


ROUTES: list[Any] = [settings, save]
