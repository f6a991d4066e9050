"""Files that somebody at the desk handed in: kept for an hour, so that what was looked at is what is then loaded.

They lie in the data folder of this machine. Workers on one machine share it; behind several machines a person has to
come back to the same one, or hand the files in again.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from rialto.kernel.errors import Invalid, NotFound
from rialto.kernel.service import Frozen

BYTES_MAX = 8_000_000
FILES_MAX = 20
KEPT_S = 3600.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_TOKEN = re.compile(r"[a-z0-9]{16,64}")


class UploadRefused(Invalid):
    code = "upload_not_valid"
    message = "Choose up to 20 files of 8 MB together, with plain names of their own."


class UploadGone(NotFound):
    message = "These files are not kept any more."


class Handed(Frozen):
    name: str
    content: bytes


class Uploads:
    """`now` is the time in seconds since the epoch, as files have it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, token: str, files: Sequence[Handed], *, now: float) -> None:
        """Write the files and forget what is older than an hour. Raises UploadRefused."""
        names = [Path(file.name.replace("\\", "/")).name for file in files]
        fits = 0 < len(files) <= FILES_MAX and sum(len(file.content) for file in files) <= BYTES_MAX
        if not fits or len(set(names)) < len(names) or not all(map(_NAME.fullmatch, names)):
            raise UploadRefused
        self._forget(now)
        place = self._folder / token
        place.mkdir(parents=True, mode=0o700)
        for name, file in zip(names, files, strict=True):
            (place / name).write_bytes(file.content)

    def find(self, token: str) -> Path:
        """The one file, or the folder of several. Raises UploadGone."""
        place = self._folder / token
        if not _TOKEN.fullmatch(token) or not place.is_dir():
            raise UploadGone
        files = sorted(place.iterdir())
        return files[0] if len(files) == 1 else place

    def drop(self, token: str) -> None:
        if _TOKEN.fullmatch(token):
            shutil.rmtree(self._folder / token, ignore_errors=True)

    def _forget(self, now: float) -> None:
        if not self._folder.is_dir():
            return
        for place in self._folder.iterdir():
            if place.stat().st_mtime < now - KEPT_S:
                shutil.rmtree(place, ignore_errors=True)
