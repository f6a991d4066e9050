"""Reading a dump of records: one JSON array of objects with `model`, `pk` and `fields`, each found with its line.

A fault of the file as such refuses it with the line. What a field holds is looked at when it is asked for, and is the
fault of that record alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from rialto.importing.drafting import RowFault
from rialto.importing.model import FileRefused
from rialto.importing.tables import read_text, shown
from rialto.importing.words import whole_number
from rialto.kernel.errors import RialtoError

T = TypeVar("T")

_BLANKS = re.compile(r"[ \t\r\n]*")
_NOTHING = re.compile(r"0*(\.0*)?(:[a-z]+)?")


@dataclass(frozen=True, kw_only=True)
class Record:
    """One object of the array. Every method raises RowFault with the record's line for what is not of its kind."""

    model: str
    key: str
    fields: Mapping[str, Any]
    line: int

    def text(self, field: str) -> str:
        """Without blanks around it; empty where there is none."""
        value = self.fields.get(field)
        if value is None:
            return ""
        return self._checked(field, value, str, "a text").strip()

    def flag(self, field: str, *, default: bool = False) -> bool:
        value = self.fields.get(field)
        return default if value is None else self._checked(field, value, bool, "yes or no")

    def number(self, field: str) -> str:
        """A number as the text it was written as; empty where there is none."""
        value = self.fields.get(field)
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise self.fault(f"{field} is not a number.")
        return str(value).strip()

    def whole(self, field: str, *, default: int = 0) -> int:
        try:
            return whole_number(self.number(field) or str(default))
        except RialtoError as refused:
            raise self.fault(f"{field}: {refused.text}") from refused

    def ref(self, field: str) -> str:
        """The key of another record; empty where it names none."""
        value = self.fields.get(field)
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise self.fault(f"{field} names no record.")
        return str(value)

    def refs(self, field: str) -> list[str]:
        value = self.fields.get(field) or []
        if not isinstance(value, list):
            raise self.fault(f"{field} is not a list.")
        return [str(one) for one in value]

    def fault(self, reason: str) -> RowFault:
        return RowFault(self.line, f"{self.model} {self.key[:40]}: {reason}")

    def holds(self, field: str) -> bool:
        """Whether the field says anything: not null, empty, false or a zero."""
        value = self.fields.get(field)
        if isinstance(value, str):
            return _NOTHING.fullmatch(value) is None
        return value not in (None, False, 0, [], {})

    def _checked(self, field: str, value: Any, kind: type[T], wanted: str) -> T:
        if not isinstance(value, kind):
            raise self.fault(f"{field} is not {wanted}.")
        return value


class Dump:
    """All records of a file, by model and in their order."""

    def __init__(self, file: str, records: Sequence[Record]) -> None:
        self.file = file
        self._models: dict[str, dict[str, Record]] = {}
        for record in records:
            known = self._models.setdefault(record.model, {})
            if record.key in known:
                reason = (
                    f"{record.model} {shown(record.key)} stands in line {known[record.key].line} already."
                )
                raise FileRefused(file, reason, line=record.line)
            known[record.key] = record

    @property
    def models(self) -> list[str]:
        return list(self._models)

    def of(self, model: str) -> list[Record]:
        return list(self._models.get(model, {}).values())

    def find(self, model: str, key: str) -> Record | None:
        return self._models.get(model, {}).get(key)

    def get(self, model: str, key: str, *, by: Record) -> Record:
        """The record that another one names. Raises RowFault of that other one when it is not there."""
        found = self.find(model, key)
        if found is None:
            raise by.fault(f"there is no {model} {shown(key)} in this file.")
        return found

    def grouped(self, model: str, field: str) -> dict[str, list[Record]]:
        """The records of a model by what they refer to, each group by `sort_order`."""
        groups: dict[str, list[Record]] = {}
        for record in self.of(model):
            groups.setdefault(str(record.fields.get(field)), []).append(record)
        return {key: sorted(group, key=_place) for key, group in groups.items()}


def read_dump(path: Path) -> Dump:
    """The whole file. Raises FileRefused for any fault of syntax, with its line."""
    text = read_text(path)
    try:
        return Dump(path.name, list(_records(path.name, text)))
    except json.JSONDecodeError as error:
        raise FileRefused(path.name, f"this is not JSON ({error.msg}).", line=error.lineno) from error
    except (ValueError, RecursionError) as error:
        raise FileRefused(path.name, "this is not JSON that can be read.") from error


def _records(file: str, text: str) -> Iterator[Record]:
    """Element by element, because a parser for the whole tells no lines. Numbers with a point stay the text they are."""
    decoder = json.JSONDecoder(parse_float=str, parse_constant=_refuse_constant)
    at, line, counted = _after_blanks(text, 0), 1, 0
    if text[at : at + 1] != "[":
        raise json.JSONDecodeError("Expecting a list", text, at)
    at = _after_blanks(text, at + 1)
    while text[at : at + 1] != "]":
        value, end = decoder.raw_decode(text, at)
        line += text.count("\n", counted, at)
        counted = at
        yield _record(file, value, line)
        at = _after_blanks(text, end)
        if text[at : at + 1] == ",":
            at = _after_blanks(text, at + 1)
            if text[at : at + 1] == "]":
                raise json.JSONDecodeError("Expecting value", text, at)
        elif text[at : at + 1] != "]":
            raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
    if _after_blanks(text, at + 1) != len(text):
        raise json.JSONDecodeError("Extra data", text, at + 1)


def _record(file: str, value: Any, line: int) -> Record:
    is_record = isinstance(value, dict) and isinstance(value.get("model"), str)
    if not is_record or not isinstance(value.get("fields"), dict):
        raise FileRefused(file, "this is no record with a model and fields.", line=line)
    pk = value.get("pk")
    key = f"in line {line}" if pk is None else str(pk)
    return Record(model=value["model"], key=key, fields=value["fields"], line=line)


def _place(record: Record) -> tuple[int, int]:
    """Those without a place stand last, as they come."""
    place = record.fields.get("sort_order")
    return (0, place) if isinstance(place, int) else (1, 0)


def _after_blanks(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    return found.end() if found else at


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
