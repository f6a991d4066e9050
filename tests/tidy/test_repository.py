"""What may stand in a tracked file, and what the README must tell."""

from __future__ import annotations

import re

import pytest

from rialto.kernel import settings
from tests.tidy.sources import ROOT, tracked_files

pytestmark = pytest.mark.fast

BINARY = {".webp", ".png", ".jpg", ".ico", ".woff2", ".gz", ".pdf", ".zip"}

# Written apart, so that this file does not find itself.
OF_A_MACHINE = [
    "/" + "work/",
    "/" + "root/",
    "/tmp/" + "bash",
    "/home/" + r"(?!\.\.\.|\$|you/|shop/)[a-z]",
    "/Us" + "ers/",
    "tool" + "box_",
]
OF_A_DOWNLOAD = [
    "--(extra-)?index" + "-url",
    "--find" + "-links",
    "pypi" + r"\.org/simple",
    "files" + r"\.pythonhosted",
    "registry" + r"\.npmjs",
    "art" + "ifactory|nexus" + "/repository",
    r"https?://[^/\s]*" + "(mirror|proxy)" + r"[^/\s]*/",
]


def texts() -> list[tuple[str, str]]:
    found = []
    for name in tracked_files():
        path = ROOT / name
        if path.suffix not in BINARY:
            found.append((name, path.read_text("utf-8", errors="replace")))
    return found


@pytest.mark.parametrize("patterns", [OF_A_MACHINE, OF_A_DOWNLOAD], ids=["machine", "download"])
def test_no_file_knows_the_machine_it_was_written_on(patterns: list[str]) -> None:
    pattern = re.compile("|".join(patterns))
    strays = [
        f"{name}: {found.group(0)}" for name, text in texts() if (found := pattern.search(text)) is not None
    ]
    assert strays == []


def test_every_setting_is_told_in_the_readme() -> None:
    source = (ROOT / "src/rialto/kernel/settings.py").read_text("utf-8")
    variables = set(re.findall(r"RIALTO_[A-Z_]+[A-Z]", source))
    assert len(variables) >= len(settings.Settings.__struct_fields__)
    readme = (ROOT / "README.md").read_text("utf-8")
    assert sorted(variable for variable in variables if variable not in readme) == []


def test_nothing_that_is_made_is_tracked() -> None:
    made = re.compile(
        r"(^|/)(__pycache__|\.venv|\.pytest_cache|\.mypy_cache|\.hypothesis|node_modules)(/|$)|\.pyc$"
    )
    assert [name for name in tracked_files() if made.search(name)] == []
