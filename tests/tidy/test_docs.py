"""What the documents say exists: settings, commands, addresses, files, links, decisions."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from litestar.handlers import HTTPRouteHandler

from rialto.app import ALL
from rialto.kernel.gauges import LETTERS, OUTBOX
from rialto.kernel.telemetry import Metrics
from rialto.observability.rules import all_alerts
from tests.tidy.sources import ROOT, SRC, tracked_files

pytestmark = pytest.mark.fast

README = ROOT / "README.md"
OPERATIONS = ROOT / "docs" / "operations.md"
DECISIONS = ROOT / "docs" / "adr"
LINK = re.compile(r"(?<!`)\]\(([^)\s]+)\)")
CELL = re.compile(r"`(RIALTO_[A-Z_]+)`")
# In an address only: a whole command in brackets may hold addresses itself.
SHELL = re.compile(r"(?<=/)\$\([^()]*\)|\$\w+")


def text_of(path: Path) -> str:
    return path.read_text("utf-8")


def documents() -> list[Path]:
    return [ROOT / name for name in tracked_files() if name.endswith(".md")]


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its head."""
    below = text.split(f"\n{heading}\n", 1)[1]
    table = re.search(r"(?:^\|.*\|\n)+", below, re.MULTILINE)
    assert table is not None, heading
    lines = table.group(0).splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def code_blocks(path: Path) -> str:
    return "\n".join(re.findall(r"```(?:ba)?sh\n(.*?)```", text_of(path), re.DOTALL))


def route_templates() -> set[str]:
    """The addresses of all services' routes, `/v1/carts/{cart_id}` for `/v1/carts/{cart_id:str}`."""
    handlers = [route for service in ALL for route in service.routes]
    assert all(isinstance(handler, HTTPRouteHandler) for handler in handlers)
    return {re.sub(r":\w+\}", "}", path) for handler in handlers for path in handler.paths}


def answers(path: str) -> bool:
    """Whether some route has this address; a segment from a variable or in braces fits any parameter."""
    segments = path.rstrip("/").split("/")
    for template in route_templates():
        parts = template.split("/")
        if len(parts) == len(segments) and all(
            part.startswith("{") or part == segment for part, segment in zip(parts, segments, strict=True)
        ):
            return True
    return False


def anchors(path: Path) -> set[str]:
    """A heading's anchor as GitHub makes it."""
    headings = re.findall(r"^#+ (.+)$", text_of(path), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}


def test_the_settings_table_has_each_setting_once_and_no_other() -> None:
    known = re.findall(r'reader\.\w+\(\s*"(RIALTO_[A-Z_]+)"', text_of(SRC / "kernel" / "settings.py"))
    told = [CELL.findall(row[0]) for row in rows(text_of(README), "## Settings")]
    assert sorted(name for names in told for name in names) == sorted(known)


@pytest.mark.parametrize(
    ("setting", "default"),
    [
        (n, d)
        for n, d in re.findall(
            r'reader\.(?:port|number|text|choice)\("(RIALTO_[A-Z_]+)", "?([\w.]+)"?[,)]',
            text_of(SRC / "kernel" / "settings.py"),
        )
        if not d.startswith("str")
    ],
)
def test_the_settings_table_tells_the_default(setting: str, default: str) -> None:
    told = {row[0].strip("`"): row[1] for row in rows(text_of(README), "## Settings")}
    assert told[setting] == f"`{default}`"


def test_every_command_is_in_the_readme() -> None:
    commands = re.findall(r'commands\.add_parser\(\s*"(\w+)"', text_of(SRC / "cli" / "main.py"))
    assert len(commands) >= 8
    told = " ".join(row[0] for row in rows(text_of(README), "## Commands"))
    assert [command for command in commands if f"rialto {command}" not in told] == []
    below_user = re.findall(r'commands\.add_parser\(\s*"(\w+)"', text_of(SRC / "cli" / "user.py"))
    assert [
        command for command in below_user if f"`{command}`" not in told and f" {command}" not in told
    ] == []


