"""Rules that no linter of ours knows. Each list of exceptions gives its reasons."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from rialto.kernel.faults import POINTS
from tests.tidy.sources import ROOT, SRC, TESTS, Source, calls, imported_modules, matches, python_files

pytestmark = pytest.mark.fast

# Where time and chance enter: everything else is handed a clock and ids.
SOURCES_OF_CHANCE = ("kernel/clock.py", "kernel/ids.py", "engines/", "cli/", "sandbox/__main__.py")
OF_THE_MACHINE = re.compile(
    r"(datetime\.(now|utcnow|today)|date\.today|time\.(time|monotonic|perf_counter|time_ns|monotonic_ns)"
    r"|random\.(?!Random$)\w+|secrets\.(token_\w+|choice|randbelow|randbits)|uuid\.uuid\d|uuid[145]|os\.urandom)$"
)

# Where amounts are reckoned.
MONEY_PATHS = ("kernel/money.py", "pricing/", "payments/", "orders/", "cart/")

# `/` makes a float of two whole numbers; here it divides fractions.
DIVIDES_FRACTIONS = {"pricing/model/rules.py"}

# Seconds until something is tried again.
RECKONS_SECONDS = {"orders/handlers/worker.py"}

TASKS_WITHOUT_A_GROUP = {
    "edge/admission.py": "who looks after those in line runs while there are any, half a second at most",
    "engines/redis_keyvalue.py": "opening goes on for those who come after the caller that could not wait for it",
    "engines/redis_line.py": "who reads a shared connection lives as long as that, and is ended with it",
    "engines/otlp_traces.py": "sending outlives the request that was traced, and is ended by close",
    "kernel/batch.py": "the runner outlives the caller that started it and is ended by close",
    "kernel/limits.py": "settling goes on while whoever was let in is served; each step is bounded",
    "cli/serve.py": "background work of a process, kept in a name and ended with it",
    "sandbox/server.py": "the provider's two loops, kept in a list and ended with the server",
}

CATCHES_EVERYTHING = {
    "kernel/background.py": "the job loop must survive",
    "kernel/batch.py": "one bad member harms only itself, and the queue goes on",
    "kernel/consumers.py": "the consumer loop must survive: what keeps failing is parked",
    "kernel/dead_letters.py": "replaying: what fails stays parked, the others go on",
    "orders/handlers/worker.py": "the saga's job: one order that fails holds up no other",
    "edge/internal.py": "the request loop must survive: a bug is told to the caller as one",
    "cli/serve.py": "the database may come later than this process",
    "sandbox/http.py": "the provider's request loop must survive",
    "sandbox/server.py": "the provider's job loop must survive",
    "sandbox/writer.py": "the provider's writer must survive; each caller gets its error",
}

WAITS_FOR_REAL = {
    "support/simulator.py": "virtual time",
    "support/provider.py": "the simulated provider is slow on the injected clock",
    "support/shop.py": "polls a whole shop",
    "support/goods.py": "polls a whole shop",
    "support/surroundings.py": "virtual time",
    "support/process.py": "polls processes of the shop",
    "support/key_value_servers.py": "polls a server that starts",
    "support/rabbit.py": "polls a broker that starts",
    "simulation/": "virtual time",
    "e2e/": "a browser and processes of their own",
    "races/": "calls that come some milliseconds apart on a real database",
    "crash/": "processes that are killed",
}


def source_files() -> Iterator[Source]:
    """Ours, without the scripts that draw the demo's pictures."""
    yield from python_files(SRC)


def excepted(path: str, allowed: Iterable[str]) -> bool:
    return any(path == entry or (entry.endswith("/") and path.startswith(entry)) for entry in allowed)


def test_time_and_chance_are_handed_in() -> None:
    strays = [
        f"{source.path}:{node.lineno} {name}"
        for source in source_files()
        if not excepted(source.path, SOURCES_OF_CHANCE)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute | ast.Name) and OF_THE_MACHINE.match(name := ast.unparse(node))
        if name.partition(".")[0] in bound_by_import(source.tree)
    ]
    assert strays == []


def bound_by_import(tree: ast.Module) -> set[str]:
    """Names that imports bind, so that a local variable called `secrets` is nobody's fault."""
    return {
        (name.asname or name.name).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }


def test_no_float_is_near_money() -> None:
    strays = []
    for source in source_files():
        if not excepted(source.path, MONEY_PATHS) or source.path in RECKONS_SECONDS:
            continue
        durations = {id(child) for node in durations_of(source.tree) for child in ast.walk(node)}
        for node in ast.walk(source.tree):
            literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
            conversion = isinstance(node, ast.Call) and ast.unparse(node.func) == "float"
            division = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
            exact = division and source.path in DIVIDES_FRACTIONS
            if (literal or conversion or division) and not exact and id(node) not in durations:
                strays.append(f"{source.path}:{node.lineno} {ast.unparse(node)}")  # type: ignore[attr-defined]
    assert strays == []


