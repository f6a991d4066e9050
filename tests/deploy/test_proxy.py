"""The proxy's unit and its rule for old logs name what exists. Neither is started here: see docs/operations.md."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rialto.kernel.settings import ProxySettings
from tests.tidy.sources import ROOT

pytestmark = pytest.mark.fast

FOLDER = ROOT / "deploy" / "nginx"
UNIT = FOLDER / "rialto-proxy.service"
ROTATION = FOLDER / "rialto-proxy.logrotate"


def test_the_unit_runs_nginx_in_the_folder_that_is_rendered_by_default() -> None:
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(UNIT.read_text("utf-8"))
    service = dict(parser["Service"])
    assert f"/var/lib/{service['StateDirectory']}" == str(ProxySettings().folder)
    assert service["ExecStart"].startswith("/usr/sbin/nginx ")
    assert service["Type"] == "exec"  # `daemon off` stands in what is rendered
    assert service["NoNewPrivileges"] == service["ProtectHome"] == "yes"


def test_old_logs_are_those_that_are_written() -> None:
    text = ROTATION.read_text("utf-8")
    named = re.findall(r"/var/lib/[\w/.-]+", text)
    assert {str(ProxySettings().folder / name) for name in ("access.log", "nginx.pid")} == set(named)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_finds_no_fault_in_the_unit(tmp_path: Path) -> None:
    text = UNIT.read_text("utf-8").replace("/usr/sbin/nginx", "/bin/true")
    file = tmp_path / "rialto-proxy.service"
    file.write_text(text)
    command = ["systemd-analyze", "verify", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert [line for line in (done.stdout + done.stderr).splitlines() if "rialto" in line] == []


@pytest.mark.skipif(shutil.which("logrotate") is None, reason="logrotate is not installed")
def test_logrotate_takes_the_rule(tmp_path: Path) -> None:
    file = tmp_path / "rule"
    file.write_text(ROTATION.read_text("utf-8"))
    file.chmod(0o644)
    command = [shutil.which("logrotate") or "", "--debug", "--state", str(tmp_path / "state"), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, "error" in done.stderr) == (0, False), done.stderr
