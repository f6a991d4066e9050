"""Pictures that are handed in: judged by their size here, by their content where they are written."""

from __future__ import annotations

from rialto.catalog.api import PICTURE_BYTES_MAX, KeepPicture, Picture, PictureInvalid
from rialto.catalog.ports import PictureShelf


class PictureCases:
    _pictures: PictureShelf

    async def keep_picture(self, command: KeepPicture) -> Picture:
        if len(command.content) > PICTURE_BYTES_MAX:
            raise PictureInvalid(
                f"It is larger than {PICTURE_BYTES_MAX // 10**6} MB.", code="picture_too_large"
            )
        kept = await self._pictures.add(command.content)
        return Picture(file=kept.file, widths=list(kept.widths), width=kept.width, height=kept.height)
