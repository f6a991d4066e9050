"""The shop's own mark: a file is handed in, written anew, and shown in the header in the place of Rialto's."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import post
from litestar.datastructures import UploadFile
from litestar.exceptions import HTTPException
from litestar.response import Redirect

from rialto.admin.desk import AnyRequest, Desk
from rialto.admin.forms import Reading, read_values
from rialto.admin.pages.settings import PLACE, WRITE, channel_of, settings_page
from rialto.admin.rendering import PAGE, go
from rialto.catalog.api import Catalog, Channel, KeepPicture, Logo, ProfileChanged, PutProfile
from rialto.kernel.errors import RialtoError, field_problem
from rialto.kernel.http import Injected

FIELD = "logo"
BYTES_MAX = 2_000_000
# Around the file stand the form's other fields and its boundaries.
BODY_MAX = BYTES_MAX + 100_000
# What a file begins with. A drawing (SVG) can hold script and is not taken.
_PNG, _JPEG, _RIFF, _WEBP = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF", b"WEBP"


@post(f"{PLACE}/logo", guards=WRITE, status_code=200, request_max_body_size=BODY_MAX)
async def put_logo(request: AnyRequest, desk: Injected[Desk], catalog: Injected[Catalog]) -> PAGE | Redirect:
    """The same file again changes nothing. Who looked at an older version is sent to look again."""
    channel = await channel_of(catalog, desk.asked("channel"))
    try:
        content = await _handed(request)
        version = Reading(await read_values(request)).number("version")
        kept = await catalog.keep_picture(KeepPicture(content=content))
        logo = Logo(file=kept.file or "", widths=kept.widths, width=kept.width, height=kept.height)
        return await _saved(catalog, channel, logo, version)
    except RialtoError as error:
        return await settings_page(desk, catalog, channel, error=error)


@post(f"{PLACE}/logo/remove", guards=WRITE, status_code=200)
async def remove_logo(request: AnyRequest, desk: Injected[Desk], catalog: Injected[Catalog]) -> Redirect:
    """The shop's name stands beside Rialto's mark again."""
    channel = await channel_of(catalog, desk.asked("channel"))
    version = Reading(await read_values(request)).number("version")
    return await _saved(catalog, channel, None, version)


async def _handed(request: AnyRequest) -> bytes:
    """The file that was chosen. Raises Invalid for none, one of another kind, or one too large."""
    try:
        found = (await request.form()).get(FIELD)
    except HTTPException as error:
        if error.status_code != 413:
            raise
        raise field_problem(FIELD, "logo_too_large", "This file is too large.") from error
    content = await found.read() if isinstance(found, UploadFile) else b""
    if not content:
        raise field_problem(FIELD, "logo_missing", "Choose a file.")
    if len(content) > BYTES_MAX:
        raise field_problem(FIELD, "logo_too_large", "This file is too large.")
    is_webp = content.startswith(_RIFF) and content[8:12] == _WEBP
    if not (is_webp or content.startswith((_PNG, _JPEG))):
        raise field_problem(FIELD, "logo_not_valid", "It is no PNG, JPEG or WebP.")
    return content


async def _saved(catalog: Catalog, channel: Channel, logo: Logo | None, version: int) -> Redirect:
    profile = msgspec.structs.replace(channel.profile, logo=logo)
    place = f"{PLACE}?channel={channel.code}"
    try:
        await catalog.put_profile(PutProfile(channel=channel.code, profile=profile, expected_version=version))
    except ProfileChanged:
        return go(f"{place}&done=terms_changed")
    return go(f"{place}&done=settings_saved")


ROUTES: list[Any] = [put_logo, remove_logo]