def test_every_route_belongs_to_a_documented_address() -> None:
    told = re.findall(
        r"`(/[\w/.-]+)`",
        " ".join(cell for row in rows(text_of(README), "### What the API has") for cell in row),
    )
    strays = [
        path
        for path in sorted(route_templates())
        if not any(path == address or path.startswith(f"{address}/") for address in told)
    ]
    assert strays == []


@pytest.mark.parametrize("path", [README, OPERATIONS], ids=lambda path: path.name)
def test_addresses_in_commands_exist(path: Path) -> None:
    plain = SHELL.sub("{}", code_blocks(path))
    named = re.findall(r"(?<![\w/])/v1/[\w/{}.-]+", plain.replace("{}/v1/", " /v1/"))
    named += re.findall(r"`(?:GET|POST|PUT|PATCH|DELETE) (/v1/[\w/{}.-]+)", text_of(path))
    assert named
    assert [address for address in named if not answers(address)] == []


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    broken = []
    for link in LINK.findall(re.sub(r"```.*?```", "", text_of(path), flags=re.DOTALL)):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = unquote(link).partition("#")
        target = (path.parent / file) if file else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", "CONTRIBUTING.md", "docs/operations.md", "README.md"])
def test_files_that_are_named_exist(name: str) -> None:
    named = re.findall(r"`((?:[\w-]+/)+[\w-]+\.(?:py|md|sql|txt|json))`", text_of(ROOT / name))
    assert [file for file in named if not ((SRC / file).exists() or (ROOT / file).exists())] == []


def test_decisions_are_numbered_without_gaps() -> None:
    files = sorted(DECISIONS.glob("*.md"))
    assert [file.name[:5] for file in files] == [f"{number:04}-" for number in range(1, len(files) + 1)]
    for file in files:
        assert text_of(file).startswith(f"# {int(file.name[:4])}. ")
        assert len(text_of(file).splitlines()) <= 50  # one page


def test_every_finding_of_the_audit_is_explained() -> None:
    found = {name for file in SRC.glob("*/*.py") for name in re.findall(r'"(I\d+)"', text_of(file))}
    assert found
    explained = {row[0] for row in rows(text_of(OPERATIONS), "## The audit")}
    assert explained == found
    assert found <= {row[0] for row in rows(text_of(ROOT / "ARCHITECTURE.md"), "## Invariants")}


def test_every_metric_is_in_the_table_and_no_other() -> None:
    counted = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in Metrics().registry.collect()
    }
    read = {gauge.name for gauge in (*OUTBOX, *LETTERS, *(one for s in ALL for one in s.gauges))}
    told = [
        name
        for row in rows(text_of(OPERATIONS), "## Metrics and alerts")
        for name in re.findall(r"`(rialto_\w+)`", row[0])
    ]
    assert sorted(told) == sorted({*counted, *read, "rialto_build_info", "rialto_bus_behind"})


def test_every_alert_says_what_to_do() -> None:
    headings = set(re.findall(r"^### (Rialto\w+)\n\S", text_of(OPERATIONS), re.MULTILINE))
    assert headings == {alert.name for alert in all_alerts()}
    assert all(alert.runbook.partition("#")[2] in anchors(OPERATIONS) for alert in all_alerts())


def test_recipes_are_told_and_exist() -> None:
    recipes = set(re.findall(r"^([a-z-]+):.*## ", text_of(ROOT / "Makefile"), re.MULTILINE))
    told = {
        cell
        for row in rows(text_of(ROOT / "CONTRIBUTING.md"), "## make is the only entry")
        for cell in re.findall(r"^`make ([a-z-]+)`", row[0])
    }
    assert told == recipes - {"help"}


def test_the_licence_is_whole_and_the_notice_names_what_is_installed() -> None:
    licence = text_of(ROOT / "LICENSE")
    assert "Apache License" in licence
    assert "END OF TERMS AND CONDITIONS" in licence
    run = text_of(ROOT / "requirements" / "run.txt")
    pinned = re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[\w,-]+\])?==", run, re.MULTILINE)
    named = set(re.findall(r"^  ([a-z0-9-]+) {2,}\S", text_of(ROOT / "NOTICE"), re.MULTILINE))
    assert named == {name.lower() for name in pinned}
