"""Style and script of the back office: the shop's roles, scale and controls, and what only work at a desk needs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from litestar import Response, get
from litestar.params import FromPath

from rialto.kernel.errors import NotFound
from rialto.storefront import assets as shop
from rialto.storefront.assets import Assets

FOLDER = Path(__file__).parent / "static"
# Under the shop's folder and not below `/admin`: what is the same for everybody needs nobody's session.
UNDER = "/assets/admin"
FOR_EVER = "public, max-age=31536000, immutable"
BORROWED = ("00-base.css", "20-controls.css")


@cache
def assets() -> Assets:
    borrowed = [shop.FOLDER / "css" / name for name in BORROWED]
    return Assets(FOLDER, style="admin.css", borrowed=borrowed, under=UNDER)


@get(UNDER + "/{name:str}")
async def asset(name: FromPath[str]) -> Response[bytes]:
    """Raises NotFound. The name holds the content's hash, so nobody needs to ask twice."""
    found = assets().by_name.get(name)
    if found is None:
        raise NotFound
    return Response(found.body, media_type=found.type, headers={"Cache-Control": FOR_EVER})
