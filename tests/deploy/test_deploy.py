"""The systemd unit and the container file name what exists. Neither is started here: see docs/operations.md."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from rialto.cli.main import main
from rialto.kernel.settings import Settings, variables
from tests.tidy.sources import ROOT

pytestmark = pytest.mark.fast

UNIT = ROOT / "deploy" / "systemd" / "rialto.service"
CONTAINER = ROOT / "deploy" / "container" / "Containerfile"
INSTRUCTIONS = {
    *("FROM", "WORKDIR", "RUN", "COPY", "ENV", "VOLUME", "EXPOSE", "USER", "STOPSIGNAL"),
    *("HEALTHCHECK", "ENTRYPOINT", "CMD"),
}
# Of the base image (Debian with Python), beyond what the build itself puts into .venv.
OF_THE_IMAGE = {"python", "useradd", "install"}


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"^#.*\n", "", CONTAINER.read_text("utf-8"), flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line.partition(" ") for line in text.splitlines() if line.strip()]
    return [(name, " ".join(rest.split())) for name, _, rest in lines]


def of(name: str) -> list[str]:
    return [rest for found, rest in instructions() if found == name]


def unit() -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(UNIT.read_text("utf-8"))
    return parser


def is_command(*arguments: str) -> bool:
    """Whether `rialto` knows it: its help is shown, and nothing is done."""
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--help"])
    return ended.value.code == 0


def test_the_container_file_has_only_known_instructions_and_two_stages() -> None:
    assert {name for name, _ in instructions()} <= INSTRUCTIONS
    assert instructions()[0][0] == "FROM"
    stages = of("FROM")
    assert len(stages) == 2
    assert stages[0].removesuffix(" AS build") == stages[1]  # the venv fits only the Python it was made with
    version = re.search(r"python:(\d+)\.(\d+)", stages[1])
    assert version is not None
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"]
    assert tuple(map(int, version.groups())) >= tuple(map(int, wanted.removeprefix(">=").split(".")))


def test_what_the_container_file_copies_is_in_the_checkout() -> None:
    copied = [source for rest in of("COPY") if not rest.startswith("--from") for source in rest.split()[:-1]]
    assert "src" in copied
    assert [source for source in copied if not (ROOT / source).exists()] == []


def test_the_container_files_commands_exist() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    [start], [arguments] = of("ENTRYPOINT"), of("CMD")
    program = Path(json.loads(start)[0])
    assert program.name in scripts
    assert program.is_relative_to(of("COPY")[-1].split()[-1])
    assert is_command(*json.loads(arguments))
    programs = {Path(shlex.split(part)[0]) for run in of("RUN") for part in run.split("&&")}
    assert {str(one) for one in programs if one.parent.name != "bin"} <= OF_THE_IMAGE
    assert {one.as_posix() for one in programs if one.parent.name == "bin"} == {".venv/bin/python"}


def test_the_container_is_not_root_and_is_asked_for_its_health() -> None:
    [user] = of("USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    [check] = of("HEALTHCHECK")
    command = json.loads(check.partition("CMD ")[2])
    compile(command[2], "health", "exec")
    assert f":{Settings(secret_file=Path(), data=Path()).port}/health/live" in command[2]
    assert of("STOPSIGNAL") == ["SIGTERM"]


def test_settings_and_ports_of_the_container_are_ours() -> None:
    named = {part.partition("=")[0] for rest in of("ENV") for part in rest.split()}
    assert {name for name in named if name.startswith("RIALTO_")} <= variables()
    defaults = Settings(secret_file=Path(), data=Path())
    assert of("EXPOSE") == [f"{defaults.port} {defaults.sandbox_port}"]
    folder = dict(part.partition("=")[::2] for rest in of("ENV") for part in rest.split())["RIALTO_DATA"]
    assert of("VOLUME") == [folder]


def test_the_unit_starts_a_command_that_exists_with_settings_that_exist() -> None:
    service = dict(unit()["Service"])
    program, *arguments = shlex.split(service["ExecStart"])
    assert Path(program).name == "rialto"
    assert Path(program).is_relative_to(service["WorkingDirectory"])
    assert is_command(*arguments)
    settings = dict(part.partition("=")[::2] for part in shlex.split(service["Environment"]))
    assert {name for name in settings if name.startswith("RIALTO_")} <= variables()
    assert settings["RIALTO_DATA"] == f"/var/lib/{service['StateDirectory']}"
    assert service["NoNewPrivileges"] == service["ProtectHome"] == "yes"
    assert service["ProtectSystem"] == "strict"
    # /proc/stat and the boot's id are read to know processes again.
    assert "ProcSubset" not in service


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_finds_no_fault_in_the_unit(tmp_path: Path) -> None:
    text = UNIT.read_text("utf-8")
    for here, there in (
        ("/opt/rialto/.venv/bin/rialto", sys.executable),
        ("WorkingDirectory=/opt/rialto", "WorkingDirectory=/"),
        ("User=rialto", "User=daemon"),
        ("Group=rialto", "Group=daemon"),
    ):
        assert here in text
        text = text.replace(here, there)
    file = tmp_path / "rialto.service"
    file.write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", str(file)], capture_output=True, text=True, check=False, timeout=60
    )
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "rialto" in line]
    assert ours == []
