"""Programs, servers and clients for tests of the Redis-protocol engine."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from rialto.engines.redis_keyvalue import RedisKeyValues
from rialto.kernel.clock import Clock, SystemClock
from rialto.kernel.keyvalue import KeyValueAddress
from rialto.kernel.telemetry import Metrics
from tests.support.key_value_servers import KeyValueServer, find_server, key_value_server

PATIENT_S = 5.0  # of calls that must not be the reason of a failure


@pytest.fixture(scope="module", params=["valkey", "redis"])
def program(request: pytest.FixtureRequest) -> Path:
    found = find_server(request.param)
    if found is None:
        pytest.skip(f"there is no {request.param}-server on this machine")
    return found


@pytest.fixture
def server(program: Path) -> Iterator[KeyValueServer]:
    with key_value_server(program) as running:
        yield running


@asynccontextmanager
async def client_of(
    server: KeyValueServer,
    *,
    clock: Clock | None = None,
    metrics: Metrics | None = None,
    limit_s: float = PATIENT_S,
    secret: str = "secret",
    **address: Any,
) -> AsyncIterator[RedisKeyValues]:
    made = RedisKeyValues(
        KeyValueAddress(**{"host": "127.0.0.1", "port": server.port, **address}),
        secret=secret,
        clock=clock or SystemClock(),
        metrics=metrics or Metrics(),
        limit_s=limit_s,
    )
    try:
        yield made
    finally:
        await made.close()


class Authority:
    """Makes certificates for 127.0.0.1, in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.folder = folder
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        made = self._builder(self.name, self.key.public_key()).add_extension(constraints, critical=True)
        self.file = self._write(f"{name}.pem", made.sign(self.key, hashes.SHA256()))

    def certify(self, host: str) -> tuple[str, str]:
        """The files of a certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "server")])
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
        made = self._builder(subject, key.public_key()).add_extension(names, critical=False)
        secret = self.folder / "server.key"
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return self._write("server.pem", made.sign(self.key, hashes.SHA256())), str(secret)

    def _builder(self, subject: x509.Name, key: Any) -> x509.CertificateBuilder:
        now = SystemClock().now()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
        )

    def _write(self, name: str, certificate: x509.Certificate) -> str:
        path = self.folder / name
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return str(path)


def by_tls(authority: Authority, host: str = "127.0.0.1") -> tuple[str, ...]:
    """Options for a server with a certificate. The wheel's Valkey is built without TLS: there these tests skip."""
    certificate, key = authority.certify(host)
    return (
        *("--tls-cert-file", certificate, "--tls-key-file", key),
        *("--tls-ca-cert-file", authority.file, "--tls-auth-clients", "no"),
    )
