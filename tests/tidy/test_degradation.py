"""docs/degradation.md: every cell has its test, every test its cell, and the classes are those of the edge."""

from __future__ import annotations

import ast
import re

import pytest

from rialto.edge.classes import CLASSES
from tests.tidy.sources import ROOT, TESTS
from tests.tidy.test_docs import rows, text_of

pytestmark = pytest.mark.fast

PAGE = ROOT / "docs" / "degradation.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
WHOLE = re.compile(r"`(tests/[\w/]+\.py)`")
FOLDER = TESTS / "degradation"


def names_in(path: str) -> set[str]:
    tree = ast.parse(text_of(ROOT / path))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in tree.body if isinstance(node, functions) and node.name.startswith("test_")}


def test_every_test_that_is_named_exists() -> None:
    named = NAMED.findall(text_of(PAGE))
    assert len(named) > 20
    assert [one for one in named if one[1] not in names_in(one[0])] == []


def test_every_cell_names_its_test() -> None:
    cells = [
        line for line in text_of(PAGE).splitlines() if re.match(r"\| .*(down|10x slow|half errors)", line)
    ]
    assert len(cells) >= 30
    assert [cell for cell in cells if not NAMED.search(cell)] == []


def test_every_test_of_degradation_has_a_cell() -> None:
    """By itself, or with its whole file."""
    named = set(NAMED.findall(text_of(PAGE)))
    whole = set(WHOLE.findall(text_of(PAGE)))
    made = {
        (f"tests/degradation/{path.name}", name)
        for path in FOLDER.glob("test_*.py")
        if f"tests/degradation/{path.name}" not in whole
        for name in names_in(f"tests/degradation/{path.name}")
    }
    assert made - named == set()


def test_the_classes_are_told_with_their_seconds() -> None:
    told = {row[0].strip("`"): float(row[1]) for row in rows(text_of(PAGE), "## How long a request may take")}
    assert told == {one.name: one.seconds for one in CLASSES}
