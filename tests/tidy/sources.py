"""The repository's own files, read once for the tidy tests."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "rialto"
TESTS = ROOT / "tests"

SERVICES = (
    "identity",
    "catalog",
    "search",
    "cart",
    "pricing",
    "inventory",
    "orders",
    "payments",
    "reviews",
    "notifications",
    "reporting",
)


@dataclass(frozen=True)
class Source:
    """A Python file. `path` is relative to the folder it was asked for, with slashes."""

    path: str
    text: str
    tree: ast.Module

    def comments(self) -> Iterator[tuple[int, str]]:
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


@cache
def python_files(folder: Path = SRC) -> tuple[Source, ...]:
    return tuple(
        Source(
            path.relative_to(folder).as_posix(), path.read_text("utf-8"), ast.parse(path.read_text("utf-8"))
        )
        for path in sorted(folder.rglob("*.py"))
    )


@cache
def tracked_files() -> tuple[str, ...]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return tuple(name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file())


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Each call's line and dotted name, as far as it has one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield node.lineno, ast.unparse(node.func)


def imported_modules(tree: ast.Module) -> set[str]:
    """Every module named in an import; `from rialto.orders import store` counts as both."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{name.name}" for name in node.names}
    return found


def matches(pattern: str, text: str) -> list[int]:
    """The lines on which a pattern is found."""
    return [number for number, line in enumerate(text.splitlines(), start=1) if re.search(pattern, line)]
