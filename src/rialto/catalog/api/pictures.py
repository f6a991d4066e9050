"""Pictures that somebody hands in: from a file to what a product or category can name."""

from __future__ import annotations

from typing import Protocol

from rialto.catalog.api.products import Picture
from rialto.kernel.errors import Invalid
from rialto.kernel.service import Frozen, operation

# Of one picture as it is handed in; a telephone's have 3 to 8 million.
PICTURE_BYTES_MAX = 10_000_000


class PictureInvalid(Invalid):
    code = "picture_not_valid"
    message = "It is no picture that can be read."


class KeepPicture(Frozen):
    """The file as it is: what kind of picture it holds, its content says."""

    content: bytes


class Picturing(Protocol):
    """The shop's own pictures."""

    @operation(idempotent=True, timeout_s=60)
    async def keep_picture(self, command: KeepPicture) -> Picture:
        """Write a picture anew in the widths that pages ask for, upright and without what else its file carries.

        The same bytes are the same files, however often and wherever they come from. It is shown once a product or
        category names it. Raises PictureInvalid for what is too large or cannot be read, Unavailable.
        """
        ...
