"""Reading delimited files: every fault of the file is found, with its line, before anything is used.

RFC 4180 with UTF-8 (a byte order mark is fine) and a comma, semicolon or tab between fields, as the header has it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rialto.importing.model import FileRefused

FILE_BYTES_MAX = 50_000_000
ROWS_MAX = 200_000
COLUMNS_MAX = 500
FIELD_LENGTH_MAX = 100_000
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One record: its first line in the file, and its fields by column."""

    number: int
    fields: dict[str, str]

    def __getitem__(self, column: str) -> str:
        """The field, empty where the file has no such column."""
        return self.fields.get(column, "")


@dataclass(frozen=True, kw_only=True)
class Table:
    file: str
    columns: list[str]
    lines: list[Line]


def is_folder(path: Path) -> bool:
    """False for whatever cannot even be looked at; reading it says why."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def read_bytes(path: Path) -> bytes:
    """The content of an ordinary file of bearable size. Raises FileRefused."""
    try:
        if not path.is_file():
            raise FileRefused(path.name, "there is no such file.")
        if path.stat().st_size > FILE_BYTES_MAX:
            raise FileRefused(path.name, f"it is larger than {FILE_BYTES_MAX // 1_000_000} MB.")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "its name is not valid"
        raise FileRefused(path.name, f"it cannot be read ({reason}).") from error


def read_text(path: Path) -> str:
    """The content as text. Raises FileRefused with the line of the first byte that is no UTF-8, or is NUL."""
    data = read_bytes(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileRefused(path.name, "it is not UTF-8 text.", line=line) from error
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise FileRefused(path.name, "it holds a NUL character.", line=line)
    return text


def read_table(path: Path, *, required: Sequence[str], cell: Callable[[str], str] = str.strip) -> Table:
    """The whole file. Raises FileRefused for any fault of syntax or header; empty lines are skipped.

    `cell` makes of what stands in a field what is meant by it.
    """
    records = _records(path.name, read_text(path))
    number, header = next(records, (1, []))
    columns = _checked_header(path.name, number, header, required)
    lines: list[Line] = []
    for number, fields in records:
        if len(fields) != len(columns):
            reason = f"it has {len(fields)} fields, the header {len(columns)}."
            raise FileRefused(path.name, reason, line=number)
        if len(lines) >= ROWS_MAX:
            raise FileRefused(path.name, f"it has more than {ROWS_MAX} rows.", line=number)
        values = (cell(field) for field in fields)
        lines.append(Line(number=number, fields=dict(zip(columns, values, strict=True))))
    return Table(file=path.name, columns=columns, lines=lines)


def columns_of(path: Path) -> list[str]:
    """The header alone, to tell what a file is. Raises FileRefused as `read_table` does."""
    number, header = next(_records(path.name, read_text(path)), (1, []))
    return _checked_header(path.name, number, header, ())


def _records(file: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """(first line, fields) of each record that is not empty."""
    head = text[: text.find("\n")] if "\n" in text else text
    delimiter = max(_DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise FileRefused(file, f"a quote or field is broken ({error}).", line=number) from error
        if any(len(field) > FIELD_LENGTH_MAX for field in fields):
            raise FileRefused(file, f"a field has more than {FIELD_LENGTH_MAX} characters.", line=number)
        if any(field.strip() for field in fields):
            yield number, fields


def _checked_header(file: str, number: int, header: Sequence[str], required: Sequence[str]) -> list[str]:
    columns = [column.strip() for column in header]
    if not columns:
        raise FileRefused(file, "it is empty.")
    if len(columns) > COLUMNS_MAX:
        raise FileRefused(file, f"it has more than {COLUMNS_MAX} columns.", line=number)
    if "" in columns:
        raise FileRefused(file, f"column {columns.index('') + 1} has no name.", line=number)
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise FileRefused(file, f"the column {shown(twice[0])} stands there twice.", line=number)
    missing = [column for column in required if column not in columns]
    if missing:
        raise FileRefused(file, f"the column {missing[0]} is missing from the header.", line=number)
    return columns


def shown(text: str) -> str:
    """A piece of the source inside a sentence: short and printable whatever it was."""
    return repr("".join(letter if letter.isprintable() else "?" for letter in text[:60]))
