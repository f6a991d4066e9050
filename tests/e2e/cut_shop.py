"""The shop cut into groups of processes for a browser: a whole platform behind nginx, at one address with TLS.

Its certificate is made before it starts, so that browsers can be told beforehand to take this one key for good.
"""

from __future__ import annotations

import base64
import hashlib
import os
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from shutil import copytree

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from rialto.cluster.engines import find_program
from rialto.cluster.front import MAILS, NAMES
from rialto.cluster.layout import HOST, read_environment, read_layout
from rialto.kernel.clock import SystemClock
from rialto.proxy.certificates import LocalTls, ensure_local_ca

TOPOLOGY = os.environ.get("RIALTO_TEST_TOPOLOGY", "")
# The last line of a start.
STARTED = "Card "


class CutShop:
    """One platform in a folder: its command, and where it is once it has started."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        if find_program("nginx", environment=os.environ) is None:
            pytest.skip("nginx is not installed (Debian: nginx-light), and a shop in groups is behind it")
        self.data = folder / "data"
        self.data.mkdir(mode=0o755)
        copytree(_certificate().ca.parent, self.data / "tls")
        self._environment = environment
        self.command = (
            *(sys.executable, "-m", "rialto.cli", "cluster", "start"),
            *("--topology", TOPOLOGY, "--replicas", "1", "--port", "0", "--data", str(self.data)),
        )

    @property
    def url(self) -> str:
        return read_layout(self.data).public_url

    @property
    def mails(self) -> str:
        return f"http://{HOST}:{read_layout(self.data).more_ports[MAILS]}"

    @property
    def sandbox(self) -> str:
        return read_layout(self.data).sandbox_url

    @property
    def environment(self) -> dict[str, str]:
        """For `rialto` commands beside it."""
        return {**self._environment, **read_environment(self.data)}

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.data / "tls" / "ca.pem")

    def is_started(self, log: Path, process: subprocess.Popen[bytes]) -> bool:
        said = log.read_text()
        assert process.poll() is None, f"the platform did not start:\n{said[-2000:]}"
        return STARTED in said


def browser_flags() -> list[str]:
    """By which Chromium takes the platforms' certificate as if an authority of its own vouched for it: passkeys need that."""
    if not TOPOLOGY:
        return []
    certificate = x509.load_pem_x509_certificate(_certificate().certificate.read_bytes())
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pin = base64.b64encode(hashlib.sha256(spki).digest()).decode()
    return [f"--ignore-certificate-errors-spki-list={pin}"]


@contextmanager
def driver_trusts() -> Iterator[None]:
    """Playwright's own requests are made by its driver, which learns of an authority from the environment it is started in."""
    if not TOPOLOGY:
        yield
        return
    os.environ["NODE_EXTRA_CA_CERTS"] = str(_certificate().ca)
    try:
        yield
    finally:
        del os.environ["NODE_EXTRA_CA_CERTS"]


@cache
def _certificate() -> LocalTls:
    """One for all platforms of this run."""
    return ensure_local_ca(Path(tempfile.mkdtemp(prefix="rialto-e2e-tls-")), NAMES, SystemClock())
