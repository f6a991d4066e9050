"""Pictures as programs of staff hand them in: one file as the body, a picture for a product as the answer."""

from __future__ import annotations

from typing import Any

from litestar import Request, post

from rialto.catalog.api import PICTURE_BYTES_MAX, Catalog, KeepPicture, Picture, PictureInvalid
from rialto.catalog.routes.products import TAG, WRITE
from rialto.kernel.http import Injected, about


@post(
    "/v1/admin/pictures",
    guards=WRITE,
    request_max_body_size=PICTURE_BYTES_MAX,
    **about(
        "keep_picture",
        "Hand in a picture",
        tag=TAG,
        refuses=[PictureInvalid],
        takes="application/octet-stream",
    ),
)
async def keep_picture(request: Request[Any, Any, Any], catalog: Injected[Catalog]) -> Picture:
    """Takes the file itself as the body: PNG, JPEG, WebP, GIF or AVIF, of at most 10 MB and 40 million pixels.

    It is written anew, upright and without what else the file carries. The answer belongs into the `images` of a
    product or the `image` of a category; the same file again answers the same.
    """
    return await catalog.keep_picture(KeepPicture(content=await request.body()))


ROUTES: list[Any] = [keep_picture]
