"""Writing a file so that nobody ever sees half of it."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from rialto.importing.cells import protected
from rialto.kernel.errors import Invalid

PUBLIC = 0o644
PRIVATE = 0o600

WriteRow = Callable[[Mapping[str, str]], None]


class CannotWrite(Invalid):
    code = "file_not_written"


@contextmanager
def new_table(
    path: Path, columns: Sequence[str], *, mode: int, numbers: frozenset[str]
) -> Iterator[WriteRow]:
    """A CSV file (RFC 4180, UTF-8) that takes the place of an older one when all of it is on the disk.

    Cells are protected from being taken for formulas, except for `numbers`, columns in which only numbers stand.
    `mode` are the new file's rights. Raises CannotWrite.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with suppress(FileNotFoundError):
            part.unlink()
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            yield lambda row: writer.writerow(_cells(row, columns, numbers))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise CannotWrite(
            f"{path} cannot be written ({error.strerror or 'its name is not valid'})."
        ) from error
    finally:
        with suppress(OSError):
            part.unlink()


def _cells(row: Mapping[str, str], columns: Sequence[str], numbers: frozenset[str]) -> list[str]:
    strays = row.keys() - set(columns)
    if strays:
        raise CannotWrite(f"The shop changed while it was written down ({min(strays)}); please do it again.")
    return [
        row.get(column, "") if column in numbers else protected(row.get(column, "")) for column in columns
    ]
