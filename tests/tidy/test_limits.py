"""Sizes that a reader can hold in mind (docs: house style, section 8)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.tidy.sources import SRC, TESTS, functions, python_files

pytestmark = pytest.mark.fast

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
POSITIONAL_MAX = 4
READ_BY_PEOPLE = {".py", ".html", ".css", ".js", ".sql"}


@pytest.mark.parametrize("folder", [SRC, TESTS], ids=["src", "tests"])
def test_no_file_is_longer_than_a_reader_can_hold_in_mind(folder: Path) -> None:
    long = {
        path.relative_to(folder).as_posix(): lines
        for path in folder.rglob("*")
        if path.suffix in READ_BY_PEOPLE and path.is_file()
        if (lines := len(path.read_text("utf-8").splitlines())) > FILE_LINES_MAX
    }
    assert long == {}


@pytest.mark.parametrize("folder", [SRC, TESTS], ids=["src", "tests"])
def test_no_function_is_longer_than_a_page(folder: Path) -> None:
    long = {
        f"{source.path}:{function.lineno} {function.name}": lines
        for source in python_files(folder)
        for function in functions(source.tree)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES_MAX
    }
    assert long == {}


def positional(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    return names[1:] if names[:1] in (["self"], ["cls"], ["mcs"]) else names


def given_by_name(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Litestar and pytest call these by keyword: what they ask for is named, in any order."""
    decorators = {ast.unparse(decorator).partition("(")[0] for decorator in function.decorator_list}
    return bool(decorators & {"get", "post", "put", "patch", "delete"})


def test_at_most_four_parameters_are_positional() -> None:
    many = [
        f"{source.path}:{function.lineno} {function.name}"
        for source in python_files()
        for function in functions(source.tree)
        if len(positional(function)) > POSITIONAL_MAX and not given_by_name(function)
    ]
    assert many == []
