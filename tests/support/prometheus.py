"""Prometheus and promtool, where they are installed: a server of a test's own, on a free port, with what it is given to read."""

from __future__ import annotations

import http.client
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from rialto.engines.processes import wait_until
from tests.support.key_value_servers import free_port

PATH = "/usr/local/bin:/usr/bin:/usr/local/sbin:/usr/sbin"
PROMETHEUS = shutil.which("prometheus", path=PATH)
PROMTOOL = shutil.which("promtool", path=PATH)
needs_prometheus = pytest.mark.skipif(PROMETHEUS is None, reason="prometheus is not installed")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
WITHIN_S = 300.0  # the tool works through days of samples


def promtool(*words: str) -> subprocess.CompletedProcess[str]:
    assert PROMTOOL is not None
    return subprocess.run([PROMTOOL, *words], capture_output=True, text=True, check=False, timeout=WITHIN_S)


class RunningPrometheus:
    """Asked over its HTTP API."""

    def __init__(self, port: int) -> None:
        self.port = port

    def query(self, promql: str) -> list[Any]:
        """The samples now; empty: no data. Fails the test for a query that Prometheus does not take."""
        status, body = self._get(f"/api/v1/query?{urlencode({'query': promql})}")
        told = msgspec.json.decode(body)
        assert status == 200, told
        found: list[Any] = told["data"]["result"]
        return found

    def is_ready(self) -> bool:
        try:
            return self._get("/-/ready")[0] == 200
        except OSError:
            return False

    def _get(self, target: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WITHIN_S)
        try:
            connection.request("GET", target)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@contextmanager
def a_prometheus(configuration: str, rules: str) -> Iterator[RunningPrometheus]:
    """A server that runs; `rules` is what its configuration calls rules.yml."""
    assert PROMETHEUS is not None
    with tempfile.TemporaryDirectory(prefix="rialto-prometheus-") as name:
        folder, port = Path(name), free_port()
        (folder / "prometheus.yml").write_text(configuration, encoding="utf-8")
        (folder / "rules.yml").write_text(rules, encoding="utf-8")
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    PROMETHEUS,
                    f"--config.file={folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                ],
                stdout=log,
                stderr=log,
            )
        try:
            server = RunningPrometheus(port)
            assert wait_until(lambda: server.is_ready() or process.poll() is not None, WITHIN_S)
            assert process.poll() is None, (folder / "log").read_text()
            yield server
        finally:
            process.terminate()
            process.wait()
