"""The folder of a host: generations of the index, which of them is current, and who may write.

    writer.lock    held by the one process that takes in events
    rebuild.lock   held while a generation is being built, by whichever process
    current        names the current generation; replaced in one step
    g-000001/ …    generations

Locks are `flock`s: they end with their process, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

import msgspec

from rialto.search.ports import IndexDamaged

# What the entries mean. Raised whenever an older index could not be read or would be wrong.
SCHEMA = 3
CURRENT_BYTES_MAX = 1000


class Current(msgspec.Struct, frozen=True, kw_only=True):
    generation: str
    schema: int


class Lock:
    """One lock file. `held` says whether this process has it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    @property
    def held(self) -> bool:
        return self._file is not None

    def take(self) -> bool:
        """Try once; True when it is held now."""
        if self._file is not None:
            return True
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        self._file = file
        return True

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


class Folder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.writer = Lock(path / "writer.lock")
        self.rebuilding = Lock(path / "rebuild.lock")
        self._current = path / "current"

    def current(self) -> Path:
        """The current generation. Raises IndexDamaged when there is none that this release can read."""
        try:
            with self._current.open("rb") as file:
                said = msgspec.json.decode(file.read(CURRENT_BYTES_MAX), type=Current)
        except (OSError, msgspec.MsgspecError) as error:
            raise IndexDamaged("no current generation is named") from error
        if said.schema != SCHEMA:
            raise IndexDamaged(f"the index has schema {said.schema}, this release reads {SCHEMA}")
        if "/" in said.generation or not said.generation.startswith("g-"):
            raise IndexDamaged("the current generation has no proper name")
        return self.path / said.generation

    def fresh(self) -> Path:
        """A name for the next generation, never used before in this folder."""
        self.path.mkdir(parents=True, exist_ok=True)
        numbers = [int(found.name[2:]) for found in self.path.glob("g-*") if found.name[2:].isdecimal()]
        return self.path / f"g-{max(numbers, default=0) + 1:06}"

    def switch(self, generation: Path) -> None:
        """Make it current, durably and in one step."""
        beside = self._current.with_suffix(".new")
        with beside.open("wb") as file:
            file.write(msgspec.json.encode(Current(generation=generation.name, schema=SCHEMA)))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._current)
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def sweep(self, keep: Path) -> None:
        """Remove other generations. Who still reads one keeps its open files and finds the current one next."""
        for found in self.path.glob("g-*"):
            if found != keep:
                shutil.rmtree(found, ignore_errors=True)
