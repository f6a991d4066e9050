"""The shape of a service: the same files everywhere, and doors that only open one way."""

from __future__ import annotations

import ast
import re

import pytest

from tests.tidy.sources import SERVICES, SRC, Source, imported_modules, python_files

pytestmark = pytest.mark.fast

STANDARD = {
    "__init__.py",
    "api.py",
    "events.py",
    "model.py",
    "handlers.py",
    "reactions.py",
    "store.py",
    "routes.py",
    "service.py",
    "audit.py",
    "gauges.py",
    "sql",
    "templates",
}
# A file that outgrew its size is a folder of the same name.
FOLDERS = {"api", "handlers", "model", "routes", "store"}
MORE = {
    "cart": {"peers.py": "asking the services a cart shows"},
    "catalog": {"ports.py": "what it needs of an engine that keeps pictures"},
    "identity": {
        "passkeys.py": "the ceremonies of WebAuthn, by a library",
        "totp.py": "one-time codes and their picture, by libraries",
    },
    "inventory": {
        "listing.py": "what staff look through",
        "settle.py": "settling a batch against locked rows",
        "taking_back.py": "what came back from customers",
    },
    "orders": {
        "answers.py": "what an Idempotency-Key was answered",
        "restocking.py": "the saga's step after goods came back",
        "saga.py": "the checkout's steps",
        "starting.py": "the first of them, by group commit",
        "views.py": "the order as people see it",
    },
    "payments": {
        "ledger.py": "the books",
        "origins.py": "telling providers where shop fronts are",
        "provider.py": "the port of payment providers",
        "reconciliation.py": "the providers' books against ours",
    },
    "notifications": {
        "formats.py": "money and dates in letters",
        "render.py": "letters from templates",
        "samples.py": "what previews of mails are about",
        "standard.py": "what mails say at first",
        "viewer.py": "the mail viewer",
        "waiting.py": "mails to those who wait for an article",
        "waiting_store.py": "how those who wait are kept",
        "wording.py": "what mails say, in the merchant's words",
        "wording_store.py": "how those words are kept",
    },
    "reviews": {"tally.py": "counting a review in its product's summary exactly once"},
    "search": dict.fromkeys(
        (
            "collecting.py",
            "columns.py",
            "definitions.py",
            "documents.py",
            "facets.py",
            "feed.py",
            "folder.py",
            "front.py",
            "lines.py",
            "matching.py",
            "ports.py",
            "rebuild.py",
            "relating.py",
            "rendering.py",
            "restoring.py",
            "rules.py",
            "shelf.py",
            "sorting.py",
            "suggesting.py",
            "vocabulary.py",
            "wire.py",
            "words.py",
        ),
        "the read model has no tables: its index, columns and documents are files of their own",
    ),
}

# Who else may be named, beyond every service's `api` and `events`.
DOORS = {
    # The machinery of pages is the storefront's: the back office is drawn, worded and kept from forged posts with it.
    # And a catalogue is taken over as from the command line.
    "admin": {
        "rialto.importing.demo_removal",
        "rialto.importing.importers",
        "rialto.importing.load",
        "rialto.importing.model",
        "rialto.storefront.assets",
        "rialto.storefront.formats",
        "rialto.storefront.forms",
        "rialto.storefront.logos",
        "rialto.storefront.pictures",
        "rialto.storefront.security",
        "rialto.storefront.texts",
        "rialto.storefront.visit",
    },
    "engines": {
        "rialto.payments.api",
        "rialto.payments.provider",
        "rialto.search.api",
        "rialto.search.ports",
    },
}

