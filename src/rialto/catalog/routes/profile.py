"""Shop fronts on the web, for staff: what they sell in, and how they present themselves."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response, get, put
from litestar.params import FromPath, JSONBody

from rialto.catalog.api import (
    Catalog,
    ChannelNotFound,
    Channels,
    Logo,
    ProfileChanged,
    PutProfile,
    ShopProfile,
)
from rialto.catalog.model.profile import (
    EMAIL_LENGTH_MAX,
    NAME_LENGTH_MAX,
    NOTICE_LENGTH_MAX,
    PAGE_LENGTH_MAX,
)
from rialto.kernel.http import IfMatch, Injected, about, etag, if_match, requires
from rialto.kernel.service import Frozen, Nothing

TAG = "staff: settings"

Notice = Annotated[str, msgspec.Meta(max_length=NOTICE_LENGTH_MAX)]
PageText = Annotated[str, msgspec.Meta(max_length=PAGE_LENGTH_MAX)]


class ProfileInput(Frozen):
    """A profile without its version, which stands in If-Match. What is empty is Rialto's own."""

    name: Annotated[str, msgspec.Meta(max_length=NAME_LENGTH_MAX)] = ""
    email: Annotated[str, msgspec.Meta(max_length=EMAIL_LENGTH_MAX)] = ""
    notice: dict[str, Notice] = {}
    pages: dict[str, dict[str, PageText]] = {}
    accent_light: str = ""
    accent_dark: str = ""
    logo: Logo | None = None


@get(
    "/v1/admin/channels",
    guards=[requires("settings.read")],
    **about("list_channels", "List shop fronts", tag=TAG),
)
async def list_channels(catalog: Injected[Catalog]) -> Channels:
    """All of them. A profile's `version` is its ETag."""
    return await catalog.channels(Nothing())


@put(
    "/v1/admin/channels/{channel_code:str}/profile",
    guards=[requires("settings.write")],
    **about(
        "put_profile",
        "Change how a shop front presents itself",
        tag=TAG,
        refuses=[ChannelNotFound, ProfileChanged],
        tagged=True,
        example={
            "name": "Lamps & More",
            "email": "hello@example.com",
            "notice": {"en": "Free delivery until Sunday"},
            "pages": {"imprint": {"en": "Lamps & More Ltd\n1 High Street"}},
            "accent_light": "#7a1f3d",
            "accent_dark": "#f2a7bd",
        },
    ),
)
async def put_profile(
    catalog: Injected[Catalog],
    channel_code: FromPath[str],
    data: JSONBody[ProfileInput],
    based_on: IfMatch = None,
) -> Response[ShopProfile]:
    """Counts at once, without a restart: on pages and in mails. The logo is a picture that was handed in before.

    An accent that cannot be read on the shop's grounds is refused with its measured contrast.
    """
    command = PutProfile(
        channel=channel_code,
        profile=ShopProfile(
            name=data.name,
            email=data.email,
            notice=data.notice,
            pages=data.pages,
            accent_light=data.accent_light,
            accent_dark=data.accent_dark,
            logo=data.logo,
        ),
        expected_version=if_match(based_on),
    )
    profile = await catalog.put_profile(command)
    return Response(profile, headers={"ETag": etag(profile.version)})


ROUTES: list[Any] = [list_channels, put_profile]