def durations_of(tree: ast.Module) -> Iterator[ast.expr]:
    """Values that go by a name ending in `_s`: seconds may be fractions."""
    for node in ast.walk(tree):
        if (isinstance(node, ast.keyword) and (node.arg or "").endswith("_s")) or (
            isinstance(node, ast.Assign)
            and all(
                isinstance(target, ast.Name) and target.id.lower().endswith("_s") for target in node.targets
            )
        ):
            yield node.value


def test_only_the_gate_reads_the_peers_address() -> None:
    """Behind a proxy it is not the client's; `kernel.http.client_of` tells what the gate found out."""
    peer = re.compile(r"""(\.client\.(host|port)|scope(\.get\(|\[)['"]client['"].*)""")
    strays = [
        f"{source.path}:{node.lineno} {ast.unparse(node)}"
        for source in source_files()
        if source.path != "edge/gate.py" and not source.path.startswith("sandbox/")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute | ast.Subscript | ast.Call) and peer.search(ast.unparse(node))
    ]
    assert strays == []


def test_tests_do_not_wait_for_the_wall_clock() -> None:
    strays = [
        f"{source.path}:{node.lineno} {ast.unparse(node)}"
        for source in python_files(TESTS)
        if not excepted(source.path, WAITS_FOR_REAL)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"time.sleep", "asyncio.sleep", "anyio.sleep"}
        if ast.unparse(node) != "asyncio.sleep(0)"
    ]
    assert strays == []


def test_tests_replace_nothing_behind_anybodys_back() -> None:
    strays = [
        source.path
        for source in python_files(TESTS)
        if any(
            name.startswith(("unittest.mock", "mock", "pytest_mock"))
            for name in imported_modules(source.tree)
        )
        or matches(r"\bmonkeypatch\.setattr\b", source.text)
    ]
    assert [path for path in strays if path != "tidy/test_code.py"] == []


def test_every_task_belongs_to_a_group() -> None:
    strays = [
        f"{source.path}:{line} {name}"
        for source in source_files()
        for line, name in calls(source.tree)
        if name.rpartition(".")[2] in {"create_task", "ensure_future"} and not name.startswith("group.")
    ]
    assert {stray.partition(":")[0] for stray in strays} == set(TASKS_WITHOUT_A_GROUP), strays


def test_only_loops_that_must_survive_catch_everything() -> None:
    swallowing = [
        f"{source.path}:{node.lineno}"
        for source in source_files()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
        and not any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
    ]
    assert {place.partition(":")[0] for place in swallowing} == set(CATCHES_EVERYTHING), swallowing


def test_nobody_swallows_the_end_of_a_task() -> None:
    swallowing = [
        f"{source.path}:{node.lineno}"
        for source in source_files()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or "BaseException" in ast.unparse(node.type).split("Group"))
        and not any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
    ]
    assert swallowing == []


@pytest.mark.parametrize("folder", [SRC, TESTS], ids=["src", "tests"])
def test_what_is_ignored_is_named(folder: Path) -> None:
    strays = [
        f"{source.path}:{line} {comment}"
        for source in python_files(folder)
        for line, comment in source.comments()
        if re.search(r"type:\s*ignore(?!\[)|noqa(?!: ?[A-Z])", comment)
    ]
    assert strays == []


def test_nothing_is_left_to_do() -> None:
    strays = [
        f"{source.path}:{line} {comment}"
        for folder in (SRC, TESTS)
        for source in python_files(folder)
        for line, comment in source.comments()
        if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", comment)
    ]
    assert strays == []


def test_every_fault_point_is_reached_and_every_reached_one_is_listed() -> None:
    reached = {
        point for source in source_files() for point in re.findall(r"\.reach\(\s*\"([\w.]+)\"", source.text)
    }
    assert reached == set(POINTS)
    assert len(POINTS) == len(set(POINTS))


def test_settings_are_read_in_one_place() -> None:
    strays = [
        f"{source.path}:{node.lineno}"
        for source in source_files()
        if not source.path.startswith(("cli/", "engines/", "sandbox/__main__.py"))
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv", "os.environb"}
    ]
    assert strays == []


def test_every_python_file_begins_with_what_it_is_for() -> None:
    silent = [source.path for source in source_files() if not ast.get_docstring(source.tree)]
    assert silent == []


def test_the_sources_are_where_these_tests_look() -> None:
    assert (ROOT / "pyproject.toml").is_file()
    assert len(list(source_files())) > 100