SQL = re.compile(r"^\s*(WITH\b.*\bAS|SELECT\s|INSERT INTO\s|UPDATE\s+\w+\s+SET|DELETE FROM\s)", re.DOTALL)
WRITES_SQL = re.compile(r"(store\.py|store/.*|audit\.py|gauges\.py)$")
SQL_ELSEWHERE = {"payments/ledger.py": "the books' rows are hash-chained and written where that is reckoned"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_the_files_everyone_expects(service: str) -> None:
    found = {entry.name for entry in (SRC / service).iterdir() if entry.name != "__pycache__"}
    strays = found - STANDARD - FOLDERS - MORE.get(service, {}).keys()
    assert strays == set()
    assert {"__init__.py", "service.py"} <= found
    assert found & {"api.py", "api"}
    assert not any(name in found and f"{name}.py" in found for name in FOLDERS)


@pytest.mark.parametrize("service", sorted(MORE))
def test_no_exception_outlives_its_file(service: str) -> None:
    gone = [name for name in MORE[service] if not (SRC / service / name).exists()]
    assert gone == []


def area(path: str) -> str:
    return path.partition("/")[0].removesuffix(".py")


def foreign(source: Source) -> set[str]:
    """The modules of ours that a file imports from outside its own area."""
    modules = {name for name in imported_modules(source.tree) if name.startswith("rialto.")}
    found = set()
    for name in modules:
        parts = name.split(".")
        target = SRC.joinpath(*parts[1:])
        is_module = target.with_suffix(".py").is_file() or target.is_dir()
        if is_module and len(parts) > 2 and parts[1] != area(source.path):
            found.add(name)
    return found


def is_door(name: str) -> bool:
    _, owner, *rest = name.split(".")
    return owner in SERVICES and rest[:1] in (["api"], ["events"])


@pytest.mark.parametrize(
    "caller", [*SERVICES, "edge", "storefront", "admin", "importing", "engines", "kernel"]
)
def test_services_are_known_by_their_api_and_events_only(caller: str) -> None:
    strays = {
        (source.path, name)
        for source in python_files()
        if area(source.path) == caller
        for name in foreign(source)
        if not name.startswith("rialto.kernel.")
        if not (is_door(name) and caller not in {"kernel", "engines"})
        if name not in DOORS.get(caller, set())
        if not (caller in {"storefront", "importing"} and name.startswith("rialto.demo"))
    }
    assert strays == set()


@pytest.mark.parametrize("service", SERVICES)
def test_reactions_know_others_events_and_pages_know_their_api(service: str) -> None:
    for source in python_files():
        if area(source.path) != service:
            continue
        for name in foreign(source):
            if is_door(name) and name.endswith(".events"):
                assert source.path.endswith(
                    ("reactions.py", "feed.py", "audit.py", "columns.py", "reporting/model.py")
                ) or ("/handlers" in source.path or "documents" in source.path), (
                    f"{source.path} imports {name}"
                )


@pytest.mark.parametrize("service", SERVICES)
def test_interfaces_and_facts_lean_on_the_kernel_and_on_other_interfaces(service: str) -> None:
    for source in python_files():
        if not re.fullmatch(rf"{service}/(api\.py|api/.*|events\.py)", source.path):
            continue
        ours = {name for name in imported_modules(source.tree) if name.startswith("rialto.")}
        modules = {name for name in ours if name.split(".")[1] != "kernel" and not is_door(name)}
        assert {name for name in modules if len(name.split(".")) > 2} == set(), source.path


def test_rules_neither_wait_nor_ask() -> None:
    """`model` is pure: no waiting, no clock, no ids, no database."""
    strays = []
    for source in python_files():
        if not re.fullmatch(rf"({'|'.join(SERVICES)})/(model\.py|model/.*)", source.path):
            continue
        waiting = any(isinstance(node, ast.Await | ast.AsyncFunctionDef) for node in ast.walk(source.tree))
        asking = imported_modules(source.tree) & {
            "rialto.kernel.db",
            "rialto.kernel.http",
            "rialto.kernel.clock.SystemClock",
            "asyncio",
            "asyncpg",
        }
        if waiting or asking:
            strays.append((source.path, sorted(asking)))
    assert strays == []


def test_sql_stands_in_the_store_and_in_sql_files() -> None:
    strays = [
        f"{source.path}:{node.lineno}"
        for source in python_files()
        if area(source.path) in {*SERVICES, "edge", "storefront", "admin", "importing", "cli"}
        and not WRITES_SQL.search(source.path)
        and source.path not in SQL_ELSEWHERE
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value)
    ]
    assert strays == []


def test_only_the_kernel_and_engines_speak_to_the_driver() -> None:
    strays = [
        source.path
        for source in python_files()
        if "asyncpg" in imported_modules(source.tree) and area(source.path) not in {"kernel", "engines"}
    ]
    assert strays == []


@pytest.mark.parametrize(
    "folder",
    sorted(
        {path.parent.relative_to(SRC).as_posix() for path in SRC.rglob("*.sql") if "sql" in path.parent.parts}
    ),
)
def test_migrations_are_numbered_without_gaps(folder: str) -> None:
    names = sorted(path.name for path in (SRC / folder).glob("*.sql"))
    first = int(names[0][:4])
    assert first in {0, 1}
    assert [name[:5] for name in names] == [f"{number:04}_" for number in range(first, first + len(names))]


def test_migrations_draw_neither_time_nor_chance() -> None:
    words = r"(?i)\b(now\(\)|current_timestamp|clock_timestamp|gen_random_uuid|random\(\)|bigserial|serial|nextval)"
    strays = [
        path.relative_to(SRC).as_posix()
        for path in SRC.rglob("*.sql")
        if re.search(words, re.sub(r"--.*", "", path.read_text("utf-8")))
    ]
    assert strays == []
